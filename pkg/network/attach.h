/* Putting a container on networks: first a plan, plain data, then its execution in as few messages as the kernel
 * allows.
 *
 * The network namespace is made by the container's monitor (network_namespace_make()) before there is a process in it:
 * links, addresses and routes are there when the program begins. What ends them is the death of the namespace, for
 * which nobody waits: removing a veth costs a grace period.
 */
#pragma once

#include "network/endpoint.h"
#include "network/network.h"

/* One attachment: which network, what was taken of it, and how it is to look inside. Borrowed. */
struct attachment {
    const struct store_network *network;
    const struct endpoint *endpoint;
    const char *interface;   /* "eth0" */
    bool gateway4, gateway6; /* its gateway is the container's default route of that family */
    char *const *sysctls;    /* NAME=VALUE of this interface: net.ipv4.conf.IFNAME.… */
};

/* What is to be done, in this order (network/plan.c): pure data. */
enum network_step_kind {
    NETWORK_BRIDGE,   /* the bridge, where it is missing, with its addresses, up */
    NETWORK_VETH,     /* the pair, its far end in the container, its near end on the bridge */
    NETWORK_LAN,      /* macvlan or ipvlan in the container */
    NETWORK_LOOPBACK, /* lo, up */
    NETWORK_ADDRESS,  /* in the container */
    NETWORK_UP,       /* the far end, then the near end */
    NETWORK_ROUTE,    /* in the container */
};
struct network_step {
    enum network_step_kind kind;
    const char *link, *peer; /* names */
    struct ip_net address;   /* and of a route where it leads */
    struct ip gateway;
    uint32_t mtu;
};
typedef VEC(struct network_step) network_plan;
int network_plan_make(const struct attachment *a, size_t n, network_plan *ret, struct err *err);

/* Makes a network namespace: its descriptor, the caller's. The calling process must have one thread; it is back in its
 * own namespace when this returns. */
int network_namespace_make(int *ret_fd, struct err *err);

/* Calls `fn` inside of the namespace: what sockets it opens belong there. For processes of one thread. */
int network_namespace_within(int ns, int (*fn)(void *data, struct err *err), void *data, struct err *err);

/* Puts the namespace on the networks. Bridges that are missing are made, and those that are full get a second one
 * beside them (a bridge has 1023 ports). Forwarding is switched on where it is off and a network needs it. On failure
 * nothing is left but bridges. `ns` is usable by others at once. */
int network_attach(struct store *s, int ns, const struct attachment *a, size_t n, struct err *err);

/* Takes one out again, of a container that goes on: link and routes. `default4`, `default6`: the attachment whose
 * gateways are the default from now on, or NULL. */
int network_detach(struct store *s, int ns, const struct attachment *a, const struct attachment *default4,
                   const struct attachment *default6, struct err *err);
