#include "runtime/netdev.h"

#include "base/id.h"
#include "base/log.h"
#include "netlink/link.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>

enum { ADDRESS_MAX = 16, ADDRESSES_MAX = 4096 };

struct address {
    struct ifaddrmsg head;
    unsigned char local[ADDRESS_MAX], peer[ADDRESS_MAX], broadcast[ADDRESS_MAX];
    size_t local_len, peer_len, broadcast_len;
    uint32_t flags;
};

struct device {
    const struct oci_net_device *spec;
    int index; /* where it is now */
    bool up, moved;
    VEC(struct address) addresses;
};

struct move {
    int host, inside; /* sockets */
    int host_ns, netns;
    VEC(struct device) devices;
};

static void release(struct move *m)
{
    m->host = fd_close(m->host);
    m->inside = fd_close(m->inside);
    m->host_ns = fd_close(m->host_ns);
    m->netns = fd_close(m->netns);
    VEC_FOREACH (d, &m->devices)
        free(d->addresses.v);
    free(m->devices.v);
}

/* ---- looking ---- */

static size_t copy_attribute(const struct nlmsghdr *m, unsigned short type, unsigned char to[ADDRESS_MAX])
{
    size_t len;
    const void *p = netlink_data(netlink_find(m, sizeof(struct ifaddrmsg), type), &len);

    if (!p || len > ADDRESS_MAX)
        return 0;
    memcpy(to, p, len);
    return len;
}

static uint32_t address_flags(const struct nlmsghdr *m, const struct ifaddrmsg *head)
{
    size_t len;
    const void *p = netlink_data(netlink_find(m, sizeof(*head), IFA_FLAGS), &len);
    uint32_t flags = head->ifa_flags;

    if (len == sizeof(flags))
        memcpy(&flags, p, len);
    return flags;
}

static void take_address(void *data, const struct nlmsghdr *m)
{
    struct device *d = data;
    const struct ifaddrmsg *head = NLMSG_DATA(m);
    struct address a = {0};

    if (m->nlmsg_type != RTM_NEWADDR || m->nlmsg_len < NLMSG_LENGTH(sizeof(*head)) ||
        head->ifa_index != (unsigned)d->index || head->ifa_scope != RT_SCOPE_UNIVERSE ||
        d->addresses.n == ADDRESSES_MAX)
        return;
    a.head = *head;
    a.flags = address_flags(m, head);
    a.local_len = copy_attribute(m, IFA_LOCAL, a.local);
    a.peer_len = copy_attribute(m, IFA_ADDRESS, a.peer);
    a.broadcast_len = copy_attribute(m, IFA_BROADCAST, a.broadcast);
    if (a.flags & IFA_F_PERMANENT)
        *VEC_PUSH(&d->addresses) = a;
}

static int look_at(int fd, struct device *d)
{
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
    struct ifaddrmsg all = {.ifa_family = AF_UNSPEC};
    struct link link;
    int r = link_find(fd, d->spec->host_name, 0, &link);

    if (r < 0)
        return r;
    d->index = link.index;
    d->up = link.flags & IFF_UP;
    netlink_begin(&b, RTM_GETADDR, NLM_F_DUMP, &all, sizeof(all));
    r = netlink_call(fd, &b, take_address, d, NULL);
    return r == -EINTR ? 0 : r; /* another interface's changed meanwhile */
}

/* ---- changing ---- */

/* Into another namespace, under a name that nobody has: its number may be another one there. */
static int change_namespace(int from, int to, int netns, int index, int *ret_index)
{
    struct ifinfomsg info = {.ifi_index = index};
    char unique[IFNAMSIZ] = "cbox";
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
    struct link link;
    int r;

    id_hex(unique + 4, 10);
    netlink_begin(&b, RTM_NEWLINK, 0, &info, sizeof(info));
    netlink_add_u32(&b, IFLA_NET_NS_FD, (uint32_t)netns);
    netlink_add_text(&b, IFLA_IFNAME, unique);
    r = netlink_call(from, &b, NULL, NULL, NULL);
    if (r == 0)
        r = link_find(to, unique, 0, &link);
    if (r == 0)
        *ret_index = link.index;
    return r;
}

static void add_address(struct netlink_batch *b, int index, const struct address *a)
{
    uint32_t flags = a->flags & ~(uint32_t)(IFA_F_PERMANENT | IFA_F_TENTATIVE | IFA_F_DADFAILED);
    struct ifaddrmsg head = a->head;

    head.ifa_index = (unsigned)index;
    head.ifa_flags = 0;
    if (head.ifa_family == AF_INET6)
        flags |= IFA_F_NODAD; /* nobody else had it a moment ago */
    netlink_begin(b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head));
    netlink_tolerate(b, EEXIST);
    if (a->local_len)
        netlink_add(b, IFA_LOCAL, a->local, a->local_len);
    if (a->peer_len)
        netlink_add(b, IFA_ADDRESS, a->peer, a->peer_len);
    if (a->broadcast_len)
        netlink_add(b, IFA_BROADCAST, a->broadcast, a->broadcast_len);
    netlink_add_u32(b, IFA_FLAGS, flags);
}

/* The name, the addresses, and up. */
static int settle(int fd, const struct device *d, const char *name, bool up)
{
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;

    link_change_add(&b, &(struct link_change){.index = d->index, .new_name = name});
    if (up)
        link_change_add(&b, &(struct link_change){.index = d->index, .up = true});
    VEC_FOREACH (a, &d->addresses)
        add_address(&b, d->index, a);
    return netlink_call(fd, &b, NULL, NULL, NULL);
}

static void move_back(struct move *m, struct device *d)
{
    int r = d->moved ? change_namespace(m->inside, m->host, m->host_ns, d->index, &d->index) : 0;

    if (r == 0 && d->moved)
        r = settle(m->host, d, d->spec->host_name, d->up);
    if (r < 0)
        log_debug("linux.netDevices.%s: moving it back: %s", d->spec->host_name, strerror(-r));
}

static int move_in(struct move *m, struct device *d, struct err *err)
{
    const char *host_name = d->spec->host_name, *name = str_empty(d->spec->name) ? host_name : d->spec->name;
    int r = look_at(m->host, d);

    if (r < 0)
        return err_errno(err, -r, "linux.netDevices.%s", host_name);
    r = change_namespace(m->host, m->inside, m->netns, d->index, &d->index);
    if (r < 0)
        return err_errno(err, -r, "linux.netDevices.%s: moving it", host_name);
    d->moved = true;
    r = settle(m->inside, d, name, true);
    if (r == -EEXIST)
        return err_set(err, ERR_EXISTS, "linux.netDevices.%s.name: the container has a \"%s\" already", host_name,
                       name);
    return r < 0 ? err_errno(err, -r, "linux.netDevices.%s: setting up %s", host_name, name) : 0;
}

/* Sockets belong to the namespace in which they were made. */
static int open_sockets(struct move *m, pid_t pid)
{
    _cleanup_free_ char *path = str_printf("/proc/%d/ns/net", (int)pid);
    int r = 0;

    m->netns = open(path, O_RDONLY | O_CLOEXEC);
    if (m->netns < 0)
        return -errno;
    m->host_ns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    m->host = netlink_open(NETLINK_ROUTE);
    if (m->host_ns < 0 || m->host < 0)
        return m->host_ns < 0 ? -errno : m->host;
    if (setns(m->netns, CLONE_NEWNET) < 0)
        return -errno;
    m->inside = netlink_open(NETLINK_ROUTE);
    if (m->inside < 0)
        r = m->inside;
    if (setns(m->host_ns, CLONE_NEWNET) < 0)
        r = -errno;
    return r;
}

int netdev_move(const struct oci_linux *l, pid_t pid, struct err *err)
{
    _cleanup_(release) struct move m = {-1, -1, -1, -1, {0}};
    int r = l->net_devices.n ? open_sockets(&m, pid) : 0;

    if (r < 0)
        return err_errno(err, -r, "linux.netDevices: entering the network namespace");
    VEC_FOREACH (spec, &l->net_devices) {
        struct device *d = VEC_PUSH(&m.devices);

        d->spec = spec;
        r = move_in(&m, d, err);
        if (r < 0)
            break;
    }
    for (size_t i = m.devices.n; r < 0 && i-- > 0;)
        move_back(&m, &m.devices.v[i]);
    return r;
}
