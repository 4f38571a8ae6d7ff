#include "network/network.h"

#include "base/buf.h"
#include "base/strv.h"
#include "base/time.h"
#include "event/event.h"
#include "network/attach.h"
#include "network/endpoint_internal.h"
#include "network/firewall.h"
#include "network/subnets.h"
#include "sys/fd.h"

#include <net/if.h>
#include <stdio.h>

enum { NETWORKS_MAX = 10000 };

/* ---- what there is already ---- */

/* Networks that a subnet must not overlap, and who has them. */
struct others {
    ip_nets networks; /* of the networks, by `owners`; behind those the host's routes */
    char **owners;
};

static void others_release(struct others *o)
{
    free(o->networks.v);
    strv_free(o->owners);
}
#define _cleanup_others_ _cleanup_(others_release)

static int add_network(struct store *s, const char *name, struct others *ret, struct err *err)
{
    _cleanup_network_ struct store_network n = {0};
    struct err why = ERR_INIT;
    int r = store_network_find(s, name, &n, &why);

    if (r < 0) {
        if (r == ERR_NOT_FOUND) /* removed meanwhile */
            return 0;
        if (err)
            *err = why;
        return err_hint(err, "its subnet is not known; remove it: cbox network rm %s", name);
    }
    VEC_FOREACH (subnet, &n.subnets) {
        r = ip_net_parse(subnet->subnet, VEC_PUSH(&ret->networks), err);
        if (r < 0)
            return err_wrap(err, "network %s", name);
        strv_add(&ret->owners, name);
    }
    return 0;
}

static int find_others(struct store *s, struct others *ret, struct err *err)
{
    _cleanup_strv_ char **names = NULL;
    int r = store_network_list(s, &names, err);

    STRV_FOREACH (name, names)
        r = r < 0 ? r : add_network(s, *name, ret, err);
    if (r == 0 && strv_len(names) > NETWORKS_MAX)
        r = err_set(err, ERR_LIMIT, "there are %d networks already", NETWORKS_MAX);
    return r;
}

/* A bridge that is there already routes the subnet that it has: those addresses are no obstacle. */
static bool is_of_link(const ip_nets *own, const struct ip_net *net)
{
    VEC_FOREACH (one, own)
        if (ip_net_overlaps(one, net))
            return true;
    return false;
}

static int find_routes(const char *bridge, ip_nets *ret, struct err *err)
{
    _cleanup_fd_ int fd = netlink_open(NETLINK_ROUTE);
    ip_nets routed = {0}, own = {0};
    struct link link;
    int r = fd < 0 ? fd : link_routed(fd, &routed);

    if (r == 0 && bridge && link_find(fd, bridge, 0, &link) == 0)
        r = link_addresses(fd, link.index, &own);
    VEC_FOREACH (net, &routed)
        if (!is_of_link(&own, net))
            *VEC_PUSH(ret) = *net;
    free(routed.v);
    free(own.v);
    return r < 0 ? err_errno(err, -r, "asking for the host's routes") : 0;
}

/* The reason why a subnet that was chosen by the user cannot be. */
static int check_overlap(const struct ip_net *subnet, const struct others *others, struct err *err)
{
    char text[IP_NET_TEXT_MAX], other[IP_NET_TEXT_MAX];
    size_t owners = strv_len(others->owners);

    for (size_t i = 0; i < others->networks.n; i++) {
        if (!ip_net_overlaps(subnet, &others->networks.v[i]))
            continue;
        ip_net_format(subnet, text);
        ip_net_format(&others->networks.v[i], other);
        if (i < owners)
            return err_set(err, ERR_EXISTS, "subnet %s overlaps with %s of network %s", text, other, others->owners[i]);
        return err_set(err, ERR_EXISTS, "subnet %s overlaps with %s, to which the host has a route", text, other);
    }
    return 0;
}

/* ---- making ---- */

static int choose_subnet(const struct config *config, uint16_t family, const struct others *others,
                         struct store_network *n, struct err *err)
{
    _cleanup_pools_ network_pools pools = {0};
    char text[IP_NET_TEXT_MAX];
    struct ip_net subnet;
    int r = network_pools_of(config, &pools, err);

    if (r == 0)
        r = network_pool_choose(&pools, family, &others->networks, &subnet, err);
    if (r < 0)
        return r;
    *VEC_PUSH(&n->subnets) = (struct store_network_subnet){.subnet = str_dup(ip_net_format(&subnet, text))};
    return 0;
}

static bool has_family(const struct store_network *n, uint16_t family)
{
    VEC_FOREACH (subnet, &n->subnets)
        if ((strchr(subnet->subnet, ':') != NULL) == (family == AF_INET6))
            return true;
    return false;
}

/* Nobody would have it where the host does not, and nobody would ask it where nothing leads out. */
static bool wants_gateway(const struct store_network *n, const struct network_options *o, uint16_t family)
{
    if (family == AF_INET6)
        return o->mode6 != NETWORK_ISOLATED;
    return o->mode4 != NETWORK_ISOLATED && !(n->internal && o->inhibit4);
}

/* Checks the subnets that were chosen against all others, and chooses those that were not. */
static int settle_subnets(struct store *s, const struct config *config, const struct network_options *o,
                          struct store_network *n, struct err *err)
{
    _cleanup_others_ struct others others = {0};
    bool routed = str_eq(n->driver, "bridge"); /* the others are beside the host's own addresses */
    int r = find_others(s, &others, err);

    if (r == 0 && routed)
        r = find_routes(o->bridge, &others.networks, err);
    VEC_FOREACH (subnet, &n->subnets) {
        struct ip_net net;

        r = r < 0 ? r : ip_net_parse(subnet->subnet, &net, err);
        if (r == 0)
            r = check_overlap(&net, &others, err);
    }
    if (r == 0 && !n->no_ipv4 && !has_family(n, AF_INET))
        r = choose_subnet(config, AF_INET, &others, n, err);
    if (r == 0 && n->ipv6 && !has_family(n, AF_INET6))
        r = choose_subnet(config, AF_INET6, &others, n, err);
    VEC_FOREACH (subnet, &n->subnets)
        if (r == 0 && wants_gateway(n, o, strchr(subnet->subnet, ':') ? AF_INET6 : AF_INET))
            r = network_subnet_complete(subnet, err);
    if (n->subnets.n == 2 && strchr(n->subnets.v[0].subnet, ':')) { /* IPv4 first */
        struct store_network_subnet first = n->subnets.v[0];

        n->subnets.v[0] = n->subnets.v[1];
        n->subnets.v[1] = first;
    }
    return r;
}

/* The name of its interface on the host, if it has one of its own. */
static void name_link(const struct network_options *o, struct store_network *n)
{
    if (str_eq(n->driver, "bridge"))
        n->bridge = o->bridge ? str_dup(o->bridge) : str_printf("cbox-%.10s", n->id);
    else
        n->bridge = o->parent && !n->internal ? str_dup(o->parent) : str_printf("dm-%.12s", n->id);
}

static int check_driver(const char *driver, struct err *err)
{
    static const char *const known[] = {"bridge", "macvlan", "ipvlan", NULL};

    if (strv_contains((char *const *)known, driver))
        return 0;
    if (str_eq(driver, "host") || str_eq(driver, "null"))
        return err_set(err, ERR_INVALID, "only one instance of \"%s\" network is allowed", driver);
    if (str_eq(driver, "overlay"))
        return err_set(err, ERR_UNSUPPORTED, "driver overlay needs a swarm, which cbox has none of");
    err_set(err, ERR_NOT_FOUND, "plugin \"%s\" not found", driver);
    return err_hint(err, "drivers are bridge, macvlan and ipvlan");
}

static void add_entries(char ***to, char *const *from)
{
    STRV_FOREACH (entry, from) {
        _cleanup_free_ char *whole = strchr(*entry, '=') ? str_dup(*entry) : str_printf("%s=", *entry);

        strv_env_set(to, whole);
    }
    strv_sort(*to);
}

static int describe(const struct network_request *q, struct store_network *n, struct err *err)
{
    char id[ID_LEN + 1];

    id_generate(id);
    n->id = str_dup(id);
    n->name = str_dup(q->name);
    n->driver = str_dup(str_empty(q->driver) ? "bridge" : q->driver);
    n->created = time_now();
    n->internal = q->internal;
    n->attachable = q->attachable;
    n->no_ipv4 = q->no_ipv4;
    add_entries(&n->options, q->options);
    add_entries(&n->labels, q->labels);
    if (store_network_is_predefined(q->name) || str_eq(q->name, "default"))
        return err_set(err, ERR_INVALID, "operation is not permitted on predefined %s network", q->name);
    if (store_network_check_name(q->name, err) < 0 || check_driver(n->driver, err) < 0)
        return err ? err->kind : ERR_INVALID;
    return network_subnets_read(q, n, err);
}

/* An interface, or a VLAN on one that will be made. */
static int check_parent(const char *name, struct err *err)
{
    _cleanup_fd_ int fd = netlink_open(NETLINK_ROUTE);
    _cleanup_free_ char *on = NULL;
    uint16_t id;

    if (fd < 0)
        return err_errno(err, -fd, "rtnetlink");
    if (link_index(fd, name) >= 0 || (network_vlan_of(name, &on, &id) && link_index(fd, on) >= 0))
        return 0;
    err_set(err, ERR_NOT_FOUND, "the host has no interface %s", on ? on : name);
    return err_hint(err, "a parent is an interface of the host, or INTERFACE.ID for a VLAN on one, 1 to 4094");
}

/* What would be found out only when the first container comes. */
static int check_links(struct store *s, const struct store_network *n, const struct network_options *o, struct err *err)
{
    _cleanup_strv_ char **names = NULL;
    int r = o->bridge ? store_network_list(s, &names, err) : 0;

    if (o->bridge && str_eq(o->bridge, "lo"))
        return err_set(err, ERR_INVALID, "interface lo cannot be a bridge");
    STRV_FOREACH (name, names) {
        _cleanup_network_ struct store_network other = {0};

        if (r == 0 && store_network_find(s, *name, &other, NULL) == 0 && str_eq(other.bridge, o->bridge))
            r = err_set(err, ERR_EXISTS, "bridge %s is network %s's", o->bridge, *name);
    }
    if (r == 0 && str_eq(n->driver, "ipvlan") && o->flag && !str_eq(o->flag, "bridge") && str_eq(o->mode, "l3s"))
        r = err_set(err, ERR_INVALID, "ipvlan_flag %s does not go with mode l3s", o->flag);
    return r == 0 && o->parent && !n->internal ? check_parent(o->parent, err) : r;
}

static int create(struct store *s, const struct config *config, struct store_network *n, struct err *err)
{
    _cleanup_network_ struct store_network there = {0};
    _cleanup_fd_ int lock = -1;
    struct network_options o;
    int r = network_options_read(n, &o, err);

    if (r == 0)
        r = store_network_lock_all(s, &lock, err);
    if (r < 0)
        return r;
    if (store_network_find(s, n->name, &there, NULL) == 0 && str_eq(there.name, n->name))
        return err_set(err, ERR_EXISTS, "network with name %s already exists", n->name);
    r = check_links(s, n, &o, err);
    if (r == 0)
        r = settle_subnets(s, config, &o, n, err);
    if (r < 0)
        return r;
    name_link(&o, n);
    return store_network_create(s, n, err);
}

int network_create(struct store *s, const struct config *config, const struct network_request *request,
                   struct store_network *ret, struct err *err)
{
    int r;

    *ret = (struct store_network){0};
    r = describe(request, ret, err);
    if (r == 0)
        r = create(s, config, ret, err);
    if (r < 0) {
        store_network_release(ret);
        return r;
    }
    event_emit(store_state_path(s), "network", "create", ret->id, NULL, "name", ret->name, "type", ret->driver, NULL);
    return 0;
}

/* ---- the default bridge ---- */

/* cbox0, or the next that nobody else has. */
static int free_bridge(const char *id, char **ret, struct err *err)
{
    _cleanup_fd_ int fd = netlink_open(NETLINK_ROUTE);
    _cleanup_free_ char *ours = str_printf("cbox %s", id);

    if (fd < 0)
        return err_errno(err, -fd, "asking for the host's interfaces");
    for (unsigned i = 0; i < 100; i++) {
        _cleanup_free_ char *name = str_printf("cbox%u", i);
        struct link link;
        int r = link_find(fd, name, 0, &link);

        if (r == -ENODEV || (r == 0 && str_eq(link.alias, ours))) {
            *ret = steal_ptr(&name);
            return 0;
        }
        if (r < 0)
            return err_errno(err, -r, "asking for interface %s", name);
    }
    return err_set(err, ERR_EXISTS, "the host has interfaces cbox0 to cbox99 that are not ours");
}

static int make_default(struct store *s, const struct config *config, struct store_network *n, struct err *err)
{
    static const struct network_options none = {0};
    _cleanup_fd_ int lock = -1;
    int r = store_network_lock_all(s, &lock, err);

    if (r < 0)
        return r;
    store_network_release(n);
    r = store_network_find(s, STORE_NETWORK_DEFAULT, n, err);
    if (r < 0 || n->subnets.n) /* made meanwhile */
        return r;
    n->created = time_now();
    r = free_bridge(n->id, &n->bridge, err);
    if (r == 0)
        r = settle_subnets(s, config, &none, n, err);
    if (r == 0)
        r = store_network_create(s, n, err);
    return r < 0 ? err_wrap(err, "network %s", STORE_NETWORK_DEFAULT) : 0;
}

int network_open(struct store *s, const struct config *config, const char *name, struct store_network *ret,
                 struct err *err)
{
    int r = store_network_find(s, name, ret, err);

    if (r < 0 || ret->subnets.n || !str_eq(ret->name, STORE_NETWORK_DEFAULT))
        return r;
    r = make_default(s, config, ret, err);
    if (r < 0)
        store_network_release(ret);
    return r;
}

/* ---- removing ---- */

/* Where nobody knows any more who is on it: nobody is, where its bridges have no ports but those that join them. */
static int check_no_ports(const struct store_network *n, const struct err *why, struct err *err)
{
    int r = network_links_used(n);

    if (r < 0)
        return err_errno(err, -r, "network %s: asking for its interfaces", n->name);
    if (r == 0)
        return 0;
    err_set(err, ERR_BUSY, "error while removing network: network %s has active endpoints", n->name);
    return err_hint(err, "who they are is not known, since its table is damaged: %s", why->text);
}

static int check_unused(struct store *s, const struct store_network *n, struct err *err)
{
    _cleanup_endpoints_ endpoints used = {0};
    _cleanup_buf_ struct buf text = BUF_INIT;
    struct err why = ERR_INIT;
    int r = endpoint_list(s, n->id, true, &used, &why);

    if (r == ERR_CORRUPT)
        return check_no_ports(n, &why, err);
    if (r < 0) {
        if (err)
            *err = why;
        return r;
    }
    VEC_FOREACH (e, &used)
        buf_addf(&text, "%sname:\"%s\" id:\"%.12s\"", text.len ? ", " : "", e->name, e->id);
    return used.n == 0 ? 0
                       : err_set(err, ERR_BUSY, "error while removing network: network %s has active endpoints (%s)",
                                 n->name, buf_str(&text));
}

/* What is in the kernel goes first: whoever is killed in between leaves a network whose next user makes it again. */
static int remove_whole(struct store *s, const struct store_network *n, struct err *err)
{
    int r = firewall_remove_network(s, n, err);

    if (r == 0)
        r = network_links_remove(n, err);
    if (r == 0)
        r = store_network_remove(s, n->name, err);
    if (r == 0)
        endpoint_forget_network(s, n->id);
    return r;
}

/* Of one whose record cannot be read only the record is known: what is in the kernel belongs to nobody then, and goes
 * with the next boot. */
static int remove_damaged(struct store *s, const char *name, struct err *err)
{
    _cleanup_fd_ int lock = -1;
    int r = store_network_lock(s, name, &lock, err);

    return r < 0 ? r : store_network_remove(s, name, err);
}

int network_remove(struct store *s, const char *name, struct err *err)
{
    _cleanup_network_ struct store_network n = {0};
    _cleanup_fd_ int lock = -1, leases = -1;
    struct err why = ERR_INIT;
    int r = store_network_find(s, name, &n, &why);

    if (r == ERR_CORRUPT)
        return remove_damaged(s, name, err);
    if (r < 0) {
        if (err)
            *err = why;
        return r;
    }
    if (store_network_is_predefined(n.name))
        return err_set(err, ERR_INVALID, "%s is a pre-defined network and cannot be removed", n.name);
    r = store_network_lock(s, n.name, &lock, err);
    if (r == 0)
        r = store_network_check(s, &n, err);
    if (r == 0)
        r = endpoint_lock(s, n.id, true, &leases, err);
    if (r == 0)
        r = check_unused(s, &n, err);
    if (r == 0)
        r = remove_whole(s, &n, err);
    if (r == 0)
        event_emit(store_state_path(s), "network", "destroy", n.id, NULL, "name", n.name, "type", n.driver, NULL);
    return r;
}
