#include "runtime.h"

#include <stdio.h>

static int run(struct cli_context *ctx, const void *opts _unused_, char **operands, struct err *err)
{
    _cleanup_instance_ struct runtime_instance inst = RUNTIME_INSTANCE_INIT;
    _cleanup_state_ struct oci_state state = {0};
    _cleanup_buf_ struct buf text = BUF_INIT;
    int r = cbox_runtime_load(ctx, operands[0], false, &inst, err);

    if (r < 0)
        return r;
    runtime_instance_state(&inst, runtime_instance_status(&inst), &state);
    json_dump(&oci_state_type, &state, true, &text);
    puts(buf_str(&text));
    return 0;
}

static const struct cli_example examples[] = {
    {"Process, status and bundle as JSON", "cbox runtime state box"},
    {NULL, NULL},
};

const struct cli_command cmd_runtime_state = {
    .summary = "Show the state of a container",
    .operands = "CONTAINER",
    .standalone = true,
    .one_failure = true,
    .examples = examples,
    .run = run,
};
