#include "netlink/link.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <sys/ioctl.h>
#include <time.h>

/* ---- looking ---- */

static uint32_t u32_of(const struct nlmsghdr *m, size_t fixed, uint16_t type, uint32_t otherwise)
{
    size_t len;
    const void *p = netlink_data(netlink_find(m, fixed, type), &len);

    if (len == sizeof(otherwise))
        memcpy(&otherwise, p, len);
    return otherwise;
}

static void text_of(const struct nlattr *a, char *to, size_t size)
{
    size_t len;
    const char *p = netlink_data(a, &len);

    len = p ? strnlen(p, MIN_OF(len, size - 1)) : 0;
    if (len > 0)
        memcpy(to, p, len);
    to[len] = 0;
}

static bool read_link(const struct nlmsghdr *m, struct link *l)
{
    const struct ifinfomsg *info = NLMSG_DATA(m);
    const void *mac;
    size_t len;

    if (m->nlmsg_type != RTM_NEWLINK || m->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
        return false;
    *l = (struct link){.index = info->ifi_index, .flags = info->ifi_flags};
    text_of(netlink_find(m, sizeof(*info), IFLA_IFNAME), l->name, sizeof(l->name));
    text_of(netlink_find(m, sizeof(*info), IFLA_IFALIAS), l->alias, sizeof(l->alias));
    text_of(netlink_find_in(netlink_find(m, sizeof(*info), IFLA_LINKINFO), IFLA_INFO_KIND), l->kind, sizeof(l->kind));
    mac = netlink_data(netlink_find(m, sizeof(*info), IFLA_ADDRESS), &len);
    if (len == sizeof(l->mac))
        memcpy(l->mac, mac, len);
    mac = netlink_data(netlink_find(m, sizeof(*info), IFLA_OPERSTATE), &len);
    l->operational = mac && len == 1 ? *(const uint8_t *)mac : IF_OPER_UNKNOWN;
    l->mtu = u32_of(m, sizeof(*info), IFLA_MTU, 0);
    l->master = (int)u32_of(m, sizeof(*info), IFLA_MASTER, 0);
    l->peer = (int)u32_of(m, sizeof(*info), IFLA_LINK, 0);
    return true;
}

static void take_link(void *data, const struct nlmsghdr *m)
{
    struct link l;

    if (read_link(m, &l))
        *(struct link *)data = l;
}

static void ask_links(struct netlink_batch *b, uint16_t flags, const char *name, int index)
{
    struct ifinfomsg info = {.ifi_family = AF_UNSPEC, .ifi_index = index};

    netlink_begin(b, RTM_GETLINK, flags, &info, sizeof(info));
    if (name)
        netlink_add_text(b, IFLA_IFNAME, name);
    netlink_add_u32(b, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
}

static bool is_name(const char *name)
{
    return *name && strlen(name) < LINK_NAME_MAX;
}

int link_find(int fd, const char *name, int index, struct link *ret)
{
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
    int r;

    *ret = (struct link){0};
    if (name && !is_name(name))
        return -EINVAL;
    ask_links(&b, 0, name, name ? 0 : index);
    r = netlink_call(fd, &b, take_link, ret, NULL);
    return r < 0 ? r : ret->index ? 0 : -ENODEV;
}

static void list_link(void *data, const struct nlmsghdr *m)
{
    struct link l;

    if (read_link(m, &l))
        *VEC_PUSH((links *)data) = l;
}

/* A list that changed while it was read is read again, some times: on a busy host something changes always. */
enum { LIST_TRIES = 8 };

int link_list(int fd, links *ret)
{
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
    int r = -EINTR;

    for (int i = 0; i < LIST_TRIES && r == -EINTR; i++) {
        ret->n = 0;
        ask_links(&b, NLM_F_DUMP, NULL, 0);
        r = netlink_call(fd, &b, list_link, ret, NULL);
    }
    return r == -EINTR ? 0 : r;
}

int link_index(int fd, const char *name)
{
    struct ifreq q = {0};

    if (!is_name(name))
        return -EINVAL;
    memcpy(q.ifr_name, name, strlen(name));
    return ioctl(fd, SIOCGIFINDEX, &q) < 0 ? -errno : q.ifr_ifindex;
}

/* Asking by ioctl(2) is what does it, where the kernel is new (linkwatch_sync_dev(), 6.9); others have a worker that is
 * waited for. IFF_RUNNING does not tell: it is also set as long as nobody knows. */
int link_settle(int fd, const char *name)
{
    enum { PAUSE = 50000 /* ns */, TRIES = 2000 };
    struct ethtool_value v = {.cmd = ETHTOOL_GLINK};
    struct ifreq ask = {.ifr_data = (void *)&v};
    struct link l;

    if (!is_name(name))
        return -EINVAL;
    memcpy(ask.ifr_name, name, strlen(name));
    for (int i = 0; i < TRIES; i++) {
        int r = ioctl(fd, SIOCETHTOOL, &ask) < 0 ? -errno : link_find(fd, name, 0, &l);

        if (r < 0 || l.operational == IF_OPER_UP)
            return r;
        nanosleep(&(struct timespec){.tv_nsec = PAUSE}, NULL);
    }
    return -ETIMEDOUT;
}

/* ---- making ---- */

enum { MAKE = NLM_F_CREATE | NLM_F_EXCL };

static void begin_link(struct netlink_batch *b, uint16_t flags, const char *name, const uint8_t *mac, uint32_t mtu)
{
    struct ifinfomsg info = {.ifi_family = AF_UNSPEC};

    netlink_begin(b, RTM_NEWLINK, flags, &info, sizeof(info));
    netlink_add_text(b, IFLA_IFNAME, name);
    if (mac)
        netlink_add(b, IFLA_ADDRESS, mac, IP_MAC_LEN);
    if (mtu)
        netlink_add_u32(b, IFLA_MTU, mtu);
}

static size_t begin_kind(struct netlink_batch *b, const char *kind)
{
    size_t nest = netlink_open_nest(b, IFLA_LINKINFO);

    netlink_add_text(b, IFLA_INFO_KIND, kind);
    return nest;
}

static void add_kind(struct netlink_batch *b, const char *kind)
{
    netlink_close_nest(b, begin_kind(b, kind));
}

void link_bridge_add(struct netlink_batch *b, const char *name, const char *alias, const uint8_t mac[IP_MAC_LEN],
                     uint32_t mtu)
{
    size_t kind, data;

    begin_link(b, MAKE, name, mac, 0);
    kind = begin_kind(b, "bridge");
    data = netlink_open_nest(b, IFLA_INFO_DATA);
    /* Who listens to which group is only looked at where a router asks for it, but with each port that comes the timers
     * of all are set for it. And a VLAN that nobody asked for doubles the addresses of each port. */
    netlink_add_u8(b, IFLA_BR_MCAST_SNOOPING, 0);
    netlink_add_u16(b, IFLA_BR_VLAN_DEFAULT_PVID, 0);
    netlink_close_nest(b, data);
    netlink_close_nest(b, kind);
    netlink_tolerate(b, EEXIST);
    /* The size is set by a change, so that the bridge does not follow its ports. */
    link_change_add(b, &(struct link_change){.name = name, .alias = alias, .mtu = mtu, .no_ipv6_address = true});
    link_change_add(b, &(struct link_change){.name = name, .up = true});
}

/* One queue an end: the kernel would make as many as there are processors, each with a directory in /sys, and uses one.
 */
static void add_queues(struct netlink_batch *b)
{
    netlink_add_u32(b, IFLA_NUM_TX_QUEUES, 1);
    netlink_add_u32(b, IFLA_NUM_RX_QUEUES, 1);
}

void link_veth_add(struct netlink_batch *b, const struct link_veth *v)
{
    struct ifinfomsg info = {.ifi_family = AF_UNSPEC};
    size_t kind, data, peer;

    begin_link(b, MAKE, v->name, v->mac, v->mtu);
    add_queues(b);
    if (v->master)
        netlink_add_u32(b, IFLA_MASTER, (uint32_t)v->master);
    kind = begin_kind(b, "veth");
    data = netlink_open_nest(b, IFLA_INFO_DATA);
    peer = netlink_open_nest(b, VETH_INFO_PEER);
    netlink_add_fixed(b, &info, sizeof(info));
    netlink_add_text(b, IFLA_IFNAME, v->peer);
    if (v->peer_mac)
        netlink_add(b, IFLA_ADDRESS, v->peer_mac, IP_MAC_LEN);
    if (v->mtu)
        netlink_add_u32(b, IFLA_MTU, v->mtu);
    if (v->peer_ns >= 0)
        netlink_add_u32(b, IFLA_NET_NS_FD, (uint32_t)v->peer_ns);
    add_queues(b);
    netlink_close_nest(b, peer);
    netlink_close_nest(b, data);
    netlink_close_nest(b, kind);
}

void link_lan_add(struct netlink_batch *b, const struct link_lan *l)
{
    size_t kind, data;

    begin_link(b, MAKE, l->name, l->mac, l->mtu);
    netlink_add_u32(b, IFLA_LINK, (uint32_t)l->parent);
    if (l->ns >= 0)
        netlink_add_u32(b, IFLA_NET_NS_FD, (uint32_t)l->ns);
    kind = begin_kind(b, l->kind);
    data = netlink_open_nest(b, IFLA_INFO_DATA);
    if (strcmp(l->kind, "ipvlan") == 0) {
        netlink_add_u16(b, IFLA_IPVLAN_MODE, (uint16_t)l->mode);
        netlink_add_u16(b, IFLA_IPVLAN_FLAGS, l->ipvlan_flags);
    } else
        netlink_add_u32(b, IFLA_MACVLAN_MODE, l->mode);
    netlink_close_nest(b, data);
    netlink_close_nest(b, kind);
}

void link_vlan_add(struct netlink_batch *b, const char *name, const char *alias, int parent, uint16_t id)
{
    size_t kind, data;

    begin_link(b, MAKE, name, NULL, 0);
    netlink_add_u32(b, IFLA_LINK, (uint32_t)parent);
    kind = begin_kind(b, "vlan");
    data = netlink_open_nest(b, IFLA_INFO_DATA);
    netlink_add_u16(b, IFLA_VLAN_ID, id);
    netlink_close_nest(b, data);
    netlink_close_nest(b, kind);
    netlink_tolerate(b, EEXIST);
    link_change_add(b, &(struct link_change){.name = name, .alias = alias, .up = true});
}

void link_dummy_add(struct netlink_batch *b, const char *name, const char *alias)
{
    begin_link(b, MAKE, name, NULL, 0);
    add_kind(b, "dummy");
    netlink_tolerate(b, EEXIST);
    link_change_add(b, &(struct link_change){.name = name, .alias = alias, .up = true});
}

/* ---- changing ---- */

static void add_protocols(struct netlink_batch *b, const struct link_change *c)
{
    size_t all = netlink_open_nest(b, IFLA_AF_SPEC), family, conf;

    if (c->arp_notify) {
        family = netlink_open_nest(b, AF_INET);
        conf = netlink_open_nest(b, IFLA_INET_CONF);
        netlink_add_u32(b, IPV4_DEVCONF_ARP_NOTIFY, 1);
        netlink_close_nest(b, conf);
        netlink_close_nest(b, family);
    }
    if (c->no_ipv6_address) {
        family = netlink_open_nest(b, AF_INET6);
        netlink_add_u8(b, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
        netlink_close_nest(b, family);
    }
    netlink_close_nest(b, all);
}

static void add_port(struct netlink_batch *b, const struct link_change *c)
{
    size_t kind = netlink_open_nest(b, IFLA_LINKINFO), data;

    netlink_add_text(b, IFLA_INFO_SLAVE_KIND, "bridge");
    data = netlink_open_nest(b, IFLA_INFO_SLAVE_DATA);
    if (c->hairpin)
        netlink_add_u8(b, IFLA_BRPORT_MODE, 1);
    if (c->isolated)
        netlink_add_u8(b, IFLA_BRPORT_ISOLATED, 1);
    netlink_close_nest(b, data);
    netlink_close_nest(b, kind);
}

void link_change_add(struct netlink_batch *b, const struct link_change *c)
{
    struct ifinfomsg info = {
        .ifi_family = AF_UNSPEC,
        .ifi_index = c->index,
        .ifi_flags = c->up ? IFF_UP : 0,
        .ifi_change = c->up || c->down ? IFF_UP : 0,
    };

    netlink_begin(b, RTM_NEWLINK, 0, &info, sizeof(info));
    if (!c->index)
        netlink_add_text(b, IFLA_IFNAME, c->name);
    else if (c->new_name)
        netlink_add_text(b, IFLA_IFNAME, c->new_name);
    if (c->alias)
        netlink_add(b, IFLA_IFALIAS, c->alias, strlen(c->alias));
    if (c->mac)
        netlink_add(b, IFLA_ADDRESS, c->mac, IP_MAC_LEN);
    if (c->mtu)
        netlink_add_u32(b, IFLA_MTU, c->mtu);
    if (c->master)
        netlink_add_u32(b, IFLA_MASTER, c->master == LINK_NO_MASTER ? 0 : (uint32_t)c->master);
    if (c->arp_notify || c->no_ipv6_address)
        add_protocols(b, c);
    if (c->hairpin || c->isolated)
        add_port(b, c);
}

void link_delete_add(struct netlink_batch *b, int index)
{
    struct ifinfomsg info = {.ifi_family = AF_UNSPEC, .ifi_index = index};

    netlink_begin(b, RTM_DELLINK, 0, &info, sizeof(info));
}
