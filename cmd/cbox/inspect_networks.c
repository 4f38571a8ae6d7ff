/* A container's networks and ports, as Docker's API (v1.44) describes them. */
#include "base/ip.h"
#include "bundle/parse.h"
#include "container/ports.h"
#include "inspect.h"
#include "network/endpoint.h"
#include "store/container.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static struct cli_value nothing(void)
{
    return (struct cli_value){.kind = CLI_NULL};
}

/* ---- ports ---- */

/* The list of a port in a map of ports, made where it is missing. */
static struct cli_value *list_of(struct cli_value *map, const char *port)
{
    for (size_t i = 0; i < map->n; i++)
        if (str_eq(map->keys[i], port) && map->items[i].kind == CLI_SEQUENCE)
            return &map->items[i];
    return cli_value_put(map, port, (struct cli_value){.kind = CLI_SEQUENCE});
}

static void add_host(struct cli_value *list, const char *ip, const char *port)
{
    struct cli_value v = CLI_FIELDS;

    cli_value_put_text(&v, "HostIp", ip);
    cli_value_put_text(&v, "HostPort", port);
    cli_value_append(list, v);
}

struct cli_value inspect_port_bindings(const struct engine_host_config *h)
{
    struct cli_value map = CLI_FIELDS;

    VEC_FOREACH (b, &h->port_bindings)
        for (int64_t i = 0; i < b->count; i++) {
            _cleanup_free_ char *inside = str_printf("%" PRId64 "/%s", b->container_first + i, b->protocol);
            _cleanup_free_ char *outside = !b->host_first ? str_dup("")
                                           : b->host_last
                                               ? str_printf("%" PRId64 "-%" PRId64, b->host_first, b->host_last)
                                               : str_printf("%" PRId64, b->host_first + i);

            add_host(list_of(&map, inside), b->host_ip ? b->host_ip : "", outside);
        }
    return map;
}

/* What is published is exposed. */
void inspect_add_exposed(const struct engine_options *o, struct cli_value *container)
{
    struct cli_value config = CLI_FIELDS, ports = CLI_FIELDS;
    const struct cli_value *old = cli_value_get(container, "Config"), *exposed;

    if (!o->host.port_bindings.n)
        return;
    exposed = cli_value_get(old, "ExposedPorts");
    for (size_t i = 0; exposed && exposed->kind == CLI_MAP && i < exposed->n; i++)
        cli_value_put(&ports, exposed->keys[i], (struct cli_value){.kind = CLI_MAP});
    VEC_FOREACH (b, &o->host.port_bindings)
        for (int64_t i = 0; i < b->count; i++) {
            _cleanup_free_ char *port = str_printf("%" PRId64 "/%s", b->container_first + i, b->protocol);

            cli_value_put(&ports, port, (struct cli_value){.kind = CLI_MAP});
        }
    for (size_t i = 0; i < old->n; i++) {
        if (!str_eq(old->keys[i], "ExposedPorts"))
            cli_value_put(&config, old->keys[i], cli_value_copy(&old->items[i]));
        if (str_eq(old->keys[i], "AttachStderr"))
            cli_value_put(&config, "ExposedPorts", cli_value_copy(&ports));
    }
    cli_value_release(&ports);
    cli_value_put(container, "Config", config);
}

static struct cli_value describe_ports(struct store *s, const struct store_container_record *record)
{
    struct cli_value map = CLI_FIELDS;
    container_ports ports = {0};
    port_claims claims = {0};

    if (!store_container_is_alive(record->status))
        return map;
    (void)ports_list(s, record->id, &claims, NULL);
    container_ports_list(&claims, record->id, record->exposed, &ports);
    VEC_FOREACH (p, &ports) {
        _cleanup_free_ char *inside = str_printf("%u/%s", p->inside, p->protocol);
        char outside[8];

        snprintf(outside, sizeof(outside), "%u", p->outside);
        if (p->outside)
            add_host(list_of(&map, inside), p->ip, outside);
        else
            cli_value_put(&map, inside, nothing());
    }
    free(ports.v);
    port_claims_release(&claims);
    return map;
}

/* ---- networks ---- */

/* What a container has of one network, and of it those texts that are shown. */
struct view {
    struct store_network network;
    struct endpoint endpoint; /* empty where it does not run */
    char ip4[IP_TEXT_MAX], ip6[IP_TEXT_MAX], mac[IP_MAC_TEXT_MAX];
    const char *gateway4, *gateway6;
    int64_t bits4, bits6;
};

static void view_release(struct view *v)
{
    store_network_release(&v->network);
    endpoint_release(&v->endpoint);
}

static void view_addresses(struct view *v)
{
    const struct endpoint *e = &v->endpoint;

    ip_format(&e->ip4, v->ip4);
    ip_format(&e->ip6, v->ip6);
    ip_mac_format(e->mac, v->mac);
    VEC_FOREACH (subnet, &v->network.subnets) {
        struct ip_net net;

        if (ip_net_parse(subnet->subnet, &net, NULL) < 0)
            continue;
        if (net.address.family == AF_INET && ip_is_set(&e->ip4)) {
            v->gateway4 = v->network.internal ? "" : subnet->gateway;
            v->bits4 = net.bits;
        } else if (net.address.family == AF_INET6 && ip_is_set(&e->ip6)) {
            v->gateway6 = v->network.internal ? "" : subnet->gateway;
            v->bits6 = net.bits;
        }
    }
}

static void look(struct store *s, const struct store_container_record *record, const char *network, struct view *v)
{
    bool there = store_network_find(s, network, &v->network, NULL) == 0;

    if (there && store_container_is_alive(record->status) &&
        endpoint_find(s, v->network.id, record->id, &v->endpoint, NULL) == 0)
        view_addresses(v);
}

static struct cli_value describe_list(char *const *list, bool null)
{
    struct cli_value v = {.kind = CLI_SEQUENCE};

    if (null && !strv_len(list))
        return nothing();
    STRV_FOREACH (item, list)
        cli_value_append(&v, cli_value_text(*item));
    return v;
}

static struct cli_value describe_asked(const struct engine_endpoint *e)
{
    struct cli_value v = {.kind = CLI_MAP};

    if (!str_empty(e->ipv4_address))
        cli_value_put_text(&v, "IPv4Address", e->ipv4_address);
    if (!str_empty(e->ipv6_address))
        cli_value_put_text(&v, "IPv6Address", e->ipv6_address);
    if (strv_len(e->link_local_ips))
        cli_value_put(&v, "LinkLocalIPs", describe_list(e->link_local_ips, false));
    if (v.n)
        return v;
    cli_value_release(&v);
    return nothing();
}

static struct cli_value describe_entries(char *const *entries)
{
    struct cli_value v = {.kind = CLI_MAP};

    if (!strv_len(entries))
        return nothing();
    cli_value_put_entries(&v, entries);
    return v;
}

/* By which it is found there: on networks that a user made. */
static struct cli_value describe_names(const struct store_container_record *record, const struct engine_options *o,
                                       const struct engine_endpoint *e)
{
    _cleanup_strv_ char **names = NULL;
    _cleanup_free_ char *id = str_ndup(record->id, ID_SHORT_LEN);

    if (!bundle_network_is_users(e->network))
        return nothing();
    strv_add(&names, record->name);
    strv_extend(&names, e->aliases);
    strv_add(&names, id);
    if (!str_empty(o->config.hostname) && !strv_contains(names, o->config.hostname))
        strv_add(&names, o->config.hostname);
    return describe_list(names, true);
}

static void put_addresses(const struct view *v, struct cli_value *to)
{
    cli_value_put_text(to, "Gateway", v->gateway4);
    cli_value_put_text(to, "IPAddress", v->ip4);
    cli_value_put(to, "IPPrefixLen", cli_value_number(v->bits4));
    cli_value_put_text(to, "IPv6Gateway", v->gateway6);
    cli_value_put_text(to, "GlobalIPv6Address", v->ip6);
    cli_value_put(to, "GlobalIPv6PrefixLen", cli_value_number(v->bits6));
}

static struct cli_value describe_endpoint(const struct view *v, const struct engine_endpoint *e)
{
    struct cli_value to = CLI_FIELDS;

    cli_value_put(&to, "IPAMConfig", describe_asked(e));
    cli_value_put(&to, "Links", nothing());
    cli_value_put(&to, "Aliases", describe_list(e->aliases, true));
    cli_value_put_text(&to, "MacAddress", v->endpoint.id ? v->mac : e->mac_address);
    cli_value_put_text(&to, "NetworkID", v->network.id);
    cli_value_put_text(&to, "EndpointID", v->endpoint.id);
    put_addresses(v, &to);
    cli_value_put(&to, "DriverOpts", describe_entries(e->driver_opts));
    return to;
}

/* Those of the default bridge stand outside as well. */
static void put_outer(const struct view *v, struct cli_value *to)
{
    cli_value_put_text(to, "EndpointID", v->endpoint.id);
    cli_value_put_text(to, "Gateway", v->gateway4);
    cli_value_put_text(to, "GlobalIPv6Address", v->ip6);
    cli_value_put(to, "GlobalIPv6PrefixLen", cli_value_number(v->bits6));
    cli_value_put_text(to, "IPAddress", v->ip4);
    cli_value_put(to, "IPPrefixLen", cli_value_number(v->bits4));
    cli_value_put_text(to, "IPv6Gateway", v->gateway6);
    cli_value_put_text(to, "MacAddress", v->endpoint.id ? v->mac : "");
}

static struct cli_value describe_networks(struct store *s, const struct store_container_record *record,
                                          const struct engine_options *o, struct cli_value *outer)
{
    struct cli_value map = {.kind = CLI_MAP};
    const char *mode = o->host.network_mode;

    if (!o->networks.n && (str_eq(mode, "host") || engine_is_on_none(o))) {
        struct view v = {0};

        look(s, record, mode, &v);
        cli_value_put(&map, mode, describe_endpoint(&v, &(struct engine_endpoint){0}));
        cli_value_put(&map.items[0], "DNSNames", nothing());
        view_release(&v);
    }
    VEC_FOREACH (e, &o->networks) {
        struct cli_value one;
        struct view v = {0};

        look(s, record, e->network, &v);
        one = describe_endpoint(&v, e);
        cli_value_put(&one, "DNSNames", describe_names(record, o, e));
        cli_value_put(&map, e->network, one);
        if (str_eq(e->network, STORE_NETWORK_DEFAULT))
            put_outer(&v, outer);
        view_release(&v);
    }
    return map;
}

struct cli_value inspect_networks(struct store *s, const struct store_container_record *record,
                                  const struct engine_options *o)
{
    bool alive = store_container_is_alive(record->status) && record->pid;
    _cleanup_free_ char *key = alive ? str_printf("/proc/%" PRId64 "/ns/net", record->pid) : str_dup("");
    struct cli_value v = CLI_FIELDS;

    cli_value_put_text(&v, "Bridge", "");
    cli_value_put_text(&v, "SandboxID", alive ? record->id : "");
    cli_value_put(&v, "HairpinMode", cli_value_truth(false));
    cli_value_put_text(&v, "LinkLocalIPv6Address", "");
    cli_value_put(&v, "LinkLocalIPv6PrefixLen", cli_value_number(0));
    cli_value_put(&v, "Ports", describe_ports(s, record));
    cli_value_put_text(&v, "SandboxKey", key);
    cli_value_put(&v, "SecondaryIPAddresses", nothing());
    cli_value_put(&v, "SecondaryIPv6Addresses", nothing());
    put_outer(&(struct view){0}, &v);
    cli_value_put(&v, "Networks", describe_networks(s, record, o, &v));
    return v;
}
