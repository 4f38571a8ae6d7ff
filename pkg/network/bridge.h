/* What a network has on the host: bridges, and parents of macvlan and ipvlan. Only for network/. */
#pragma once

#include "network/attach.h"

/* By which an interface is known as ours: "cbox ID". The caller frees it. */
char *network_alias(const struct store_network *n);

/* The bridge of a step, there and up: its index. A missing one is made, and gets the ports back that it had. ERR_EXISTS
 * where another's interface has the name. `fd`: a socket of the host's namespace. */
int network_bridge_ensure(int fd, struct store *s, const struct network_step *step, int *ret_index, struct err *err);

/* For a bridge that is refused addresses of IPv6, since somebody switched it off there. 0 or -errno. */
int network_bridge_allow_ipv6(const struct network_step *bridge);

/* How many bridges there are beside the first; the index of one of them (from 1). */
unsigned network_bridge_more(int fd, const struct network_step *step);
int network_bridge_nth(int fd, const struct network_step *step, unsigned nth);

/* Where all are full: one more, joined to the first, which gives a port away for it. */
int network_bridge_widen(int fd, struct store *s, const struct network_step *step, unsigned nth, int *ret_index,
                         struct err *err);

/* The parent of a step, there and up: its index. ERR_NOT_FOUND. */
int network_parent_ensure(int fd, const struct network_step *step, int *ret_index, struct err *err);

/* Switches forwarding on where it is off, and writes down that it did (network/forward.c). */
int network_forward(struct store *s, uint16_t family, struct err *err);

/* For which families it did, since the boot and in this network namespace. */
enum { NETWORK_FORWARDS4 = 1, NETWORK_FORWARDS6 = 2 };
unsigned network_forwards(struct store *s);

/* Whether the host's rules see what a bridge only forwards of a family (br_netfilter, which Docker and Kubernetes
 * switch on). */
bool network_bridges_are_filtered(uint16_t family);

/* What a port of the first bridge of a step (BRIDGE or VETH), or of another, is to be, to be set whenever one was put
 * there; whose it is, is for the caller to say. */
struct link_change network_port(const struct network_step *step, bool first);

/* A text into a file below /proc/sys: 0 or -errno. */
int network_sysctl_write(const char *file, const char *text);
