/* What a container's networks know of names and addresses: the answers that need nobody else. Without I/O of its own:
 * tables are asked through two functions.
 */
#pragma once

#include "network/dns_message.h"
#include "network/endpoint.h"

struct dns_network {
    char *id, *name;            /* name "" where it is not known */
    VEC(struct ip_net) subnets; /* in which no name is anybody else's */
    struct endpoint_table *table;
};
struct dns_networks_known {
    VEC(struct dns_network) list; /* in the order in which they are asked */
    void (*names)(struct endpoint_table *t, const char *name, uint16_t family, ips *ret); /* endpoint_table_names() */
    char *(*reverse)(struct endpoint_table *t, const struct ip *address);                 /* endpoint_table_reverse() */
    uint8_t turns[16]; /* where the next list of addresses begins, by a hash of the name: each comes first in turn */
};

/* Answers, appended to `out`, with at most `max` bytes; or false: another has to be asked. `forward`: there is somebody
 * to ask; else nothing but what is known exists. */
bool dns_local_answer(struct dns_networks_known *known, const struct dns_query *q, const uint8_t *m, size_t max,
                      bool forward, struct buf *out);
