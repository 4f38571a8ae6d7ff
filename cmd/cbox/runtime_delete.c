#include "runtime.h"

struct delete_options {
    bool force;
};

static const struct cli_option options[] = {
    CLI_FLAG(struct delete_options, 'f', "force", force,
             "Kill it where it runs; a container that is not there is fine"),
};

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct delete_options *o = opts;
    _cleanup_instance_ struct runtime_instance inst = RUNTIME_INSTANCE_INIT;
    struct err why = ERR_INIT;
    /* With the lock: what is read before another command is done with it says nothing of what there is to remove. */
    int r = cbox_runtime_load(ctx, operands[0], true, &inst, &why);

    if (r == 0)
        r = runtime_instance_delete(&inst, o->force, &why);
    if (r == ERR_NOT_FOUND && o->force)
        return 0;
    if (r < 0)
        *err = why;
    return r;
}

static const struct cli_example examples[] = {
    {"Whatever state it is in", "cbox runtime delete --force box"},
    {NULL, NULL},
};

const struct cli_command cmd_runtime_delete = {
    .summary = "Delete a container that has ended",
    .operands = "CONTAINER",
    .standalone = true,
    .one_failure = true,
    CLI_OPTIONS(struct delete_options, options),
    .examples = examples,
    .run = run,
};
