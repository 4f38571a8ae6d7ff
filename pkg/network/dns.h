/* Names for a container on networks that the user made: answered by its own monitor at 127.0.0.11, for UDP and TCP,
 * from the tables of its networks (network/endpoint.h); other questions go to the host's name servers. RFC 1035, RFC
 * 6891.
 *
 * The sockets are in the container's namespace, at a port that the kernel chose: a few rules there lead 127.0.0.11:53
 * to it, so that the container may have a name server of its own at port 53. They stay open as long as the container
 * runs, whatever happens to tables and networks.
 */
#pragma once

#include "network/endpoint.h"
#include "sys/loop.h"

struct dns_job {
    struct loop *loop;
    struct store *store;
    int ns;                /* the container's network namespace */
    char *const *networks; /* ids, in the order in which they are asked */
    char *const *servers;  /* --dns; none: the host's of /etc/resolv.conf, looked at again when that changes */
    bool forward;          /* other names are asked for outside: not where all networks are internal */
};
struct dns; /* what runs */

/* Begins to answer. All of the job is copied. */
int dns_begin(const struct dns_job *job, struct dns **ret, struct err *err);
/* The networks were changed. */
int dns_networks(struct dns *d, char *const *networks, bool forward, struct err *err);
void dns_end(struct dns *d);
