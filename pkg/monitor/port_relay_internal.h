/* What relay.c, which has TCP, and port_relay_udp.c share. */
#pragma once

#include "monitor/port_relay.h"

#include <netinet/in.h>

struct port_relay {
    struct loop *loop;
    port_ranges ports;
    struct ip ip4, ip6; /* of the container */
    struct loop_watch listener;
    uint16_t port;
    struct port_relay_connection *connections;
    size_t n_connections;
    struct port_relay_udp *udp;
};

/* Where a port of the host leads; false: nowhere. */
bool port_relay_target(const struct port_relay *r, uint8_t protocol, uint16_t port, struct sockaddr_storage *ret,
                       socklen_t *ret_len);

void port_relay_udp_begin(struct port_relay *r);
void port_relay_udp_free(struct port_relay *r);
