#include "bundle/parse.h"
#include "cbox.h"
#include "commands.h"
#include "container/networks.h"
#include "container_checks.h"

#include <stdio.h>

struct connect_options {
    char **aliases, **driver_options, **link_local_ips;
    const char *ip, *ip6, *refused;
    int64_t gw_priority;
};

static const struct cli_option options[] = {
    CLI_LIST(struct connect_options, 0, "alias", aliases, "Add network-scoped alias for the container",
             .word = "strings"),
    CLI_LIST(struct connect_options, 0, "driver-opt", driver_options, "Driver options for the network",
             .word = "strings", .check = check_driver_option),
    CLI_INT(struct connect_options, 0, "gw-priority", gw_priority,
            "The network of the highest number has the default gateway", .min = INT32_MIN, .max = INT32_MAX),
    CLI_STRING(struct connect_options, 0, "ip", ip, "IPv4 address (e.g., \"172.30.100.104\")"),
    CLI_STRING(struct connect_options, 0, "ip6", ip6, "IPv6 address (e.g., \"2001:db8::33\")"),
    CLI_STRING(struct connect_options, 0, "link", refused, "Add link to another container", .check = refuse_link,
               .hidden = true),
    CLI_LIST(struct connect_options, 0, "link-local-ip", link_local_ips, "Add a link-local address for the container",
             .word = "strings"),
};

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct connect_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    /* All of it is borrowed. */
    const struct engine_endpoint wanted = {
        .network = operands[0],
        .aliases = o->aliases,
        .driver_opts = o->driver_options,
        .link_local_ips = o->link_local_ips,
        .ipv4_address = (char *)str_given(o->ip),
        .ipv6_address = (char *)str_given(o->ip6),
        .gw_priority = o->gw_priority,
    };
    int r = cbox_open_existing_store(ctx, &s, err);

    if (r == 0 && !s)
        r = err_set(err, ERR_NOT_FOUND, "No such container: %s", operands[1]);
    return r < 0 ? r : container_connect(s, operands[1], &wanted, err);
}

static const struct cli_example examples[] = {
    {"A database that is called db there", "cbox network connect --alias db back postgres"},
    {NULL, NULL},
};

const struct cli_command cmd_network_connect = {
    .summary = "Connect a container to a network",
    .description = "One that runs gets the network at once; one that does not, when it is started.",
    .operands = "NETWORK CONTAINER",
    .values = {CLI_VALUES_NETWORK, CLI_VALUES_CONTAINER},
    CLI_OPTIONS(struct connect_options, options),
    .examples = examples,
    .run = run,
};
