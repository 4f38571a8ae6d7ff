/* Networks of containers: making and removing them. What they are is on disk (store/network.h); what of it is in the
 * kernel (bridges, rules) is made when a container first needs it, and again when somebody took it away.
 */
#pragma once

#include "config/config.h"
#include "netlink/link.h"
#include "store/network.h"

/* What a network is asked to be; the rest is filled in: subnets from the pools (config/config.h, "address_pools"; those
 * of Docker where there are none), leaving out what the host routes and what other networks have. */
struct network_request {
    const char *name, *driver; /* driver NULL: bridge */
    bool internal, ipv6, no_ipv4, attachable;
    char *const *subnets, *const *ranges, *const *gateways; /* as written, matched to each other as Docker does */
    char *const *aux;                                       /* NAME=ADDRESS */
    char *const *options, *const *labels;                   /* NAME=VALUE */
};

/* Checks everything, chooses, writes it down, tells of it. ERR_EXISTS, ERR_INVALID, ERR_UNSUPPORTED for options of the
 * driver that are not known, and ERR_EXISTS naming the other network or the host's route that overlaps. */
int network_create(struct store *s, const struct config *config, const struct network_request *request,
                   struct store_network *ret, struct err *err);

/* store_network_find(), and a default bridge that has no subnets yet gets them. */
int network_open(struct store *s, const struct config *config, const char *name, struct store_network *ret,
                 struct err *err);

/* Removes it, from the kernel too. ERR_BUSY naming the containers that are on it; ERR_INVALID for those that are always
 * there. */
int network_remove(struct store *s, const char *name, struct err *err);

/* How containers reach the world by a bridge, of a family: with the host's addresses; so, and reached by their own from
 * outside; by their own alone; or not at all, and the host neither (internal networks only). */
enum network_gateway_mode { NETWORK_NAT, NETWORK_UNPROTECTED, NETWORK_ROUTED, NETWORK_ISOLATED };

/* What the options of a driver mean (com.docker.network.* under Docker's names, and ours without prefix). Text is the
 * network's. */
struct network_options {
    const char *bridge, *parent, *mode, *flag, *host_binding, *prefix; /* NULL: not said */
    uint32_t mtu;                                                      /* 0: the usual one */
    bool isolate, masquerade, icc;                                     /* true unless switched off */
    bool inhibit4;                                                     /* the bridge gets no address of IPv4 */
    enum network_gateway_mode mode4, mode6;
};
int network_options_read(const struct store_network *n, struct network_options *ret, struct err *err);

/* Of "eth0.50" the interface, the caller's to free, and the id of the VLAN on it; false for what is none. */
bool network_vlan_of(const char *name, char **ret_on, uint16_t *ret_id);

/* ---- plain data, for tests (network/pool.c) ---- */

struct network_pool {
    struct ip_net base;
    uint8_t bits; /* of the subnets cut out of it */
};
typedef VEC(struct network_pool) network_pools;

void network_pools_release(network_pools *p);
#define _cleanup_pools_ _cleanup_(network_pools_release)

/* The configuration's pools, and Docker's for a family that it has none of; those of IPv6 follow from the machine. */
int network_pools_of(const struct config *config, network_pools *ret, struct err *err);

/* The first subnet of the pools of this family that overlaps none of `taken`. ERR_NOT_FOUND: all are in use. */
int network_pool_choose(const network_pools *pools, uint16_t family, const ip_nets *taken, struct ip_net *ret,
                        struct err *err);
