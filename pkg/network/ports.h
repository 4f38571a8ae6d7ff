/* Published ports: who has which port of the host.
 *
 *     <state>/networks/ports      the table: a line a range, with its owner
 *     <state>/networks/lock       held by who changes it, or the rules (network/firewall.h)
 *
 * A range is one line, one element of a map of the firewall's, and costs what a single port costs.
 */
#pragma once

#include "base/ip.h"
#include "base/vec.h"
#include "store/store.h"

/* host:FIRST… of the host to FIRST… of the container, `count` of them. */
struct port_range {
    uint8_t protocol;                            /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP */
    struct ip host;                              /* not set: every address, of both families */
    uint16_t host_first, container_first, count; /* host_first 0: a free port is chosen, or `count` in a row */
    uint16_t host_last;                          /* with host_first and count 1: any free one up to here; else 0 */
    bool routed; /* no port of the host: those of the container's own address open, of the family of `host` */
};
typedef VEC(struct port_range) port_ranges;

/* "tcp", "udp", "sctp", and back; what is none of them is TCP. */
const char *port_protocol_name(uint8_t protocol);
uint8_t port_protocol(const char *name);

struct port_claim {
    char *container;
    struct port_range range; /* as it was chosen */
    struct ip ip4, ip6;      /* of the container */
    uint16_t relay;          /* the port of ::1 where its monitor listens for what the kernel cannot translate, or 0 */
    bool published;          /* the rules have it (network/firewall.h) */
};
typedef VEC(struct port_claim) port_claims;
void port_claims_release(port_claims *c);

/* How a container is reached: its addresses, and which of them by themselves (NETWORK_ROUTED; only such as it has). */
struct port_ways {
    struct ip ip4, ip6;
    bool routed4, routed6;
};

/* What ranges that were asked for take of the host, in their order, and what they open of the container, each port once
 * (network/ports_routed.c). What names the host's loopback opens nothing. The caller frees both. */
void ports_route(const port_ranges *asked, const struct port_ways *w, port_ranges *ret_host, port_ranges *ret_open);
/* Writes into what was asked for which ports of the host were chosen; `chosen` begins with those of `ret_host`. */
void ports_chosen(port_ranges *asked, const struct port_ways *w, const port_ranges *chosen);

/* Takes ports for a container: looks at other containers' and at the host's programs, chooses where it may, and writes
 * the table. Called before the start, by the holder of the container's lock. ERR_EXISTS naming who has it: `port 8080
 * of 0.0.0.0 is already allocated to container web`; ERR_PERMISSION for one below net.ipv4.ip_unprivileged_port_start
 * without the right. `chosen`: the ranges as they are now. Nothing is published yet. */
int ports_claim(struct store *s, const char *container, const port_ranges *wanted, const struct ip *ip4,
                const struct ip *ip6, uint16_t relay, port_ranges *chosen, struct err *err);

/* Gives a container's back; rules that are there for them are to be removed before (firewall_unpublish()). */
int ports_give_back(struct store *s, const char *container, struct err *err);

/* The table; of one container, or where that is NULL of all. Owners that are gone are passed over. */
int ports_list(struct store *s, const char *container, port_claims *ret, struct err *err);
