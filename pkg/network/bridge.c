#include "network/bridge.h"

#include "base/log.h"
#include "network/firewall_internal.h"
#include "sys/fd.h"
#include "sys/lock.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/stat.h>

enum { BRIDGES_MAX = 64 /* of a network: 60,000 containers */ };

char *network_alias(const struct store_network *n)
{
    return str_printf("cbox %s", n->id);
}

static bool is_ours(const struct link *l, const struct store_network *n)
{
    _cleanup_free_ char *alias = network_alias(n);

    return strcmp(l->alias, alias) == 0;
}

/* The first has the network's name for it, the others that with a number. */
static const char *bridge_name(const struct store_network *n, unsigned nth, char ret[LINK_NAME_MAX])
{
    char end[8] = "";
    size_t len;

    if (nth > 0)
        snprintf(end, sizeof(end), ".%u", nth % 1000);
    len = strnlen(n->bridge, LINK_NAME_MAX - 1 - strlen(end));
    memcpy(ret, n->bridge, len);
    memcpy(ret + len, end, strlen(end) + 1);
    return ret;
}

/* The two ends of what joins another bridge to the first. */
static const char *join_name(const struct store_network *n, char end, unsigned nth, char ret[LINK_NAME_MAX])
{
    snprintf(ret, LINK_NAME_MAX, "cj%.8s%c%u", n->id, end, nth % 1000);
    return ret;
}

static bool is_join(const struct link *l, const struct store_network *n)
{
    char join[LINK_NAME_MAX];

    join_name(n, 'a', 0, join);
    return strncmp(l->name, join, strlen(join) - 1) == 0;
}

/* ---- making ---- */

/* One at a time, so that nobody sees one that is not finished and takes it for another's. */
static int lock(struct store *s, int *ret_fd, struct err *err)
{
    _cleanup_fd_ int state = open(store_state_path(s), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (state < 0)
        return err_errno(err, errno, "%s", store_state_path(s));
    if (mkdirat(state, "networks", 0700) < 0 && errno != EEXIST)
        return err_errno(err, errno, "%s/networks", store_state_path(s));
    return lock_take(state, "networks/links", LOCK_EXCLUSIVE, LOCK_WAIT, ret_fd, err);
}

/* Where the host's rules see what only crosses a bridge, a container that asks for a published port by the host's
 * address is answered through the port that it asked by, for which a port of its own takes a hairpin, and one of
 * another container ports that are not isolated: it is the rules that keep containers apart there, which know the first
 * bridge alone. */
struct link_change network_port(const struct network_step *step, bool first)
{
    bool filtered = network_bridges_are_filtered(AF_INET);

    return (struct link_change){
        .hairpin = filtered, .isolated = step->apart && !(first && filtered && network_bridges_are_filtered(AF_INET6))};
}

static void move_port(struct netlink_batch *b, const struct network_step *step, const struct link *l, int bridge,
                      bool first)
{
    struct link_change port = network_port(step, first);

    link_change_add(b, &(struct link_change){.index = l->index, .master = bridge, .up = true});
    netlink_tolerate(b, ENODEV);
    netlink_tolerate(b, EXFULL);
    port.index = l->index;
    port.hairpin &= !is_join(l, step->of->network); /* all would come twice */
    link_change_add(b, &port);
    netlink_tolerate(b, ENODEV);
    netlink_tolerate(b, EOPNOTSUPP); /* it found no room */
}

/* Links of containers that are on no bridge although they should be: their bridge was taken away. */
static int adopt(int fd, struct store *s, const struct network_step *step, int bridge, struct err *err)
{
    const struct store_network *n = step->of->network;
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
    _cleanup_(endpoints_release) endpoints all = {0};
    links there = {0};
    int r = endpoint_list(s, n->id, true, &all, err);

    if (r < 0)
        return r;
    r = link_list(fd, &there);
    VEC_FOREACH (l, &there) {
        bool wanted = is_join(l, n);

        if (l->master || strcmp(l->kind, "veth") != 0)
            continue;
        VEC_FOREACH (e, &all)
            wanted |= str_eq(e->link, l->name);
        if (wanted)
            move_port(&b, step, l, bridge, true);
    }
    free(there.v);
    if (r == 0)
        r = netlink_call(fd, &b, NULL, NULL, NULL);
    return r < 0 ? err_errno(err, -r, "network %s: putting containers back on the bridge", n->name) : 0;
}

/* What routers say counts for nothing on it: a container could be the one who says it. */
static int settle_ipv6(const char *bridge, bool ipv6)
{
    static const struct {
        bool ipv6;
        const char *name, *value;
    } settings[] = {{false, "disable_ipv6", "1"}, {true, "accept_ra", "0"}, {true, "disable_ipv6", "0"}};
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(settings) && r == 0; i++) {
        _cleanup_free_ char *file = str_printf("net/ipv6/conf/%s/%s", bridge, settings[i].name);

        if (settings[i].ipv6 == ipv6)
            r = network_sysctl_write(file, settings[i].value);
    }
    return r == -ENOENT ? 0 : r; /* a kernel without IPv6 */
}

int network_bridge_allow_ipv6(const struct network_step *bridge)
{
    return settle_ipv6(bridge->link, true);
}

static int make(int fd, const struct network_step *step, const char *name, bool addresses)
{
    _cleanup_free_ char *alias = network_alias(step->of->network);
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
    int r;

    link_bridge_add(&b, name, alias, addresses ? step->mac : NULL, step->mtu);
    r = netlink_call(fd, &b, NULL, NULL, NULL);
    return r == 0 ? settle_ipv6(name, addresses && step->ipv6) : r;
}

static int make_first(int fd, struct store *s, const struct network_step *step, struct link *ret, struct err *err)
{
    const struct store_network *n = step->of->network;
    _cleanup_fd_ int locked = -1;
    int r = lock(s, &locked, err);

    if (r < 0)
        return r;
    r = link_find(fd, n->bridge, 0, ret);
    if (r != -ENODEV)
        return r < 0 ? err_errno(err, -r, "network %s: bridge %s", n->name, n->bridge) : 0;
    r = make(fd, step, n->bridge, true);
    if (r == 0)
        r = link_find(fd, n->bridge, 0, ret);
    if (r < 0)
        return err_errno(err, -r, "network %s: making the bridge %s", n->name, n->bridge);
    return adopt(fd, s, step, ret->index, err);
}

static int lift(int fd, const struct network_step *step, int index, struct err *err)
{
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
    int r;

    link_change_add(&b, &(struct link_change){.index = index, .up = true});
    r = netlink_call(fd, &b, NULL, NULL, NULL);
    return r < 0 ? err_errno(err, -r, "network %s: bridge %s", step->of->network->name, step->link) : 0;
}

int network_bridge_ensure(int fd, struct store *s, const struct network_step *step, int *ret_index, struct err *err)
{
    const struct store_network *n = step->of->network;
    struct link l = {0};
    int r = link_find(fd, n->bridge, 0, &l);

    if (r < 0 && r != -ENODEV)
        return err_errno(err, -r, "network %s: bridge %s", n->name, n->bridge);
    if (r == -ENODEV || (!is_ours(&l, n) && !step->named)) {
        r = make_first(fd, s, step, &l, err);
        if (r < 0)
            return r;
        firewall_settle_loopback(s, n);
    }
    if (strcmp(l.kind, "bridge") != 0 || (!is_ours(&l, n) && (!step->named || l.alias[0])))
        return err_set(err, ERR_EXISTS,
                       "network %s: there is an interface %s already, which is not this network's bridge", n->name,
                       n->bridge);
    *ret_index = l.index;
    return l.flags & IFF_UP ? 0 : lift(fd, step, l.index, err);
}

/* ---- more than one ---- */

int network_bridge_nth(int fd, const struct network_step *step, unsigned nth)
{
    char name[LINK_NAME_MAX];
    struct link l;

    /* Asked for at each start, so first in the cheap way. */
    if (link_index(fd, bridge_name(step->of->network, nth, name)) < 0 || link_find(fd, name, 0, &l) < 0)
        return -ENODEV;
    return strcmp(l.kind, "bridge") == 0 && is_ours(&l, step->of->network) ? l.index : -EEXIST;
}

unsigned network_bridge_more(int fd, const struct network_step *step)
{
    unsigned n = 0;

    while (n < BRIDGES_MAX && network_bridge_nth(fd, step, n + 1) > 0)
        n++;
    return n;
}

/* A port of the first moves over, so that what joins the two has room. */
static int make_room(int fd, const struct network_step *step, int first, int other)
{
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
    links all = {0};
    int r = link_list(fd, &all);

    VEC_FOREACH (l, &all)
        if (l->master == first && strncmp(l->name, "cb", 2) == 0) {
            move_port(&b, step, l, other, false);
            break;
        }
    free(all.v);
    return r == 0 ? netlink_call(fd, &b, NULL, NULL, NULL) : r;
}

static int join(int fd, const struct network_step *step, int first, int other, unsigned nth)
{
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
    char near[LINK_NAME_MAX], far[LINK_NAME_MAX];
    struct link_change port = network_port(step, true);
    int r;

    join_name(step->of->network, 'a', nth, near);
    join_name(step->of->network, 'b', nth, far);
    link_veth_add(&b, &(struct link_veth){.name = near, .peer = far, .mtu = step->mtu, .master = first, .peer_ns = -1});
    netlink_tolerate(&b, EEXIST);
    link_change_add(&b, &(struct link_change){.name = far, .master = other, .up = true, .no_ipv6_address = true});
    /* The near end alone is like a container's: by the far one the host reaches those behind it. */
    port.name = near;
    port.hairpin = false;
    port.no_ipv6_address = true;
    link_change_add(&b, &port);
    link_change_add(&b, &(struct link_change){.name = near, .up = true});
    r = netlink_call(fd, &b, NULL, NULL, NULL);
    if (r < 0)
        return r;
    link_settle(fd, near);
    link_settle(fd, far);
    return 0;
}

static int widen(int fd, const struct network_step *step, int first, unsigned nth, int *ret_index)
{
    char name[LINK_NAME_MAX];
    int r = make(fd, step, bridge_name(step->of->network, nth, name), false);

    if (r == 0)
        r = *ret_index = link_index(fd, name);
    if (r >= 0)
        r = join(fd, step, first, *ret_index, nth);
    if (r == -EXFULL) {
        r = make_room(fd, step, first, *ret_index);
        if (r == 0)
            r = join(fd, step, first, *ret_index, nth);
    }
    if (r == 0)
        link_settle(fd, name);
    return r;
}

int network_bridge_widen(int fd, struct store *s, const struct network_step *step, unsigned nth, int *ret_index,
                         struct err *err)
{
    const struct store_network *n = step->of->network;
    _cleanup_fd_ int locked = -1;
    int first, r = lock(s, &locked, err);

    if (r < 0)
        return r;
    r = network_bridge_nth(fd, step, nth);
    if (r > 0) { /* another was quicker */
        *ret_index = r;
        return 0;
    }
    first = link_index(fd, n->bridge);
    if (nth >= BRIDGES_MAX)
        return err_set(err, ERR_NO_SPACE, "network %s: no bridge has room for one more container", n->name);
    r = r == -EEXIST ? r : first < 0 ? first : widen(fd, step, first, nth, ret_index);
    if (r < 0)
        return err_errno(err, -r, "network %s: making bridge number %u, since %s is full", n->name, nth + 1, n->bridge);
    log_debug("network %s: bridge number %u, since %s is full", n->name, nth + 1, n->bridge);
    return 0;
}

/* ---- parents ---- */

static int make_vlan(int fd, const struct network_step *step, const char *alias)
{
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
    int on = link_index(fd, step->peer);

    if (on < 0)
        return on;
    link_vlan_add(&b, step->link, alias, on, step->vlan);
    return netlink_call(fd, &b, NULL, NULL, NULL);
}

/* Where the kernel has no dummies, a pair that leads nowhere. */
static int make_dummy(int fd, const struct network_step *step, const char *alias)
{
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
    char far[LINK_NAME_MAX];
    int r;

    link_dummy_add(&b, step->link, alias);
    r = netlink_call(fd, &b, NULL, NULL, NULL);
    if (r != -EOPNOTSUPP)
        return r;
    join_name(step->of->network, 'd', 0, far);
    link_veth_add(&b, &(struct link_veth){.name = step->link, .peer = far, .peer_ns = -1});
    netlink_tolerate(&b, EEXIST);
    link_change_add(&b, &(struct link_change){.name = far, .up = true, .no_ipv6_address = true});
    link_change_add(&b, &(struct link_change){.name = step->link, .alias = alias, .up = true, .no_ipv6_address = true});
    return netlink_call(fd, &b, NULL, NULL, NULL);
}

static const struct {
    const char *kind;
    int (*make)(int fd, const struct network_step *step, const char *alias);
} parents[] = {{"vlan", make_vlan}, {"dummy", make_dummy}};

int network_parent_ensure(int fd, const struct network_step *step, int *ret_index, struct err *err)
{
    const struct store_network *n = step->of->network;
    _cleanup_free_ char *alias = network_alias(n);
    struct link l;
    int r = link_find(fd, step->link, 0, &l);

    for (size_t i = 0; i < ARRAY_SIZE(parents) && r == -ENODEV; i++) {
        if (!str_eq(step->text, parents[i].kind))
            continue;
        r = parents[i].make(fd, step, alias);
        if (r == -EOPNOTSUPP)
            return err_set(err, ERR_UNSUPPORTED, "network %s: this kernel has no interfaces of the kind \"%s\"",
                           n->name, step->text);
        if (r == 0)
            r = link_find(fd, step->link, 0, &l);
        break;
    }
    if (r == -ENODEV)
        return err_set(err, ERR_NOT_FOUND, "network %s: the host has no interface %s", n->name,
                       step->peer ? step->peer : step->link);
    if (r < 0)
        return err_errno(err, -r, "network %s: %s", n->name, step->link);
    *ret_index = l.index;
    return l.flags & IFF_UP || !is_ours(&l, n) ? 0 : lift(fd, step, l.index, err);
}

/* ---- removing ---- */

int network_links_used(const struct store_network *n)
{
    _cleanup_fd_ int fd = netlink_open(NETLINK_ROUTE);
    links all = {0};
    int r = fd < 0 ? fd : link_list(fd, &all);
    bool used = false;

    VEC_FOREACH (bridge, &all)
        VEC_FOREACH (port, &all)
            used |= is_ours(bridge, n) && port->master == bridge->index && !is_join(port, n);
    free(all.v);
    return r < 0 ? r : used;
}

int network_links_remove(const struct store_network *n, struct err *err)
{
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
    _cleanup_fd_ int fd = netlink_open(NETLINK_ROUTE);
    links all = {0};
    int r = fd < 0 ? fd : link_list(fd, &all);

    VEC_FOREACH (l, &all) {
        if (!is_ours(l, n) && !is_join(l, n))
            continue;
        link_delete_add(&b, l->index);
        netlink_tolerate(&b, ENODEV);
    }
    free(all.v);
    if (r == 0)
        r = netlink_call(fd, &b, NULL, NULL, NULL);
    return r < 0 ? err_errno(err, -r, "network %s: removing its interfaces", n->name) : 0;
}
