#include "bundle/bundle.h"
#include "commands.h"
#include "network.h"
#include "network/network.h"

#include <stdio.h>

struct create_options {
    bool attachable, config_only, ingress, internal, ipv4, ipv6;
    char **aux, **gateways, **ranges, **subnets, **ipam_options, **labels, **options;
    const char *config_from, *driver, *ipam_driver, *scope;
};

static const struct create_options defaults = {.driver = "bridge", .ipam_driver = "default", .ipv4 = true};

#define S struct create_options
static const struct cli_option options[] = {
    CLI_FLAG(S, 0, "attachable", attachable, "Enable manual container attachment"),
    CLI_LIST(S, 0, "aux-address", aux, "Auxiliary IPv4 or IPv6 addresses used by Network driver", .word = "map"),
    CLI_STRING(S, 0, "config-from", config_from, "The network from which to copy the configuration", .hidden = true),
    CLI_FLAG(S, 0, "config-only", config_only, "Create a configuration only network", .hidden = true),
    CLI_STRING(S, 'd', "driver", driver, "Driver to manage the Network", .shown_default = "\"bridge\""),
    CLI_LIST(S, 0, "gateway", gateways, "IPv4 or IPv6 Gateway for the master subnet", .word = "strings"),
    CLI_FLAG(S, 0, "ingress", ingress, "Create swarm routing-mesh network", .hidden = true),
    CLI_FLAG(S, 0, "internal", internal, "Restrict external access to the network"),
    CLI_LIST(S, 0, "ip-range", ranges, "Allocate container ip from a sub-range", .word = "strings"),
    CLI_STRING(S, 0, "ipam-driver", ipam_driver, "IP Address Management Driver", .shown_default = "\"default\""),
    CLI_LIST(S, 0, "ipam-opt", ipam_options, "Set IPAM driver specific options", .word = "map", .hidden = true),
    CLI_FLAG(S, 0, "ipv4", ipv4, "Enable or disable IPv4 address assignment", .shown_default = "true"),
    CLI_FLAG(S, 0, "ipv6", ipv6, "Enable or disable IPv6 address assignment"),
    CLI_LIST(S, 0, "label", labels, "Set metadata on a network"),
    CLI_LIST(S, 'o', "opt", options, "Set driver specific options", .word = "map"),
    CLI_STRING(S, 0, "scope", scope, "Control the network's scope"),
    CLI_LIST(S, 0, "subnet", subnets, "Subnet in CIDR format that represents a network segment", .word = "strings"),
};
#undef S

/* What only a swarm has, and what cbox has none of. */
static int check(const struct create_options *o, struct err *err)
{
    if (o->ingress)
        return err_set(err, ERR_UNSUPPORTED, "--ingress: the routing mesh is a swarm's, which cbox has none of");
    if (o->config_only || !str_empty(o->config_from))
        return err_set(err, ERR_UNSUPPORTED,
                       "--config-%s: configurations of networks are for the nodes of a swarm, which cbox has none of",
                       o->config_only ? "only" : "from");
    if (!str_empty(o->scope) && !str_eq(o->scope, "local"))
        return err_set(err, ERR_UNSUPPORTED, "--scope %s: cbox has networks of scope local alone", o->scope);
    if (!str_empty(o->ipam_driver) && !str_eq(o->ipam_driver, "default"))
        return err_set(err, ERR_NOT_FOUND, "--ipam-driver: plugin \"%s\" not found", o->ipam_driver);
    if (o->ipam_options)
        return err_set(err, ERR_UNSUPPORTED, "--ipam-opt %s: the IPAM driver has no options", *o->ipam_options);
    STRV_FOREACH (label, o->labels)
        if (bundle_check_label(*label, err) < 0)
            return err_wrap(err, "invalid argument \"%s\" for \"--label\" flag", *label);
    return 0;
}

/* Each word may hold several, as those of Go's type "strings" do. */
static char **split(char *const *words)
{
    char **all = NULL;

    STRV_FOREACH (word, words) {
        _cleanup_strv_ char **parts = strv_split(*word, ',');

        strv_extend(&all, parts);
    }
    return all;
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct create_options *o = opts;
    _cleanup_strv_ char **subnets = split(o->subnets), **ranges = split(o->ranges), **gateways = split(o->gateways);
    const struct network_request request = {
        .name = operands[0],
        .driver = str_given(o->driver),
        .internal = o->internal,
        .ipv6 = o->ipv6,
        .no_ipv4 = !o->ipv4,
        .attachable = o->attachable,
        .subnets = subnets,
        .ranges = ranges,
        .gateways = gateways,
        .aux = o->aux,
        .options = o->options,
        .labels = o->labels,
    };
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    _cleanup_network_ struct store_network n = {0};
    int r = check(o, err);

    if (r == 0)
        r = store_open(ctx->root, ctx->state, &s, err);
    if (r == 0)
        r = network_create(s, &ctx->config, &request, &n, err);
    if (r == 0)
        puts(n.id);
    return r;
}

static const struct cli_example examples[] = {
    {"A network, to be used with --network front", "cbox network create front"},
    {"One with a subnet of its own, and addresses of IPv6 too",
     "cbox network create --ipv6 --subnet 10.9.0.0/24 --gateway 10.9.0.254 back"},
    {"Containers that have addresses in the network of the host", "cbox network create -d macvlan --subnet "
                                                                  "192.0.2.0/24 -o parent=eth0 lan"},
    {NULL, NULL},
};

const struct cli_command cmd_network_create = {
    .summary = "Create a network",
    .description =
        "Drivers are bridge, macvlan and ipvlan. A subnet that is not given is the first of the configuration's\n"
        "address_pools that neither another network has nor the host has a route to.\n\n"
        "Options of bridge are com.docker.network.bridge.name, .enable_ip_masquerade, .host_binding_ipv4,\n"
        ".enable_icc (false: its containers do not reach each other), .inhibit_ipv4 (true: the gateway is another\n"
        "machine on the bridge), .gateway_mode_ipv4 and .gateway_mode_ipv6 (nat, nat-unprotected, routed, isolated),\n"
        "com.docker.network.container_iface_prefix, com.docker.network.driver.mtu, and isolate (false: other\n"
        "networks' containers reach these). macvlan has parent, macvlan_mode (bridge, private, vepa, passthru) and\n"
        "mtu; ipvlan has parent, ipvlan_mode (l2, l3, l3s), ipvlan_flag (bridge, private, vepa) and mtu.",
    .operands = "NETWORK",
    .defaults = &defaults,
    CLI_OPTIONS(struct create_options, options),
    .examples = examples,
    .run = run,
};
