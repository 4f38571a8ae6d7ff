#include "cbox.h"
#include "commands.h"
#include "container/container.h"

#include <stdio.h>

struct kill_options {
    const char *signal;
};

static const struct cli_option options[] = {
    CLI_STRING(struct kill_options, 's', "signal", signal, "Signal to send to the container", .shown_default = "KILL"),
};

struct kill_call {
    struct store *store; /* NULL: there is none */
    const char *signal;
};

static int kill_one(const char *name, void *data, struct err *err)
{
    const struct kill_call *call = data;
    int r = call->store ? container_kill(call->store, name, call->signal, err) : cbox_no_container(name, err);

    if (r == 0)
        puts(name);
    return r;
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct kill_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    int r = cbox_open_existing_store(ctx, &s, err);

    return r < 0 ? r : cbox_for_each(operands, false, kill_one, &(struct kill_call){s, o->signal});
}

static const struct cli_example examples[] = {
    {"Ask a server to read its configuration again", "cbox kill -s HUP web"},
    {NULL, NULL},
};

const struct cli_command cmd_kill = {
    .summary = "Kill one or more running containers",
    .operands = "CONTAINER [CONTAINER...]",
    .values = {CLI_VALUES_CONTAINER, CLI_VALUES_CONTAINER},
    CLI_OPTIONS(struct kill_options, options),
    .examples = examples,
    .run = run,
};
