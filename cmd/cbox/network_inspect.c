#include "base/time.h"
#include "commands.h"
#include "container/list.h"
#include "inspect.h"
#include "network.h"
#include "network/endpoint.h"

#include <stdio.h>

struct inspect_options {
    const char *format;
    bool verbose;
};

static const struct cli_option options[] = {
    CLI_STRING(struct inspect_options, 'f', "format", format, "Format output: 'json' or a Go template"),
    CLI_FLAG(struct inspect_options, 'v', "verbose", verbose, "Verbose output for diagnostics"),
};

static struct cli_value map_of(char *const *entries)
{
    struct cli_value map = {.kind = CLI_MAP};

    cli_value_put_entries(&map, entries);
    return map;
}

static void put_given(struct cli_value *map, const char *key, const char *text)
{
    if (!str_empty(text))
        cli_value_put_text(map, key, text);
}

static struct cli_value describe_ipam(const struct store_network *n)
{
    struct cli_value ipam = {.kind = CLI_MAP}, all = {.kind = CLI_SEQUENCE};
    struct cli_value none = {.kind = CLI_MAP,
                             .absent = !str_eq(n->name, "bridge") && store_network_is_predefined(n->name)};

    VEC_FOREACH (subnet, &n->subnets) {
        struct cli_value one = {.kind = CLI_MAP};

        put_given(&one, "Subnet", subnet->subnet);
        put_given(&one, "IPRange", subnet->ip_range);
        put_given(&one, "Gateway", subnet->gateway);
        if (subnet->aux_addresses)
            cli_value_put(&one, "AuxiliaryAddresses", map_of(subnet->aux_addresses));
        cli_value_append(&all, one);
    }
    cli_value_put_text(&ipam, "Driver", "default");
    cli_value_put(&ipam, "Options", none);
    cli_value_put(&ipam, "Config", all);
    return ipam;
}

static void put_address(struct cli_value *map, const char *key, const struct store_network *n, const struct ip *a)
{
    char text[IP_NET_TEXT_MAX] = "";
    struct ip_net net;

    VEC_FOREACH (subnet, &n->subnets)
        if (ip_is_set(a) && ip_net_parse(subnet->subnet, &net, NULL) == 0 && ip_net_contains(&net, a))
            ip_net_format(&(struct ip_net){*a, net.bits}, text);
    cli_value_put_text(map, key, text);
}

static struct cli_value describe_containers(const struct store_network *n, const endpoints *all)
{
    struct cli_value containers = {.kind = CLI_MAP};

    VEC_FOREACH (e, all) {
        struct cli_value one = {.kind = CLI_MAP};
        char mac[IP_MAC_TEXT_MAX];

        cli_value_put_text(&one, "Name", e->name);
        cli_value_put_text(&one, "EndpointID", e->id);
        cli_value_put_text(&one, "MacAddress", *e->id ? ip_mac_format(e->mac, mac) : "");
        put_address(&one, "IPv4Address", n, &e->ip4);
        put_address(&one, "IPv6Address", n, &e->ip6);
        cli_value_put(&containers, e->container, one);
    }
    return containers;
}

/* Of the default bridge nobody has chosen the options. */
static struct cli_value describe_options(const struct store_network *n)
{
    struct cli_value all = map_of(n->options);

    if (!str_eq(n->name, STORE_NETWORK_DEFAULT))
        return all;
    cli_value_put_text(&all, "com.docker.network.bridge.default_bridge", "true");
    cli_value_put_text(&all, "com.docker.network.bridge.enable_icc", "true");
    cli_value_put_text(&all, "com.docker.network.bridge.enable_ip_masquerade", "true");
    put_given(&all, "com.docker.network.bridge.name", n->bridge);
    return all;
}

static struct cli_value describe(const struct store_network *n, const endpoints *all)
{
    struct cli_value d = {.kind = CLI_MAP}, from = {.kind = CLI_MAP};
    bool ip = n->subnets.n || str_eq(n->driver, "bridge");
    char created[TIME_TEXT_MAX];

    cli_value_put_text(&d, "Name", n->name);
    cli_value_put_text(&d, "Id", n->id);
    cli_value_put_text(&d, "Created", time_format(n->created, created));
    cli_value_put_text(&d, "Scope", "local");
    cli_value_put_text(&d, "Driver", n->driver);
    cli_value_put(&d, "EnableIPv4", cli_value_truth(ip ? !n->no_ipv4 : true));
    cli_value_put(&d, "EnableIPv6", cli_value_truth(n->ipv6));
    cli_value_put(&d, "IPAM", describe_ipam(n));
    cli_value_put(&d, "Internal", cli_value_truth(n->internal));
    cli_value_put(&d, "Attachable", cli_value_truth(n->attachable));
    cli_value_put(&d, "Ingress", cli_value_truth(false));
    cli_value_put_text(&from, "Network", "");
    cli_value_put(&d, "ConfigFrom", from);
    cli_value_put(&d, "ConfigOnly", cli_value_truth(false));
    cli_value_put(&d, "Containers", describe_containers(n, all));
    cli_value_put(&d, "Options", describe_options(n));
    cli_value_put(&d, "Labels", map_of(n->labels));
    return d;
}

/* Those that have no network of their own, or the host's: nobody keeps a table of them. */
static int list_users(struct store *s, const struct store_network *n, endpoints *ret, struct err *err)
{
    _cleanup_container_list_ struct container_list list = {0};
    int r = container_list(s, &(struct container_list_options){0}, cbox_print_error, &list, err);

    VEC_FOREACH (record, &list)
        if (r == 0 && str_eq(record->network, n->name))
            *VEC_PUSH(ret) = (struct endpoint){
                .container = str_dup(record->id), .id = str_dup(""), .name = str_dup(record->name), .in_use = true};
    return r;
}

static bool has_table(const struct store_network *n)
{
    return !str_eq(n->driver, "host") && !str_eq(n->driver, "null");
}

int inspect_network(struct store *s, const char *name, bool size _unused_, struct cli_value *ret, struct err *err)
{
    _cleanup_network_ struct store_network n = {0};
    _cleanup_endpoints_ endpoints all = {0};
    int r = s ? store_network_find(s, name, &n, err) : err_set(err, ERR_NOT_FOUND, "network %s not found", name);

    if (r == 0)
        r = has_table(&n) ? endpoint_list(s, n.id, true, &all, err) : list_users(s, &n, &all, err);
    if (r == 0)
        *ret = describe(&n, &all);
    return r;
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct inspect_options *o = opts;

    return inspect_print(ctx, operands, inspect_network, o->format, false, err);
}

static const struct cli_example examples[] = {
    {"Its subnets", "cbox network inspect -f '{{range .IPAM.Config}}{{.Subnet}} {{end}}' front"},
    {"Who is on it",
     "cbox network inspect -f '{{range .Containers}}{{.Name}} {{.IPv4Address}}{{\"\\n\"}}{{end}}' front"},
    {NULL, NULL},
};

const struct cli_command cmd_network_inspect = {
    .summary = "Display detailed information on one or more networks",
    .description = "Containers are those that run. -v has no meaning without a swarm.",
    .operands = "NETWORK [NETWORK...]",
    .values = {CLI_VALUES_NETWORK, CLI_VALUES_NETWORK},
    CLI_OPTIONS(struct inspect_options, options),
    .examples = examples,
    .run = run,
};
