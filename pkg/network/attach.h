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
    char *const *addresses;  /* further ones, link-local: "169.254.1.1" */
    char *const *sysctls;    /* NAME=VALUE of this interface, whose name stands as IFNAME in them */
    bool by_runtime;         /* of a new container: what network_settings() says is set from inside */
};

/* What a container's own process sets when it starts, appended to `ret` as linux.sysctl has it. From outside it would
 * cost the more the more containers there are: the host's /proc remembers each namespace into which it was looked, and
 * looks through all that it remembers. */
void network_settings(const struct attachment *a, size_t n, char ***ret);

/* ERR_INVALID unless it is net.ipv4.…, net.ipv6.… or net.mpls.… of IFNAME alone. */
int network_sysctl_check(const char *sysctl, struct err *err);

/* What is to be done, in this order (network/plan.c): pure data. On the host up to NETWORK_LAN, in the container from
 * NETWORK_LOOPBACK on. */
enum network_step_kind {
    NETWORK_FORWARD,  /* the host forwards packets of this family */
    NETWORK_BRIDGE,   /* there, ours, up; made where it is missing */
    NETWORK_GATEWAY,  /* an address of the bridge */
    NETWORK_PARENT,   /* of macvlan and ipvlan: there; VLANs and dummies are made where they are missing */
    NETWORK_VETH,     /* the pair, its far end in the container, its near end on the bridge and up */
    NETWORK_LAN,      /* macvlan or ipvlan in the container */
    NETWORK_LOOPBACK, /* lo, up */
    NETWORK_SYSCTL,   /* `text` into the file `link` of /proc/sys */
    NETWORK_ADDRESS,
    NETWORK_UP,
    NETWORK_ROUTE,
    NETWORK_ANNOUNCE, /* who has these addresses now, to who remembers another */
};
enum { NETWORK_STEP_KINDS = NETWORK_ANNOUNCE + 1 };
struct network_step {
    enum network_step_kind kind;
    const struct attachment *of; /* NULL: of the container */
    char *link;                  /* which interface; of SYSCTL the file below /proc/sys */
    char *peer;                  /* of VETH the bridge, of LAN the parent, of a VLAN what it is on */
    char *text;                  /* of SYSCTL the value, of PARENT and LAN the kind: "dummy", "vlan", "macvlan", … */
    struct ip_net address;       /* of ROUTE where it leads; of FORWARD only the family counts */
    struct ip gateway;
    uint8_t mac[IP_MAC_LEN]; /* of BRIDGE, and of LAN where it has one */
    uint32_t mtu, mode;
    uint16_t flags, vlan;
    bool named;  /* BRIDGE: by the user, who may have made it; SYSCTL: the user's, and no error is forgiven */
    bool ipv6;   /* BRIDGE, UP: it has addresses of that family */
    bool notify; /* UP: tells its neighbours at once */
    bool apart;  /* BRIDGE, VETH: containers do not reach each other */
};
typedef struct network_plan {
    VEC(struct network_step) steps;
} network_plan;
void network_plan_release(network_plan *p);
#define _cleanup_network_plan_ _cleanup_(network_plan_release)

/* ERR_INVALID for what a network or an endpoint says and cannot be. The caller releases `ret`, whatever is returned. */
int network_plan_make(const struct attachment *a, size_t n, network_plan *ret, struct err *err);

/* Makes a network namespace: its descriptor, the caller's. The calling process must have one thread; it is back in its
 * own namespace when this returns. */
int network_namespace_make(int *ret_fd, struct err *err);

/* Calls `fn` inside of the namespace: what sockets it opens belong there. For processes of one thread. */
int network_namespace_within(int ns, int (*fn)(void *data, struct err *err), void *data, struct err *err);

/* Puts the namespace on the networks, a new one or one that is in use. Bridges that are missing are made, with the
 * ports of the containers that were on it, and those that are full get a second one beside them (a bridge has 1023
 * ports). Forwarding is switched on where it is off and a network needs it. On failure nothing is left but bridges.
 * `ns` is usable by others at once. */
int network_attach(struct store *s, int ns, const struct attachment *a, size_t n, struct err *err);

/* Takes one out again, of a container that goes on: link and routes. `default4`, `default6`: the attachment whose
 * gateways are the default from now on, or NULL. What is not there is no error. */
int network_detach(struct store *s, int ns, const struct attachment *a, const struct attachment *default4,
                   const struct attachment *default6, struct err *err);

/* Removes what the network has on the host and cbox made: bridges, dummies, VLANs. What is not there is no error. */
int network_links_remove(const struct store_network *n, struct err *err);

/* Whether a container is on one of its bridges: 1, 0 or -errno. For where nothing else tells. */
int network_links_used(const struct store_network *n);
