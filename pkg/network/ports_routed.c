/* Ports of containers that are reached by their own addresses: there nothing is taken of the host. */
#include "network/ports.h"

/* What is left to the host of a range; false: nothing. */
static bool host_part(const struct port_range *r, const struct port_ways *w, struct port_range *ret)
{
    uint16_t other = w->routed4 ? AF_INET6 : AF_INET;

    *ret = *r;
    if (ip_is_set(&r->host))
        return r->host.family == AF_INET ? !w->routed4 : !w->routed6;
    if (!w->routed4 && !w->routed6)
        return true;
    ret->host = (struct ip){.family = other};
    return w->routed4 != w->routed6 && ip_is_set(other == AF_INET ? &w->ip4 : &w->ip6);
}

/* Those that overlap become one, since the rules know each port once. */
static void open_range(port_ranges *open, uint8_t protocol, uint16_t family, unsigned first, unsigned last)
{
    for (size_t i = 0; i < open->n;) {
        const struct port_range *o = &open->v[i];
        unsigned end = o->container_first + o->count - 1U;

        if (o->protocol != protocol || o->host.family != family || o->container_first > last || end < first) {
            i++;
            continue;
        }
        first = MIN_OF(first, (unsigned)o->container_first);
        last = MAX_OF(last, end);
        open->v[i] = open->v[--open->n];
        i = 0;
    }
    *VEC_PUSH(open) = (struct port_range){.protocol = protocol,
                                          .host = {.family = family},
                                          .container_first = (uint16_t)first,
                                          .count = (uint16_t)(last - first + 1),
                                          .routed = true};
}

void ports_route(const port_ranges *asked, const struct port_ways *w, port_ranges *ret_host, port_ranges *ret_open)
{
    VEC_FOREACH (r, asked) {
        bool every = !ip_is_set(&r->host);
        struct port_range part;

        if (host_part(r, w, &part))
            *VEC_PUSH(ret_host) = part;
        if (!r->count || ip_is_loopback(&r->host))
            continue;
        if (w->routed4 && (every || r->host.family == AF_INET))
            open_range(ret_open, r->protocol, AF_INET, r->container_first, r->container_first + r->count - 1U);
        if (w->routed6 && (every || r->host.family == AF_INET6))
            open_range(ret_open, r->protocol, AF_INET6, r->container_first, r->container_first + r->count - 1U);
    }
}

void ports_chosen(port_ranges *asked, const struct port_ways *w, const port_ranges *chosen)
{
    size_t i = 0;

    VEC_FOREACH (r, asked) {
        struct port_range part;

        if (!host_part(r, w, &part) || i >= chosen->n)
            continue;
        r->host_first = chosen->v[i].host_first;
        r->host_last = chosen->v[i++].host_last;
    }
}
