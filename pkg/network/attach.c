#include "network/attach.h"

#include "base/log.h"
#include "network/bridge.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <time.h>

/* ---- namespaces ---- */

#define OWN_NAMESPACE "/proc/thread-self/ns/net"

int network_namespace_make(int *ret_fd, struct err *err)
{
    _cleanup_fd_ int own = open(OWN_NAMESPACE, O_RDONLY | O_CLOEXEC), made = -1;

    if (own < 0 || unshare(CLONE_NEWNET) < 0)
        return err_errno(err, errno, "making a network namespace");
    made = open(OWN_NAMESPACE, O_RDONLY | O_CLOEXEC);
    if (setns(own, CLONE_NEWNET) < 0)
        return err_errno(err, errno, "going back to the network namespace of the host");
    if (made < 0)
        return err_errno(err, errno, "making a network namespace");
    *ret_fd = steal_fd(&made);
    return 0;
}

int network_namespace_within(int ns, int (*fn)(void *data, struct err *err), void *data, struct err *err)
{
    _cleanup_fd_ int own = open(OWN_NAMESPACE, O_RDONLY | O_CLOEXEC);
    int r;

    if (own < 0 || setns(ns, CLONE_NEWNET) < 0)
        return err_errno(err, errno, "entering the container's network namespace");
    r = fn(data, err);
    /* Whoever stayed there would take the container's network for the host's. */
    if (setns(own, CLONE_NEWNET) < 0) {
        log_warning("going back to the network namespace of the host: %s", strerror(errno));
        abort();
    }
    return r;
}

/* ---- messages of steps ---- */

/* What is under way: messages that go to the kernel together, and of which steps they are. */
struct work {
    struct store *store;
    int ns, fd; /* the container's namespace; a socket, of the host's or of the container's */
    const network_plan *plan;
    size_t made; /* steps on the host */
    struct netlink_batch batch;
    VEC(const struct network_step *) of;
    const struct attachment *index_of; /* inside: whose interface was asked for last */
    int index;
};

static void work_release(struct work *w)
{
    fd_close(w->fd);
    netlink_batch_release(&w->batch);
    free(w->of.v);
}

/* All messages that were added since are of this step. */
static void belong(struct work *w, const struct network_step *s)
{
    while (w->of.n < w->batch.seq)
        *VEC_PUSH(&w->of) = s;
}

static const char *const failures[NETWORK_STEP_KINDS] = {
    [NETWORK_GATEWAY] = "giving the bridge its address",   [NETWORK_VETH] = "making the container's interface",
    [NETWORK_LAN] = "making the container's interface",    [NETWORK_LOOPBACK] = "the loopback interface",
    [NETWORK_ADDRESS] = "giving the container an address", [NETWORK_UP] = "putting the container's interface up",
    [NETWORK_ROUTE] = "the container's default route",     [NETWORK_ANNOUNCE] = "announcing the container's addresses",
};

/* -errno of the first message that failed, whose step is then in `ret_failed`. */
static int send_work(struct work *w, const struct network_step **ret_failed)
{
    size_t failed = 0, n = w->batch.seq;
    int r = netlink_call(w->fd, &w->batch, NULL, NULL, &failed);

    *ret_failed = failed < n ? w->of.v[failed] : NULL;
    w->of.n = 0;
    return r;
}

static int in_use(const struct network_step *s, struct err *err)
{
    char mac[IP_MAC_TEXT_MAX];

    return err_set(err, ERR_EXISTS, "network %s: MAC address %s is in use on the same parent interface",
                   s->of->network->name, ip_mac_format(s->of->endpoint->mac, mac));
}

static int failure(const struct network_step *s, int r, struct err *err)
{
    const char *network = s && s->of ? s->of->network->name : "",
               *what = s && failures[s->kind] ? failures[s->kind] : "";
    char text[IP_NET_TEXT_MAX] = "";

    if (s && ip_is_set(&s->address.address))
        ip_net_format(&s->address, text);
    if (r == -EEXIST && s && (s->kind == NETWORK_VETH || s->kind == NETWORK_LAN))
        return err_set(err, ERR_EXISTS, "network %s: the container has an interface %s already", network,
                       s->of->interface);
    if (r == -EOPNOTSUPP && s && s->kind == NETWORK_LAN)
        return err_set(err, ERR_UNSUPPORTED, "network %s: this kernel has no interfaces of the kind \"%s\"", network,
                       s->text);
    if (r == -EADDRINUSE && s && s->kind == NETWORK_UP)
        return in_use(s, err);
    return err_errno(err, -r, "%s%s%s%s%s%s", *network ? "network " : "", network, *network ? ": " : "", what,
                     *text ? " " : "", text);
}

/* ---- on the host ---- */

/* The addresses of the bridge, whose steps come behind it. */
static void add_gateways(struct work *w, const struct network_step *bridge, int index)
{
    for (const struct network_step *s = bridge + 1; s->kind == NETWORK_GATEWAY; s++) {
        link_address_add(&w->batch, index, &s->address, false);
        netlink_tolerate(&w->batch, EEXIST);
        belong(w, s);
    }
}

/* The near end goes up before the far one: then the container's is the one that can send the moment it is up. */
static void add_veth(struct work *w, const struct network_step *s, int bridge, bool first)
{
    const struct attachment *a = s->of;
    struct link_change port = network_port(s, first);

    link_veth_add(&w->batch, &(struct link_veth){.name = s->link,
                                                 .peer = a->interface,
                                                 .peer_mac = a->endpoint->mac,
                                                 .mtu = s->mtu,
                                                 .master = bridge,
                                                 .peer_ns = w->ns});
    /* Before it is up: to change one that is up without its other end makes the kernel look through all routes. */
    port.name = s->link;
    port.no_ipv6_address = true;
    link_change_add(&w->batch, &port);
    link_change_add(&w->batch, &(struct link_change){.name = s->link, .up = true});
    belong(w, s);
}

static void delete_link(int fd, const char *name)
{
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
    int index = link_index(fd, name);

    if (index <= 0)
        return;
    link_delete_add(&b, index);
    netlink_call(fd, &b, NULL, NULL, NULL);
}

/* A container that ended leaves its near end behind until the kernel has taken its namespace apart; with the same name
 * it is in the way. One that is there although the new one could not be made inside, is not. */
static bool delete_stale(struct work *w, const struct network_step *s)
{
    struct link l;

    if (link_find(w->fd, s->link, 0, &l) < 0)
        return false;
    delete_link(w->fd, s->link);
    return true;
}

/* The bridges that there are, the newest first, for it is the one that is not full; then one more. */
static int put_on_bridge(struct work *w, const struct network_step *bridge, const struct network_step *s, int first,
                         struct err *err)
{
    unsigned more = network_bridge_more(w->fd, bridge), nth = more;
    const struct network_step *failed = s;
    int index = more ? network_bridge_nth(w->fd, bridge, more) : first, r = 0;
    bool cleared = false, allowed = false;

    add_gateways(w, bridge, first);
    while (index > 0) {
        add_veth(w, s, index, index == first);
        r = send_work(w, &failed);
        if (r == -EEXIST && !cleared) {
            cleared = true;
            if (!delete_stale(w, s))
                break;
        } else if (r == -EACCES && failed->kind == NETWORK_GATEWAY && !allowed) {
            allowed = true;
            if (network_bridge_allow_ipv6(bridge) < 0)
                break;
            delete_link(w->fd, s->link);
            add_gateways(w, bridge, first);
        } else if (r != -EXFULL || nth > more)
            break;
        else if (nth > 0)
            index = --nth ? network_bridge_nth(w->fd, bridge, nth) : first;
        else {
            nth = more + 1;
            r = network_bridge_widen(w->fd, w->store, bridge, nth, &index, err);
            if (r < 0)
                return r;
        }
    }
    return r < 0 ? failure(failed, r, err) : 0;
}

static int make_lan(struct work *w, const struct network_step *s, int parent, struct err *err)
{
    static const uint8_t none[IP_MAC_LEN];
    const struct network_step *failed;
    int r;

    link_lan_add(&w->batch, &(struct link_lan){.kind = s->text,
                                               .name = s->link,
                                               .mode = s->mode,
                                               .mtu = s->mtu,
                                               .ipvlan_flags = s->flags,
                                               .mac = memcmp(s->mac, none, IP_MAC_LEN) == 0 ? NULL : s->mac,
                                               .parent = parent,
                                               .ns = w->ns});
    belong(w, s);
    r = send_work(w, &failed);
    return r < 0 ? failure(failed, r, err) : 0;
}

/* Steps of one attachment come one behind the other, its bridge or parent first; the addresses of a bridge go with the
 * pair. */
static int do_host(struct work *w, struct err *err)
{
    const struct network_step *bridge = NULL;
    int r = 0, master = 0;

    VEC_FOREACH (s, &w->plan->steps) {
        if (s->kind == NETWORK_FORWARD)
            r = network_forward(w->store, s->address.address.family, err);
        else if (s->kind == NETWORK_BRIDGE) {
            bridge = s;
            r = network_bridge_ensure(w->fd, w->store, s, &master, err);
        } else if (s->kind == NETWORK_PARENT)
            r = network_parent_ensure(w->fd, s, &master, err);
        else if (s->kind == NETWORK_VETH)
            r = put_on_bridge(w, bridge, s, master, err);
        else if (s->kind == NETWORK_LAN)
            r = make_lan(w, s, master, err);
        if (r < 0)
            break;
        w->made++;
    }
    return r;
}

/* ---- in the container ---- */

/* Of the interface of the step's attachment: asked for once for each. */
static int inside_index(struct work *w, const struct network_step *s)
{
    if (w->index_of != s->of || !w->index_of) {
        w->index_of = s->of;
        w->index = link_index(w->fd, s->of->interface);
    }
    return w->index;
}

static int do_sysctl(const struct network_step *s, struct err *err)
{
    int r = network_sysctl_write(s->link, s->text);

    if (r == 0 || (r == -ENOENT && !s->named))
        return 0; /* a kernel without IPv6 */
    return err_errno(err, -r, "network %s: setting %s to \"%s\"", s->of->network->name, s->link, s->text);
}

/* Without IPv6 it gets no address of that family for the moment until its process switches it off. */
static void add_up(struct work *w, const struct network_step *s, int index)
{
    link_change_add(&w->batch, &(struct link_change){.index = index,
                                                     .arp_notify = s->notify,
                                                     .no_ipv6_address = s->of->by_runtime && !s->ipv6});
    link_change_add(&w->batch, &(struct link_change){.index = index, .up = true});
}

static int add_inside(struct work *w, const struct network_step *s, struct err *err)
{
    int index = s->of ? inside_index(w, s) : 0;

    if (index < 0)
        return failure(s, index, err);
    if (s->kind == NETWORK_LOOPBACK)
        link_change_add(&w->batch, &(struct link_change){.name = s->link, .up = true});
    else if (s->kind == NETWORK_ADDRESS)
        link_address_add(&w->batch, index, &s->address, false);
    else if (s->kind == NETWORK_UP)
        add_up(w, s, index);
    else if (s->kind == NETWORK_ROUTE)
        link_route_add(&w->batch, index, &s->address, &s->gateway, 0);
    belong(w, s);
    return 0;
}

/* All links, addresses and routes inside. What is there `again` is no mistake. */
static int add_all_inside(struct work *w, bool again, struct err *err)
{
    VEC_FOREACH (s, &w->plan->steps) {
        int r;

        if (s->kind < NETWORK_LOOPBACK || s->kind >= NETWORK_ANNOUNCE || s->kind == NETWORK_SYSCTL)
            continue;
        r = add_inside(w, s, err);
        if (r < 0)
            return r;
        if (again && (s->kind == NETWORK_ADDRESS || s->kind == NETWORK_ROUTE))
            netlink_tolerate(&w->batch, EEXIST);
    }
    return 0;
}

/* On a parent of their own kind, macvlan and ipvlan, no two have one address, and the interface of a container that
 * ended lasts until the kernel has taken its namespace apart: usually tens of milliseconds, more with much to do. */
static bool wait_for_predecessor(int r, const struct network_step *failed, unsigned tries)
{
    enum { TRIES = 300 };
    static const struct timespec pause = {.tv_nsec = 10000000};

    if (r != -EADDRINUSE || !failed || tries >= TRIES)
        return false;
    nanosleep(&pause, NULL);
    return true;
}

static int do_inside(void *data, struct err *err)
{
    const struct network_step *failed = NULL;
    struct work *w = data;
    unsigned tries = 0;
    int r = 0;

    w->fd = netlink_open(NETLINK_ROUTE);
    if (w->fd < 0)
        return err_errno(err, -w->fd, "netlink");
    VEC_FOREACH (s, &w->plan->steps) {
        r = s->kind == NETWORK_SYSCTL ? do_sysctl(s, err) : 0;
        if (r < 0)
            return r;
    }
    do {
        r = add_all_inside(w, tries > 0, err);
        if (r < 0)
            return r;
        r = send_work(w, &failed);
    } while (wait_for_predecessor(r, failed, tries++));
    return r < 0 ? failure(failed, r, err) : 0;
}

/* Addresses of IPv6 are there when the kernel's worker was. */
static int await(struct work *w, enum network_step_kind kind, struct err *err)
{
    int r = 0;

    VEC_FOREACH (s, &w->plan->steps) {
        const struct ip *a = &s->address.address;
        bool link_local = a->family == AF_INET6 && a->bytes[0] == 0xfe;

        if (s->kind == kind && !link_local && r == 0)
            r = link_await_address(w->fd, a);
        if (r < 0)
            return failure(s, r, err);
    }
    return 0;
}

/* Setting the MAC address that it has tells the neighbours (arp_notify, ndisc_notify). */
static int announce(struct work *w, struct err *err)
{
    const struct network_step *failed;
    int r;

    VEC_FOREACH (s, &w->plan->steps) {
        if (s->kind != NETWORK_ANNOUNCE)
            continue;
        link_change_add(&w->batch, &(struct link_change){.index = inside_index(w, s), .arp_notify = true});
        link_change_add(&w->batch, &(struct link_change){.index = inside_index(w, s), .mac = s->of->endpoint->mac});
        belong(w, s);
    }
    r = send_work(w, &failed);
    return r < 0 ? failure(failed, r, err) : 0;
}

/* ---- all of it ---- */

/* The near ends are ports that forward from now on, and to which frames go that went to a container before this one. */
static int settle(struct work *w, struct err *err)
{
    const struct network_step *failed = NULL;
    int r = 0;

    VEC_FOREACH (s, &w->plan->steps) {
        int index;

        if (s->kind != NETWORK_VETH)
            continue;
        link_settle(w->fd, s->link);
        link_settle(w->fd, s->peer);
        index = link_index(w->fd, s->link);
        if (index < 0)
            return failure(s, index, err);
        link_bridge_place_add(&w->batch, index, s->of->endpoint->mac);
        netlink_tolerate(&w->batch, EPERM); /* a user's bridge that does not forward yet */
        belong(w, s);
    }
    r = send_work(w, &failed);
    return r < 0 ? failure(failed, r, err) : await(w, NETWORK_GATEWAY, err);
}

static int delete_inside(void *data, struct err *err)
{
    struct work *w = data;

    (void)err;
    w->fd = netlink_open(NETLINK_ROUTE);
    for (size_t i = 0; i < w->made && w->fd >= 0; i++)
        if (w->plan->steps.v[i].kind == NETWORK_LAN)
            delete_link(w->fd, w->plan->steps.v[i].link);
    return 0;
}

/* What was made goes; what was there before, and made it fail, stays. */
static void undo(struct work *host)
{
    _cleanup_(work_release) struct work inside = {.ns = host->ns, .fd = -1, .plan = host->plan, .made = host->made};

    VEC_FOREACH (s, &host->plan->steps)
        if (s->kind == NETWORK_VETH)
            delete_link(host->fd, s->link);
    network_namespace_within(host->ns, delete_inside, &inside, NULL);
}

static int attach(struct work *host, struct work *inside, struct err *err)
{
    int r = do_host(host, err);

    if (r == 0)
        r = network_namespace_within(host->ns, do_inside, inside, err);
    if (r == 0)
        r = settle(host, err);
    if (r == 0)
        r = await(inside, NETWORK_ADDRESS, err);
    if (r == 0)
        r = announce(inside, err);
    if (r < 0)
        undo(host);
    return r;
}

int network_attach(struct store *s, int ns, const struct attachment *a, size_t n, struct err *err)
{
    _cleanup_network_plan_ network_plan plan = {0};
    _cleanup_(work_release) struct work host = {.store = s, .ns = ns, .fd = -1, .plan = &plan};
    _cleanup_(work_release) struct work inside = {.ns = ns, .fd = -1, .plan = &plan};
    int r = network_plan_make(a, n, &plan, err);

    if (r < 0)
        return r;
    host.fd = netlink_open(NETLINK_ROUTE);
    if (host.fd < 0)
        return err_errno(err, -host.fd, "netlink");
    return attach(&host, &inside, err);
}

/* ---- taking out ---- */

/* `index_of` of the work is who leaves. */
static int leave(void *data, struct err *err)
{
    const struct network_step *failed = NULL;
    struct work *w = data;
    const char *interface = w->index_of->interface;
    int r = 0;

    w->index_of = NULL;
    w->fd = netlink_open(NETLINK_ROUTE);
    if (w->fd < 0)
        return err_errno(err, -w->fd, "netlink");
    VEC_FOREACH (s, &w->plan->steps)
        if (s->kind == NETWORK_ROUTE && r == 0)
            r = add_inside(w, s, err);
    if (r < 0)
        return r;
    r = send_work(w, &failed);
    if (r < 0)
        return failure(failed, r, err);
    delete_link(w->fd, interface);
    return 0;
}

int network_detach(struct store *s, int ns, const struct attachment *a, const struct attachment *default4,
                   const struct attachment *default6, struct err *err)
{
    struct attachment routes[2];
    _cleanup_network_plan_ network_plan plan = {0};
    _cleanup_(work_release) struct work w = {.store = s, .ns = ns, .fd = -1, .plan = &plan, .index_of = a};
    size_t n = 0;
    int r;

    if (default4) {
        routes[n] = *default4;
        routes[n].gateway4 = true;
        routes[n++].gateway6 = false;
    }
    if (default6) {
        routes[n] = *default6;
        routes[n].gateway4 = false;
        routes[n++].gateway6 = true;
    }
    r = network_plan_make(routes, n, &plan, err);
    return r < 0 ? r : network_namespace_within(ns, leave, &w, err);
}
