#include "cbox.h"
#include "commands.h"
#include "container/container.h"

#include <stdio.h>

/* `stop` and `restart`: the same options, and as many containers as one likes. */
struct stop_options {
    const char *signal;
    int64_t timeout;
};

static const struct stop_options defaults = {.timeout = CONTAINER_OWN_TIMEOUT};

static const struct cli_option options[] = {
    CLI_STRING(struct stop_options, 's', "signal", signal, "Signal to send to the container"),
    CLI_INT(struct stop_options, 0, "time", timeout, "Seconds to wait before killing the container", .min = INT32_MIN,
            .max = INT32_MAX, .hidden = true),
    CLI_INT(struct stop_options, 't', "timeout", timeout, "Seconds to wait before killing the container",
            .min = INT32_MIN, .max = INT32_MAX),
};

struct stop_call {
    struct store *store; /* NULL: there is none */
    const struct config *config;
    const struct stop_options *options;
    bool again; /* `restart` */
};

static int act_on_one(const char *name, void *data, struct err *err)
{
    const struct stop_call *call = data;
    const struct stop_options *o = call->options;
    int r;

    if (!call->store)
        return cbox_no_container(name, err);
    r = call->again ? container_restart(call->store, call->config, name, o->signal, o->timeout, err)
                    : container_stop(call->store, name, o->signal, o->timeout, err);
    if (r == 0)
        puts(name);
    return r;
}

static int act_on_all(struct cli_context *ctx, const void *opts, char **operands, bool again, struct err *err)
{
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    int r = cbox_open_existing_store(ctx, &s, err);

    return r < 0 ? r : cbox_for_each(operands, false, act_on_one, &(struct stop_call){s, &ctx->config, opts, again});
}

static int run_stop(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    return act_on_all(ctx, opts, operands, false, err);
}

static int run_restart(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    return act_on_all(ctx, opts, operands, true, err);
}

static const struct cli_example stop_examples[] = {
    {"Give a database a minute to end", "cbox stop -t 60 db"},
    {NULL, NULL},
};

static const struct cli_example restart_examples[] = {
    {"End it at once, and start it again", "cbox restart -t 0 web"},
    {NULL, NULL},
};

const struct cli_command cmd_stop = {
    .summary = "Stop one or more running containers",
    .description =
        "The container's stop signal is sent (--stop-signal, or what its image says, or SIGTERM), and after\n"
        "its time (--stop-timeout, or 10 seconds; below 0: no limit) SIGKILL. No restart policy starts it\n"
        "again.",
    .operands = "CONTAINER [CONTAINER...]",
    .values = {CLI_VALUES_CONTAINER, CLI_VALUES_CONTAINER},
    CLI_OPTIONS(struct stop_options, options),
    .defaults = &defaults,
    .examples = stop_examples,
    .run = run_stop,
};

const struct cli_command cmd_restart = {
    .summary = "Restart one or more containers",
    .operands = "CONTAINER [CONTAINER...]",
    .values = {CLI_VALUES_CONTAINER, CLI_VALUES_CONTAINER},
    CLI_OPTIONS(struct stop_options, options),
    .defaults = &defaults,
    .examples = restart_examples,
    .run = run_restart,
};
