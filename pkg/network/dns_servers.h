/* The servers that other names are asked of, in the order in which they are asked. */
#pragma once

#include "base/err.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

enum { DNS_SERVERS_MAX = 3 }; /* resolv.conf(5), MAXNS */

struct dns_server {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address;
    socklen_t len;
    bool inside;       /* asked from the container's namespace: its own loopback was meant */
    int64_t answered;  /* last, time_monotonic() */
    int64_t bad_until; /* it did not answer: the others come first */
};
struct dns_servers {
    struct dns_server v[DNS_SERVERS_MAX];
    unsigned n;
    bool fixed;       /* --dns */
    struct stat seen; /* resolv.conf, when it was read */
};

/* --dns; the host's where there are none. */
void dns_servers_init(struct dns_servers *s, char *const *given);
/* Looks whether the host's were changed. */
void dns_servers_refresh(struct dns_servers *s);
/* The order in which to ask now: indices. */
void dns_servers_order(const struct dns_servers *s, int64_t now, uint8_t ret[DNS_SERVERS_MAX]);
