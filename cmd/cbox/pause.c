#include "cbox.h"
#include "commands.h"
#include "container/container.h"

#include <stdio.h>

struct pause_call {
    struct store *store; /* NULL: there is none */
    bool pause;
};

static int pause_one(const char *name, void *data, struct err *err)
{
    const struct pause_call *call = data;
    int r = call->store ? container_pause(call->store, name, call->pause, err) : cbox_no_container(name, err);

    if (r == 0)
        puts(name);
    return r;
}

static int act_on_all(struct cli_context *ctx, char **operands, bool pause, struct err *err)
{
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    int r = cbox_open_existing_store(ctx, &s, err);

    return r < 0 ? r : cbox_for_each(operands, false, pause_one, &(struct pause_call){s, pause});
}

static int run_pause(struct cli_context *ctx, const void *opts _unused_, char **operands, struct err *err)
{
    return act_on_all(ctx, operands, true, err);
}

static int run_unpause(struct cli_context *ctx, const void *opts _unused_, char **operands, struct err *err)
{
    return act_on_all(ctx, operands, false, err);
}

static const struct cli_example pause_examples[] = {
    {"Hold a job while something else needs the machine", "cbox pause job"},
    {NULL, NULL},
};

static const struct cli_example unpause_examples[] = {
    {"Let it go on", "cbox unpause job"},
    {NULL, NULL},
};

const struct cli_command cmd_pause = {
    .summary = "Pause all processes within one or more containers",
    .operands = "CONTAINER [CONTAINER...]",
    .values = {CLI_VALUES_CONTAINER, CLI_VALUES_CONTAINER},
    .examples = pause_examples,
    .run = run_pause,
};

const struct cli_command cmd_unpause = {
    .summary = "Unpause all processes within one or more containers",
    .operands = "CONTAINER [CONTAINER...]",
    .values = {CLI_VALUES_CONTAINER, CLI_VALUES_CONTAINER},
    .examples = unpause_examples,
    .run = run_unpause,
};
