#include "runtime.h"

static int run(struct cli_context *ctx, const void *opts _unused_, char **operands, struct err *err)
{
    _cleanup_instance_ struct runtime_instance inst = RUNTIME_INSTANCE_INIT;
    int r = cbox_runtime_load(ctx, operands[0], false, &inst, err);

    return r < 0 ? r : runtime_instance_start(&inst, err);
}

static const struct cli_example examples[] = {
    {"Let the program of a created container run", "cbox runtime start box"},
    {NULL, NULL},
};

const struct cli_command cmd_runtime_start = {
    .summary = "Start a container that was created",
    .operands = "CONTAINER",
    .standalone = true,
    .one_failure = true,
    .examples = examples,
    .run = run,
};
