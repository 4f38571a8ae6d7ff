#include "commands.h"
#include "container/container.h"
#include "network.h"
#include "network/network.h"

#include <stdio.h>

struct rm_options {
    bool force;
};

static const struct cli_option options[] = {
    CLI_FLAG(struct rm_options, 'f', "force", force, "Do not error if the network does not exist"),
};

struct removal {
    struct store *store; /* NULL: there is none */
    bool force;
};

static int remove_one(const char *name, void *data, struct err *err)
{
    const struct removal *rm = data;
    struct err why = ERR_INIT;
    int r =
        rm->store ? network_remove(rm->store, name, &why) : err_set(&why, ERR_NOT_FOUND, "network %s not found", name);

    if (r == ERR_NOT_FOUND && rm->force)
        return 0;
    if (r < 0) {
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

    return r < 0 ? r : cbox_for_each(operands, false, remove_one, &(struct removal){s, o->force});
}

static const struct cli_example examples[] = {
    {"Remove a network", "cbox network rm front"},
    {NULL, NULL},
};

const struct cli_command cmd_network_rm = {
    .summary = "Remove one or more networks",
    .description = "A network with containers that run cannot be removed; those that do not run cannot be started\n"
                   "without it. With -f one that is not there is no failure.",
    .operands = "NETWORK [NETWORK...]",
    .values = {CLI_VALUES_NETWORK, CLI_VALUES_NETWORK},
    CLI_OPTIONS(struct rm_options, options),
    .examples = examples,
    .run = run,
};
