/* The network of a container in words: what it has itself, and how a packet comes to its ports. */
#pragma once

#include "explain/facts.h"
#include "netlink/link.h"
#include "network/endpoint.h"
#include "network/firewall.h"

/* A network that it is on. */
struct explain_net {
    struct store_network network;
    struct endpoint endpoint;
};
typedef VEC(struct explain_net) explain_nets;

/* An interface of it, with the host's end where that is known. */
struct explain_interface {
    struct link link;
    ip_nets addresses;
    struct link host;    /* the other end of a veth; index 0: there is none */
    struct link bridge;  /* that it is a port of; index 0: none */
    const char *network; /* its name, or NULL; borrowed */
    const char *driver;
};
typedef VEC(struct explain_interface) explain_interfaces;

/* The way of a packet to one published range. All is borrowed. */
struct explain_way {
    const struct port_claim *claim;
    const char *table;                     /* of nftables */
    const firewall_lines *rules;           /* of the claim */
    const struct explain_interface *by[2]; /* inside, that has its address of IPv4, of IPv6; NULL: there is none */
    uint16_t relay;                        /* where the monitor listens for TCP; 0: it does not */
    bool relayed;                          /* some of what comes by IPv6 is passed on by the monitor */
};

/* "0.0.0.0:8080->80/tcp", "any->80/tcp" of one that is to be chosen; the caller frees it. */
char *explain_range_name(const struct port_range *r);

/* A fact for the range, and below it one for each hop, in order, and for the way back. A rule that is not in the kernel
 * is said to be missing. */
void explain_way_describe(const struct explain_way *way, explain_facts *ret);

/* What the table says of a network: who is kept out, and what is made of addresses. */
void explain_rules_describe(const char *network, const char *table, const firewall_lines *rules, explain_facts *ret);

/* An interface, its addresses below. */
void explain_interface_describe(const struct explain_interface *i, explain_facts *ret);

/* A route, by the name of its interface. */
void explain_route_describe(const struct link_route *route, const char *interface, struct explain_fact *group);
