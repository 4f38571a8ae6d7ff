#include "runtime.h"

static int run(struct cli_context *ctx, const void *opts _unused_, char **operands, struct err *err)
{
    _cleanup_instance_ struct runtime_instance inst = RUNTIME_INSTANCE_INIT;
    int r = cbox_runtime_load(ctx, operands[0], true, &inst, err);

    return r < 0 ? r : runtime_instance_pause(&inst, false, err);
}

static const struct cli_example examples[] = {
    {"Let it go on", "cbox runtime resume box"},
    {NULL, NULL},
};

const struct cli_command cmd_runtime_resume = {
    .summary = "Let the processes of a paused container go on",
    .operands = "CONTAINER",
    .standalone = true,
    .one_failure = true,
    .examples = examples,
    .run = run,
};
