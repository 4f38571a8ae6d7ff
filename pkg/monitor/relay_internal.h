/* What relay.c, which has TCP, and relay_udp.c share. */
#pragma once

#include "monitor/relay.h"

#include <netinet/in.h>

struct relay {
    struct loop *loop;
    port_ranges ports;
    struct ip ip4, ip6; /* of the container */
    struct loop_watch listener;
    uint16_t port;
    struct relay_connection *connections;
    size_t n_connections;
    struct relay_udp *udp;
};

/* Where a port of the host leads; false: nowhere. */
bool relay_target(const struct relay *r, uint8_t protocol, uint16_t port, struct sockaddr_storage *ret,
                  socklen_t *ret_len);

void relay_udp_begin(struct relay *r);
void relay_udp_free(struct relay *r);
