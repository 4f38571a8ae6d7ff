#include "commands.h"
#include "container/container.h"
#include "volume.h"

#include <stdio.h>

struct rm_options {
    bool force;
};

static const struct cli_option options[] = {
    CLI_FLAG(struct rm_options, 'f', "force", force, "Force the removal of one or more volumes"),
};

struct removal {
    struct store *store; /* NULL: there is none */
    bool force;
};

static int remove_one(const char *name, void *data, struct err *err)
{
    const struct removal *rm = data;
    struct err why = ERR_INIT;
    int r = rm->store ? container_volume_remove(rm->store, name, &why)
                      : err_set(&why, ERR_NOT_FOUND, "get %s: no such volume", name);

    if (r < 0 && !(r == ERR_NOT_FOUND && rm->force)) {
        *err = why;
        return r;
    }
    puts(name);
    return 0;
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct rm_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    int r = cbox_open_existing_store(ctx, &s, err);

    if (r == 0 && s) /* what crashed commands left uses nothing */
        r = container_sweep(s, err);
    return r < 0 ? r : cbox_for_each(operands, false, remove_one, &(struct removal){s, o->force});
}

static const struct cli_example examples[] = {
    {"Remove a volume and what is in it", "cbox volume rm data"},
    {NULL, NULL},
};

const struct cli_command cmd_volume_rm = {
    .summary = "Remove one or more volumes",
    .description = "A volume that a container uses, running or not, cannot be removed. With -f one that is not there\n"
                   "is no failure.",
    .operands = "VOLUME [VOLUME...]",
    .values = {CLI_VALUES_VOLUME, CLI_VALUES_VOLUME},
    CLI_OPTIONS(struct rm_options, options),
    .examples = examples,
    .run = run,
};
