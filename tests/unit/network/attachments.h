/* Networks and endpoints as tests write them. */
#pragma once

#include "network/attach.h"

struct net_case {
    const char *driver, *bridge, *subnet4, *gateway4, *subnet6, *gateway6;
    char **options;
    bool internal;
};

static inline struct store_network make_network(const char *name, const struct net_case *c)
{
    struct store_network n = {.id = (char *)"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                              .name = (char *)name,
                              .driver = (char *)(c->driver ? c->driver : "bridge"),
                              .bridge = (char *)c->bridge,
                              .internal = c->internal,
                              .options = c->options};

    if (c->subnet4)
        *VEC_PUSH(&n.subnets) =
            (struct store_network_subnet){.subnet = (char *)c->subnet4, .gateway = (char *)c->gateway4};
    if (c->subnet6)
        *VEC_PUSH(&n.subnets) =
            (struct store_network_subnet){.subnet = (char *)c->subnet6, .gateway = (char *)c->gateway6};
    return n;
}

static inline struct endpoint make_endpoint(const char *link, const char *ip4, const char *ip6)
{
    struct endpoint e = {.link = (char *)link, .mac = {0x02, 0x42}};

    if (ip4 && ip_parse(ip4, &e.ip4, NULL) == 0)
        memcpy(e.mac + 2, e.ip4.bytes, 4);
    if (ip6)
        ip_parse(ip6, &e.ip6, NULL);
    return e;
}
