/* Addresses and routes of link.h. */
#include "netlink/link.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_ether.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <time.h>

/* ---- changing ---- */

static void begin_address(struct netlink_batch *b, uint16_t type, uint16_t flags, int index,
                          const struct ip_net *address)
{
    const struct ip *a = &address->address;
    struct ifaddrmsg head = {
        .ifa_family = (uint8_t)a->family,
        .ifa_prefixlen = address->bits,
        .ifa_scope = a->family == AF_INET6 && a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80 ? RT_SCOPE_LINK
                                                                                                  : RT_SCOPE_UNIVERSE,
        .ifa_index = (uint32_t)index,
    };

    netlink_begin(b, type, flags, &head, sizeof(head));
    netlink_add(b, IFA_LOCAL, a->bytes, ip_len(a->family));
    netlink_add(b, IFA_ADDRESS, a->bytes, ip_len(a->family));
}

void link_address_add(struct netlink_batch *b, int index, const struct ip_net *address, bool check)
{
    begin_address(b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, index, address);
    if (address->address.family == AF_INET && address->bits < 31) {
        struct ip broadcast = ip_net_last(address);

        netlink_add(b, IFA_BROADCAST, broadcast.bytes, ip_len(AF_INET));
    }
    if (address->address.family == AF_INET6 && !check)
        netlink_add_u32(b, IFA_FLAGS, IFA_F_NODAD);
}

void link_address_delete_add(struct netlink_batch *b, int index, const struct ip_net *address)
{
    begin_address(b, RTM_DELADDR, 0, index, address);
}

void link_bridge_place_add(struct netlink_batch *b, int port, const uint8_t mac[IP_MAC_LEN])
{
    struct ndmsg head = {
        .ndm_family = AF_BRIDGE,
        .ndm_ifindex = port,
        .ndm_state = NUD_REACHABLE,
        .ndm_flags = NTF_MASTER | NTF_STICKY,
    };

    netlink_begin(b, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof(head));
    netlink_add(b, NDA_LLADDR, mac, IP_MAC_LEN);
}

static void begin_route(struct netlink_batch *b, uint16_t type, uint16_t flags, int index, const struct ip_net *to,
                        const struct ip *gateway)
{
    struct ip first = ip_net_first(to);
    bool by_gateway = gateway && ip_is_set(gateway);
    struct rtmsg head = {
        .rtm_family = (uint8_t)first.family,
        .rtm_dst_len = to->bits,
        .rtm_table = RT_TABLE_MAIN,
        .rtm_protocol = RTPROT_BOOT,
        .rtm_scope = by_gateway || first.family == AF_INET6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
        .rtm_type = RTN_UNICAST,
    };

    netlink_begin(b, type, flags, &head, sizeof(head));
    if (to->bits > 0)
        netlink_add(b, RTA_DST, first.bytes, ip_len(first.family));
    if (by_gateway)
        netlink_add(b, RTA_GATEWAY, gateway->bytes, ip_len(gateway->family));
    netlink_add_u32(b, RTA_OIF, (uint32_t)index);
}

void link_route_add(struct netlink_batch *b, int index, const struct ip_net *to, const struct ip *gateway,
                    uint32_t metric)
{
    begin_route(b, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, index, to, gateway);
    if (metric)
        netlink_add_u32(b, RTA_PRIORITY, metric);
}

void link_route_delete_add(struct netlink_batch *b, int index, const struct ip_net *to, const struct ip *gateway)
{
    begin_route(b, RTM_DELROUTE, 0, index, to, gateway);
}

/* ---- looking ---- */

/* A list that changed while it was read is read again, some times: on a busy host something changes always. */
enum { LIST_TRIES = 8 };

struct listing {
    ip_nets *nets;
    int index;         /* of addresses: the interface, or 0 */
    uint32_t metric;   /* of the default route found last */
    int default_index; /* and the interface that it leads to */
};

static bool read_ip(const struct nlattr *a, uint16_t family, struct ip *ret)
{
    size_t len;
    const void *p = netlink_data(a, &len);

    *ret = (struct ip){.family = family};
    if ((family != AF_INET && family != AF_INET6) || !p || len != ip_len(family))
        return false;
    memcpy(ret->bytes, p, len);
    return true;
}

static void take_address(void *data, const struct nlmsghdr *m)
{
    const struct ifaddrmsg *head = NLMSG_DATA(m);
    struct listing *l = data;
    struct ip_net n;

    if (m->nlmsg_type != RTM_NEWADDR || m->nlmsg_len < NLMSG_LENGTH(sizeof(*head)) ||
        (l->index && head->ifa_index != (uint32_t)l->index))
        return;
    n.bits = head->ifa_prefixlen;
    if ((read_ip(netlink_find(m, sizeof(*head), IFA_LOCAL), head->ifa_family, &n.address) ||
         read_ip(netlink_find(m, sizeof(*head), IFA_ADDRESS), head->ifa_family, &n.address)) &&
        n.bits <= ip_len(n.address.family) * 8)
        *VEC_PUSH(l->nets) = n;
}

int link_addresses(int fd, int index, ip_nets *ret)
{
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
    struct ifaddrmsg all = {.ifa_family = AF_UNSPEC, .ifa_index = (uint32_t)index};
    struct listing l = {.nets = ret, .index = index};
    size_t before = ret->n;
    int r = -EINTR;

    for (int i = 0; i < LIST_TRIES && r == -EINTR; i++) {
        ret->n = before;
        netlink_begin(&b, RTM_GETADDR, NLM_F_DUMP, &all, sizeof(all));
        r = netlink_call(fd, &b, take_address, &l, NULL);
    }
    return r == -EINTR ? 0 : r;
}

static uint32_t route_u32(const struct nlmsghdr *m, uint16_t type)
{
    size_t len;
    const void *p = netlink_data(netlink_find(m, sizeof(struct rtmsg), type), &len);
    uint32_t value = 0;

    if (len == sizeof(value))
        memcpy(&value, p, len);
    return value;
}

static void take_default(struct listing *l, const struct nlmsghdr *m, const struct rtmsg *head)
{
    uint32_t metric = route_u32(m, RTA_PRIORITY), out = route_u32(m, RTA_OIF);

    if (head->rtm_type != RTN_UNICAST || head->rtm_table != RT_TABLE_MAIN || !out ||
        (l->default_index && l->metric <= metric))
        return;
    l->default_index = (int)out;
    l->metric = metric;
}

static void take_route(void *data, const struct nlmsghdr *m)
{
    static const uint8_t types[] = {RTN_UNICAST, RTN_BLACKHOLE, RTN_UNREACHABLE, RTN_PROHIBIT};
    const struct rtmsg *head = NLMSG_DATA(m);
    struct listing *l = data;
    struct ip_net n;

    if (m->nlmsg_type != RTM_NEWROUTE || m->nlmsg_len < NLMSG_LENGTH(sizeof(*head)) ||
        (head->rtm_flags & RTM_F_CLONED) || !memchr(types, head->rtm_type, sizeof(types)))
        return;
    if (head->rtm_dst_len == 0)
        take_default(l, m, head);
    n.bits = head->rtm_dst_len;
    if (n.bits > 0 && l->nets && read_ip(netlink_find(m, sizeof(*head), RTA_DST), head->rtm_family, &n.address) &&
        n.bits <= ip_len(n.address.family) * 8)
        *VEC_PUSH(l->nets) = n;
}

static int list_routes(int fd, uint16_t family, struct listing *l)
{
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
    struct rtmsg all = {.rtm_family = (uint8_t)family};
    size_t before = l->nets ? l->nets->n : 0;
    int r = -EINTR;

    for (int i = 0; i < LIST_TRIES && r == -EINTR; i++) {
        if (l->nets)
            l->nets->n = before;
        l->default_index = 0;
        netlink_begin(&b, RTM_GETROUTE, NLM_F_DUMP, &all, sizeof(all));
        r = netlink_call(fd, &b, take_route, l, NULL);
    }
    return r == -EINTR ? 0 : r;
}

static void take_local(void *data, const struct nlmsghdr *m)
{
    const struct rtmsg *head = NLMSG_DATA(m);

    if (m->nlmsg_type == RTM_NEWROUTE && m->nlmsg_len >= NLMSG_LENGTH(sizeof(*head)))
        *(bool *)data = head->rtm_type == RTN_LOCAL;
}

int link_await_address(int fd, const struct ip *address)
{
    enum { PAUSE = 50000 /* ns */, TRIES = 20000 };
    struct rtmsg head = {.rtm_family = AF_INET6, .rtm_dst_len = 128};
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
    bool is_local = false;

    if (address->family != AF_INET6)
        return 0;
    for (int i = 0; i < TRIES; i++) {
        int r;

        netlink_begin(&b, RTM_GETROUTE, 0, &head, sizeof(head));
        netlink_add(&b, RTA_DST, address->bytes, ip_len(AF_INET6));
        r = netlink_call(fd, &b, take_local, &is_local, NULL);
        if (is_local)
            return 0;
        if (r < 0 && r != -ENETUNREACH && r != -EHOSTUNREACH)
            return r;
        nanosleep(&(struct timespec){.tv_nsec = PAUSE}, NULL);
    }
    return -ETIMEDOUT;
}

int link_routed(int fd, ip_nets *ret)
{
    struct listing l = {.nets = ret};
    int r = list_routes(fd, AF_INET, &l);

    if (r == 0)
        r = list_routes(fd, AF_INET6, &l);
    if (r == -EOPNOTSUPP || r == -EAFNOSUPPORT)
        r = 0; /* a kernel without IPv6 */
    return r < 0 ? r : link_addresses(fd, 0, ret);
}

int link_default(int fd, uint16_t family, int *ret_index)
{
    struct listing l = {0};
    int r = list_routes(fd, family, &l);

    *ret_index = r == 0 ? l.default_index : 0;
    return r;
}

/* ---- routes ---- */

static void take_way(void *data, const struct nlmsghdr *m)
{
    const struct rtmsg *head = NLMSG_DATA(m);
    struct link_route route = {0};
    link_route_list *list = data;

    if (m->nlmsg_type != RTM_NEWROUTE || m->nlmsg_len < NLMSG_LENGTH(sizeof(*head)) ||
        (head->rtm_flags & RTM_F_CLONED) || head->rtm_type != RTN_UNICAST || head->rtm_table != RT_TABLE_MAIN)
        return;
    route.to.bits = head->rtm_dst_len;
    route.to.address.family = head->rtm_family;
    if (head->rtm_dst_len && (!read_ip(netlink_find(m, sizeof(*head), RTA_DST), head->rtm_family, &route.to.address) ||
                              head->rtm_dst_len > ip_len(head->rtm_family) * 8))
        return;
    if (!netlink_find(m, sizeof(*head), RTA_GATEWAY) ||
        !read_ip(netlink_find(m, sizeof(*head), RTA_GATEWAY), head->rtm_family, &route.gateway))
        route.gateway = IP_NONE;
    route.index = (int)route_u32(m, RTA_OIF);
    *VEC_PUSH(list) = route;
}

int link_routes(int fd, link_route_list *ret)
{
    static const uint8_t families[] = {AF_INET, AF_INET6};
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
    int r = 0;

    for (size_t f = 0; f < ARRAY_SIZE(families) && r == 0; f++) {
        struct rtmsg all = {.rtm_family = families[f]};
        size_t before = ret->n;

        r = -EINTR;
        for (int i = 0; i < LIST_TRIES && r == -EINTR; i++) {
            ret->n = before;
            netlink_begin(&b, RTM_GETROUTE, NLM_F_DUMP, &all, sizeof(all));
            r = netlink_call(fd, &b, take_way, ret, NULL);
        }
        /* One that changed meanwhile came whole; a kernel without IPv6 has none. */
        if (r == -EINTR || r == -EOPNOTSUPP || r == -EAFNOSUPPORT)
            r = 0;
    }
    return r;
}
