#include "runtime.h"
#include "sys/signal_name.h"

#include <signal.h>

struct kill_options {
    bool all;
};

static const struct cli_option options[] = {
    CLI_FLAG(struct kill_options, 'a', "all", all, "Send the signal to all processes in the container"),
};

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct kill_options *o = opts;
    _cleanup_instance_ struct runtime_instance inst = RUNTIME_INSTANCE_INIT;
    int signal = SIGTERM, r = 0;

    if (str_eq(operands[1], "0")) /* asks whether it is there */
        signal = 0;
    else if (operands[1])
        r = signal_parse(operands[1], &signal, err);
    if (r == 0)
        r = cbox_runtime_load(ctx, operands[0], false, &inst, err);
    return r < 0 ? r : runtime_instance_kill(&inst, signal, o->all, err);
}

static const struct cli_example examples[] = {
    {"Ask it to end", "cbox runtime kill box"},
    {"End all of it at once", "cbox runtime kill --all box KILL"},
    {NULL, NULL},
};

const struct cli_command cmd_runtime_kill = {
    .summary = "Send a signal to a container's first process (default TERM)",
    .operands = "CONTAINER [SIGNAL]",
    .standalone = true,
    .one_failure = true,
    CLI_OPTIONS(struct kill_options, options),
    .examples = examples,
    .run = run,
};
