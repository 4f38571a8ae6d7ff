/* Interfaces, addresses, routes: rtnetlink(7). Functions that end in _add put a request into a batch, so that several
 * go to the kernel at once (netlink/message.h); the others ask and wait. Names of interfaces have at most 15 bytes. */
#pragma once

#include "base/ip.h"
#include "base/vec.h"
#include "netlink/message.h"

enum { LINK_NAME_MAX = 16 };

/* An interface as the kernel lists it. */
struct link {
    int index;
    char name[LINK_NAME_MAX];
    char kind[LINK_NAME_MAX]; /* "bridge", "veth", …, or "" */
    char alias[256];          /* IFLA_IFALIAS: ours says whose it is */
    uint8_t mac[IP_MAC_LEN];
    unsigned flags; /* IFF_… */
    uint32_t mtu;
    int master;          /* index of the bridge that it is a port of, or 0 */
    int peer;            /* IFLA_LINK, or 0 */
    uint8_t operational; /* IFLA_OPERSTATE: IF_OPER_UP, … */
};
typedef VEC(struct link) links;

/* -errno; -ENODEV where there is none. By name, or where that is NULL by index. */
int link_find(int fd, const char *name, int index, struct link *ret);
int link_list(int fd, links *ret);

/* Its index, with a look at nothing else; -ENODEV. */
int link_index(int fd, const char *name);

/* What waits for the kernel's own time once both ends of a pair are up is done when this returns: until then a bridge
 * does not forward to a port, and what a program sends is dropped. -errno; -ETIMEDOUT after a tenth of a second, as of
 * a bridge that looks for loops first. */
int link_settle(int fd, const char *name);

/* Makes a bridge, up, where there is none of that name, without an address of IPv6 of its own making. */
void link_bridge_add(struct netlink_batch *b, const char *name, const char *alias, const uint8_t mac[IP_MAC_LEN],
                     uint32_t mtu);

/* A veth in one message: the near end on the bridge `master` (index; 0: none), the far end in the network namespace of
 * the descriptor `peer_ns` (-1: here). Both are down: IFF_UP in it costs a grace period, and fails (veth(4)). */
struct link_veth {
    const char *name, *peer;
    const uint8_t *mac, *peer_mac; /* NULL: the kernel's choice */
    uint32_t mtu;                  /* 0: the usual one */
    int master, peer_ns;
};
void link_veth_add(struct netlink_batch *b, const struct link_veth *v);

/* macvlan, ipvlan: on the interface `parent` (index), in the namespace `ns` (-1: here). Modes as the kernel numbers
 * them. */
struct link_lan {
    const char *kind, *name; /* "macvlan", "ipvlan" */
    uint32_t mode, mtu;
    uint16_t ipvlan_flags;
    const uint8_t *mac;
    int parent, ns;
};
void link_lan_add(struct netlink_batch *b, const struct link_lan *l);
void link_vlan_add(struct netlink_batch *b, const char *name, const char *alias, int parent, uint16_t id);
void link_dummy_add(struct netlink_batch *b, const char *name, const char *alias);

/* Changes one: what is 0, NULL or false stays as it is. */
struct link_change {
    int index;        /* 0: by name */
    const char *name; /* of which one */
    const char *new_name, *alias;
    const uint8_t *mac;
    uint32_t mtu;
    int master; /* LINK_NO_MASTER: none */
    bool up, down;
    bool no_ipv6_address; /* none of its own making */
    bool arp_notify;
    /* Of a port, until it leaves its bridge: what came from it may go back to it (IFLA_BRPORT_MODE); nothing passes
     * between it and others that are isolated (IFLA_BRPORT_ISOLATED). */
    bool hairpin, isolated;
};
enum { LINK_NO_MASTER = -1 };
void link_change_add(struct netlink_batch *b, const struct link_change *c);
void link_delete_add(struct netlink_batch *b, int index);

/* Usable at once (IFA_F_NODAD), unless the kernel is to check that no other has it. */
void link_address_add(struct netlink_batch *b, int index, const struct ip_net *address, bool check);
void link_address_delete_add(struct netlink_batch *b, int index, const struct ip_net *address);
/* Waits until packets to an address of IPv6 that was added are taken in: a worker of the kernel sees to that. -errno;
 * -ETIMEDOUT after a second. Of IPv4 they are from the start. */
int link_await_address(int fd, const struct ip *address);

/* Frames to `mac` leave a bridge by this port, whatever port they were seen on, or are seen on later; forgotten with
 * time, as what a bridge learns. (An entry for good would be told to all other ports.) */
void link_bridge_place_add(struct netlink_batch *b, int port, const uint8_t mac[IP_MAC_LEN]);

/* A route to `to` (bits 0: the default), by `gateway` (none: on the link itself), in the place of one that is there.
 * `metric` 0: the usual one. */
void link_route_add(struct netlink_batch *b, int index, const struct ip_net *to, const struct ip *gateway,
                    uint32_t metric);
void link_route_delete_add(struct netlink_batch *b, int index, const struct ip_net *to, const struct ip *gateway);

typedef VEC(struct ip_net) ip_nets;

/* All networks that the host has routes to (the default route left out) or addresses in, of all tables. -errno. The
 * caller frees `ret->v`. */
int link_routed(int fd, ip_nets *ret);
/* The host's own addresses, of an interface (index; 0: of all), with their networks. */
int link_addresses(int fd, int index, ip_nets *ret);
/* The interface that the default route of a family goes by: its index, 0 where there is none. */
int link_default(int fd, uint16_t family, int *ret_index);

/* A route that packets take: of the main table, to somewhere. */
struct link_route {
    struct ip_net to;  /* bits 0: everywhere */
    struct ip gateway; /* not set: on the link itself */
    int index;         /* of the interface */
};
typedef VEC(struct link_route) link_route_list;

/* Those of both families, in the kernel's order. -errno. The caller frees `ret->v`. */
int link_routes(int fd, link_route_list *ret);
