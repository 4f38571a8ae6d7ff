/* Endpoints: a container on a network, and the addresses that it has there. They mean nothing after a reboot.
 *
 *     <state>/networks/ID/endpoints     the table of a network: a line an endpoint, its fields in struct endpoint's
 * order
 *
 * The table is replaced whole (rename(2)) by whoever holds the network's lease lock, <state>/networks/ID/lock, for the
 * moment of a change; who reads takes no lock. It is what a container's names are answered from.
 *
 * An endpoint belongs to a container, and is in use as long as the container's directory is locked (store/container.h):
 * whatever killed its owner, the next one who needs the address finds it free. One of a container that was stopped
 * stays in the table, not in use, so that it gets the same addresses when it is started again; another container gets
 * them when no others are left.
 */
#pragma once

#include "base/ip.h"
#include "base/vec.h"
#include "store/network.h"

struct endpoint {
    char *container;         /* id */
    char *id;                /* of the endpoint, 64 hex digits */
    char *name;              /* of the container */
    char **aliases;          /* names that it has on this network beside its own and the start of its id */
    struct ip ip4, ip6;      /* those it has not are not set */
    uint8_t mac[IP_MAC_LEN]; /* derived from the address, unless it was asked for */
    char *link;              /* of the host's end, "" where there is none */
    bool in_use;
};
void endpoint_release(struct endpoint *e);
#define _cleanup_endpoint_ _cleanup_(endpoint_release)
typedef VEC(struct endpoint) endpoints;
#define _cleanup_endpoints_ _cleanup_(endpoints_release)
void endpoints_release(endpoints *e);

/* What a container asks for: fields that are not set are chosen. All is borrowed. */
struct endpoint_request {
    const char *container, *name;
    char *const *aliases;
    struct ip ip4, ip6;
    const uint8_t *mac;
};

/* Takes addresses: those that it had, if they are free, or the lowest that are. Called by the holder of the container's
 * lock. ERR_INVALID for an address outside of the subnet; ERR_EXISTS for one in use, naming the container that has it;
 * ERR_NO_SPACE where none is free. The caller releases `ret` after 0. */
int endpoint_take(struct store *s, const struct store_network *n, const struct endpoint_request *request,
                  struct endpoint *ret, struct err *err);

/* Gives them back; with `forget` the container does not come again. What is not there is no error. `network`: the id.
 */
int endpoint_give_back(struct store *s, const char *network, const char *container, bool forget, struct err *err);

/* All of a container's, on whichever networks: for who cleans up after one that crashed, or is removed. */
int endpoint_give_back_all(struct store *s, const char *container, bool forget, struct err *err);

/* Another name, or other aliases (NULL: stay), of one that is there. */
int endpoint_rename(struct store *s, const char *network, const char *container, const char *name, char *const *aliases,
                    struct err *err);

/* The table as it is, those in use only where `in_use`. A network without a table has none. */
int endpoint_list(struct store *s, const char *network, bool in_use, endpoints *ret, struct err *err);

/* One container's; ERR_NOT_FOUND. */
int endpoint_find(struct store *s, const char *network, const char *container, struct endpoint *ret, struct err *err);

/* ---- for who answers names: a table kept in mind as long as it has not changed ---- */

struct endpoint_table; /* of one network */
int endpoint_table_open(struct store *s, const char *network, struct endpoint_table **ret, struct err *err);
void endpoint_table_free(struct endpoint_table *t);
/* The endpoints in use that have this name (their own, an alias, or 12 digits or more of an id; letters' case does not
 * count), added to `ret`; or the name of who has this address. Looks first whether the table has changed. */
typedef VEC(struct ip) ips;
void endpoint_table_names(struct endpoint_table *t, const char *name, uint16_t family, ips *ret);
char *endpoint_table_reverse(struct endpoint_table *t, const struct ip *address); /* the container's name, or NULL */
