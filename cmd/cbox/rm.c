#include "cbox.h"
#include "commands.h"
#include "container/container.h"

#include <stdio.h>

struct rm_options {
    bool force;
};

static const struct cli_option options[] = {
    CLI_FLAG(struct rm_options, 'f', "force", force, "Force the removal of a running container (uses SIGKILL)"),
};

static int remove_one(struct store *s, const char *name, bool force, struct err *err)
{
    if (!s)
        return err_set(err, ERR_NOT_FOUND, "no such container: %s", name);
    return container_remove(s, name, force, err);
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct rm_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    int failed = 0, r = cbox_open_existing_store(ctx, &s, err);

    if (r < 0)
        return r;
    STRV_FOREACH (name, operands) {
        struct err why = ERR_INIT;

        r = remove_one(s, *name, o->force, &why);
        if (r == 0) {
            puts(*name);
            continue;
        }
        cbox_print_error(&why);
        if (!o->force || why.kind != ERR_NOT_FOUND)
            failed = 1;
    }
    return failed;
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
