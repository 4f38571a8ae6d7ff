/* Networks: what the user made, or cbox at first use.
 *
 *     networks/NAME/network.json      struct store_network
 *
 * A network appears whole by one rename and goes by one rename into the trash; the directory is its lock (flock(2)), as
 * a volume's (store/volume.h). Addresses that are in use are in the state directory (network/endpoint.h).
 */
#pragma once

#include "base/id.h"
#include "base/ip.h"
#include "base/vec.h"
#include "store/store.h"

/* IPAM.Config. Text, as Docker's API has it; what was not asked for was filled in when it was made. */
struct store_network_subnet {
    char *subnet, *ip_range, *gateway;
    char **aux_addresses; /* NAME=ADDRESS: never given to a container */
    bool chosen;          /* by the user: containers may ask for addresses of it */
};

/* network.json */
struct store_network {
    char *id, *name;
    char *driver; /* "bridge", "macvlan", "ipvlan"; "host", "null" of the two that are always there */
    int64_t created;
    bool ipv6, internal;
    bool no_ipv4, attachable;
    char **options, **labels;                 /* NAME=VALUE */
    VEC(struct store_network_subnet) subnets; /* at most one a family */
    char *bridge;                             /* the interface: the bridge, or the parent of macvlan and ipvlan */
};

extern const struct json_type store_network_type;
void store_network_release(struct store_network *n);
#define _cleanup_network_     _cleanup_(store_network_release)

#define STORE_NETWORK_DEFAULT "bridge"

/* Whether `name` can be a network's; ERR_INVALID in Docker's words. */
int store_network_check_name(const char *name, struct err *err);

/* Makes it, on disk when this returns. ERR_EXISTS: `network with name X already exists`. */
int store_network_create(struct store *s, const struct store_network *n, struct err *err);

/* By name, id or the start of an id, names first; "host", "none" and "bridge" always exist. ERR_NOT_FOUND: `network X
 * not found`; ERR_INVALID where several ids start so; ERR_CORRUPT. The caller releases `ret` after 0. The default
 * bridge that was not used yet has no subnets (network_open() in network/network.h chooses them); its id stays. */
int store_network_find(struct store *s, const char *text, struct store_network *ret, struct err *err);

/* The names of all, sorted, those that always exist among them; the caller frees the vector. */
int store_network_list(struct store *s, char ***ret, struct err *err);

/* Takes the lock; held until the descriptor is closed. ERR_NOT_FOUND. */
int store_network_lock(struct store *s, const char *name, int *ret_fd, struct err *err);

/* For who makes one: no other is made as long as the descriptor is open. */
int store_network_lock_all(struct store *s, int *ret_fd, struct err *err);

/* Whether this very network is still there; ERR_NOT_FOUND where it was removed since it was found, even if another has
 * its name now. */
int store_network_check(struct store *s, const struct store_network *n, struct err *err);

/* "bridge", "host", "none": always there, whatever is on disk. */
bool store_network_is_predefined(const char *name);

/* Removes one whose lock the caller holds. */
int store_network_remove(struct store *s, const char *name, struct err *err);
