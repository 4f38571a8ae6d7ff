#include "cbox.h"
#include "commands.h"
#include "container/networks.h"

struct disconnect_options {
    bool force;
};

static const struct cli_option options[] = {
    CLI_FLAG(struct disconnect_options, 'f', "force", force, "Force the container to disconnect from a network"),
};

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct disconnect_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    int r = cbox_open_existing_store(ctx, &s, err);

    if (r == 0 && !s)
        r = err_set(err, ERR_NOT_FOUND, "network %s not found", operands[0]);
    return r < 0 ? r : container_disconnect(s, operands[1], operands[0], o->force, err);
}

static const struct cli_example examples[] = {
    {"A container that is to reach its database no more", "cbox network disconnect back web"},
    {NULL, NULL},
};

const struct cli_command cmd_network_disconnect = {
    .summary = "Disconnect a container from a network",
    .description = "With -f what the network still knows of a container that is gone is forgotten.",
    .operands = "NETWORK CONTAINER",
    .values = {CLI_VALUES_NETWORK, CLI_VALUES_CONTAINER},
    CLI_OPTIONS(struct disconnect_options, options),
    .examples = examples,
    .run = run,
};
