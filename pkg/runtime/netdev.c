#include "runtime/netdev.h"

#include "base/id.h"
#include "base/log.h"
#include "runtime/rtnl.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <linux/if_addr.h>
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

struct link {
    int index;
    unsigned flags;
};

static void take_link(const struct nlmsghdr *m, void *context)
{
    const struct ifinfomsg *info = NLMSG_DATA(m);

    if (m->nlmsg_type == RTM_NEWLINK && m->nlmsg_len >= NLMSG_LENGTH(sizeof(*info)))
        *(struct link *)context = (struct link){info->ifi_index, info->ifi_flags};
}

/* 0, or -ENODEV and others. */
static int find_link(int fd, const char *name, struct link *ret)
{
    struct ifinfomsg info = {.ifi_family = AF_UNSPEC};
    struct rtnl_request q;
    int r;

    *ret = (struct link){0};
    if (!*name || strlen(name) >= IFNAMSIZ)
        return -EINVAL;
    rtnl_begin(&q, RTM_GETLINK, 0, &info, sizeof(info));
    rtnl_add(&q, IFLA_IFNAME, name, strlen(name) + 1);
    r = rtnl_call(fd, &q, take_link, ret);
    return r < 0 ? r : ret->index ? 0 : -ENODEV;
}

static size_t copy_attribute(const struct nlmsghdr *m, unsigned short type, unsigned char to[ADDRESS_MAX])
{
    const struct rtattr *a = rtnl_find(m, sizeof(struct ifaddrmsg), type);
    size_t len = a ? RTA_PAYLOAD(a) : 0;

    if (!a || len > ADDRESS_MAX)
        return 0;
    memcpy(to, RTA_DATA(a), len);
    return len;
}

static uint32_t address_flags(const struct nlmsghdr *m, const struct ifaddrmsg *head)
{
    const struct rtattr *a = rtnl_find(m, sizeof(*head), IFA_FLAGS);
    uint32_t flags = head->ifa_flags;

    if (a && RTA_PAYLOAD(a) == sizeof(flags))
        memcpy(&flags, RTA_DATA(a), sizeof(flags));
    return flags;
}

static void take_address(const struct nlmsghdr *m, void *context)
{
    struct device *d = context;
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
    struct ifaddrmsg all = {.ifa_family = AF_UNSPEC};
    struct rtnl_request q;
    struct link link;
    int r = find_link(fd, d->spec->host_name, &link);

    if (r < 0)
        return r;
    d->index = link.index;
    d->up = link.flags & IFF_UP;
    rtnl_begin(&q, RTM_GETADDR, NLM_F_DUMP, &all, sizeof(all));
    return rtnl_call(fd, &q, take_address, d);
}

/* ---- changing ---- */

static int set_flags(int fd, int index, bool up)
{
    struct ifinfomsg info = {.ifi_index = index, .ifi_flags = up ? IFF_UP : 0, .ifi_change = IFF_UP};
    struct rtnl_request q;

    rtnl_begin(&q, RTM_NEWLINK, 0, &info, sizeof(info));
    return rtnl_call(fd, &q, NULL, NULL);
}

static int rename_link(int fd, int index, const char *name)
{
    struct ifinfomsg info = {.ifi_index = index};
    struct rtnl_request q;

    rtnl_begin(&q, RTM_NEWLINK, 0, &info, sizeof(info));
    rtnl_add(&q, IFLA_IFNAME, name, strlen(name) + 1);
    return rtnl_call(fd, &q, NULL, NULL);
}

/* Into another namespace, under a name that nobody has: its number may be another one there. */
static int change_namespace(int from, int to, int netns, int index, int *ret_index)
{
    struct ifinfomsg info = {.ifi_index = index};
    char unique[IFNAMSIZ] = "cbox";
    int32_t fd = netns;
    struct rtnl_request q;
    struct link link;
    int r;

    id_hex(unique + 4, 10);
    rtnl_begin(&q, RTM_NEWLINK, 0, &info, sizeof(info));
    rtnl_add(&q, IFLA_NET_NS_FD, &fd, sizeof(fd));
    rtnl_add(&q, IFLA_IFNAME, unique, strlen(unique) + 1);
    r = rtnl_call(from, &q, NULL, NULL);
    if (r == 0)
        r = find_link(to, unique, &link);
    if (r == 0)
        *ret_index = link.index;
    return r;
}

static int add_address(int fd, int index, const struct address *a)
{
    uint32_t flags = a->flags & ~(uint32_t)(IFA_F_PERMANENT | IFA_F_TENTATIVE | IFA_F_DADFAILED);
    struct ifaddrmsg head = a->head;
    struct rtnl_request q;
    int r;

    head.ifa_index = (unsigned)index;
    head.ifa_flags = 0;
    if (head.ifa_family == AF_INET6)
        flags |= IFA_F_NODAD; /* nobody else had it a moment ago */
    rtnl_begin(&q, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head));
    if (a->local_len)
        rtnl_add(&q, IFA_LOCAL, a->local, a->local_len);
    if (a->peer_len)
        rtnl_add(&q, IFA_ADDRESS, a->peer, a->peer_len);
    if (a->broadcast_len)
        rtnl_add(&q, IFA_BROADCAST, a->broadcast, a->broadcast_len);
    rtnl_add(&q, IFA_FLAGS, &flags, sizeof(flags));
    r = rtnl_call(fd, &q, NULL, NULL);
    return r == -EEXIST ? 0 : r;
}

/* The name, the addresses, and up. */
static int settle(int fd, const struct device *d, const char *name, bool up)
{
    int r = rename_link(fd, d->index, name);

    if (r == 0 && up)
        r = set_flags(fd, d->index, true);
    VEC_FOREACH (a, &d->addresses)
        if (r == 0)
            r = add_address(fd, d->index, a);
    return r;
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
    m->host = rtnl_open();
    if (m->host_ns < 0 || m->host < 0)
        return m->host_ns < 0 ? -errno : m->host;
    if (setns(m->netns, CLONE_NEWNET) < 0)
        return -errno;
    m->inside = rtnl_open();
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
