#include "cbox.h"
#include "commands.h"
#include "container/container.h"

#include <stdio.h>

struct rm_options {
    bool force, link, volumes;
};

static const struct cli_option options[] = {
    CLI_FLAG(struct rm_options, 'f', "force", force, "Force the removal of a running container (uses SIGKILL)"),
    CLI_FLAG(struct rm_options, 'l', "link", link, "Remove the specified link"),
    CLI_FLAG(struct rm_options, 'v', "volumes", volumes, "Remove anonymous volumes associated with the container"),
};

struct removal {
    struct store *store; /* NULL: there is none */
    bool force, volumes;
};

static int remove_one(const char *name, void *data, struct err *err)
{
    const struct removal *rm = data;
    int r = rm->store ? container_remove(rm->store, name, rm->force, rm->volumes, err) : cbox_no_container(name, err);

    if (r == 0)
        puts(name);
    return r;
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct rm_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    int r;

    if (o->link)
        return err_set(err, ERR_UNSUPPORTED, "--link: containers have no links here; a network gives them names");
    r = cbox_open_existing_store(ctx, &s, err);
    return r < 0 ? r : cbox_for_each(operands, o->force, remove_one, &(struct removal){s, o->force, o->volumes});
}

static const struct cli_example examples[] = {
    {"Remove a container, also when it runs", "cbox rm -f web"},
    {NULL, NULL},
};

const struct cli_command cmd_rm = {
    .summary = "Remove one or more containers",
    .operands = "CONTAINER [CONTAINER...]",
    .values = {CLI_VALUES_CONTAINER, CLI_VALUES_CONTAINER},
    CLI_OPTIONS(struct rm_options, options),
    .examples = examples,
    .run = run,
};
