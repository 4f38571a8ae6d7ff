/* What the kernel cannot translate for published ports is passed on by the container's monitor: connections to ::1, and
 * where the container has no IPv6 all that come by IPv6. The rules lead TCP to one socket, whatever the number of
 * ports, and the kernel says which was meant (network/firewall.h); UDP has a socket a port, for the first
 * PORT_RELAY_UDP_MAX.
 *
 *     port_relay_open() → ports_claim(…, port_relay_port(), …) → firewall_publish() → port_relay_begin() → … →
 * port_relay_free()
 */
#pragma once

#include "network/ports.h"
#include "sys/loop.h"

enum {
    PORT_RELAY_TCP_MAX = 1000 /* connections at once: others wait */,
    PORT_RELAY_UDP_MAX = 64,
    PORT_RELAY_CLIENTS_MAX = 256
};

struct port_relay; /* NULL: nothing is to be passed on */

/* In the host's network namespace. `ret` is NULL where no port needs it. All is copied; `loop` is looked at until
 * port_relay_free(). ERR_IO. */
int port_relay_open(struct loop *loop, const port_ranges *ports, const struct ip *ip4, const struct ip *ip6,
                    struct port_relay **ret, struct err *err);

/* Where it listens, 0 where it does not. */
uint16_t port_relay_port(const struct port_relay *r);

/* Begins, with the ports as they were chosen. A port of UDP whose socket cannot be had is left out. */
void port_relay_begin(struct port_relay *r, const port_ranges *chosen);

void port_relay_free(struct port_relay *r);
