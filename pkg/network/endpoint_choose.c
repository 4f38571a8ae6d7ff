/* Which address a container can have. */
#include "network/endpoint_internal.h"

#include <unistd.h>

void endpoint_space_release(struct endpoint_space *space)
{
    free(space->reserved.v);
    *space = (struct endpoint_space){0};
}

static int take_subnet(const struct store_network_subnet *from, const struct ip_net *subnet, struct endpoint_space *ret,
                       struct err *err)
{
    int r = 0;

    ret->subnet = ret->range = *subnet;
    if (!str_empty(from->ip_range))
        r = ip_net_parse(from->ip_range, &ret->range, err);
    if (r == 0 && !str_empty(from->gateway))
        r = ip_parse(from->gateway, VEC_PUSH(&ret->reserved), err);
    STRV_FOREACH (aux, from->aux_addresses) {
        const char *address = strchr(*aux, '=');

        r = r < 0 ? r : ip_parse(address ? address + 1 : *aux, VEC_PUSH(&ret->reserved), err);
    }
    return r;
}

int endpoint_space_of(const struct store_network *n, uint16_t family, struct endpoint_space *ret, struct err *err)
{
    int r = 0;

    *ret = (struct endpoint_space){0};
    VEC_FOREACH (subnet, &n->subnets) {
        struct ip_net net = {0};

        r = r < 0 ? r : ip_net_parse(subnet->subnet, &net, err);
        if (r == 0 && net.address.family == family && !ip_is_set(&ret->subnet.address))
            r = take_subnet(subnet, &net, ret, err);
    }
    if (r == 0)
        return 0;
    endpoint_space_release(ret);
    err_wrap(err, "network %s", n->name);
    return err ? err->kind = ERR_CORRUPT : ERR_CORRUPT;
}

/* The network's own address, and the broadcast address of IPv4; where there are two addresses or one, each is good. */
static bool is_edge(const struct ip_net *subnet, const struct ip *a)
{
    struct ip first = ip_net_first(subnet), last = ip_net_last(subnet);

    if (ip_distance(&first, &last) <= 1)
        return false;
    return ip_equal(a, &first) || (a->family == AF_INET && ip_equal(a, &last));
}

int endpoint_space_check(const struct endpoint_space *space, const struct ip *a, struct err *err)
{
    char text[IP_TEXT_MAX], net[IP_NET_TEXT_MAX];

    if (!ip_is_set(&space->subnet.address))
        return err_set(err, ERR_INVALID, "address %s: the network has no subnet of IPv%d", ip_format(a, text),
                       a->family == AF_INET ? 4 : 6);
    if (!ip_net_contains(&space->subnet, a))
        return err_set(err, ERR_INVALID, "address %s is not in the network's subnet %s", ip_format(a, text),
                       ip_net_format(&space->subnet, net));
    if (is_edge(&space->subnet, a))
        return err_set(err, ERR_INVALID, "address %s is the %s address of subnet %s, which nobody can have",
                       ip_format(a, text), a->family == AF_INET && a->bytes[3] & 1 ? "broadcast" : "network",
                       ip_net_format(&space->subnet, net));
    VEC_FOREACH (reserved, &space->reserved)
        if (ip_equal(reserved, a))
            return err_set(err, ERR_INVALID, "address %s is reserved: it is the gateway or an auxiliary address",
                           ip_format(a, text));
    return 0;
}

static int by_offset(const void *va, const void *vb)
{
    const uint64_t *a = va, *b = vb;

    return (*a > *b) - (*a < *b);
}

typedef VEC(uint64_t) offsets;

static void add_offset(offsets *to, const struct ip *first, const struct ip *last, const struct ip *a)
{
    if (a->family == first->family && ip_compare(a, first) >= 0 && ip_compare(a, last) <= 0)
        *VEC_PUSH(to) = ip_distance(first, a);
}

int endpoint_space_lowest(const struct endpoint_space *space, const ips *taken, struct ip *ret)
{
    struct ip first = ip_net_first(&space->range), last = ip_net_last(&space->range);
    struct ip subnet_first = ip_net_first(&space->subnet), subnet_last = ip_net_last(&space->subnet);
    uint64_t lowest = 0, size = ip_distance(&first, &last); /* the number of addresses, less one */
    offsets used = {0};

    VEC_FOREACH (a, taken)
        add_offset(&used, &first, &last, a);
    VEC_FOREACH (reserved, &space->reserved)
        add_offset(&used, &first, &last, reserved);
    if (is_edge(&space->subnet, &subnet_first))
        add_offset(&used, &first, &last, &subnet_first);
    if (is_edge(&space->subnet, &subnet_last))
        add_offset(&used, &first, &last, &subnet_last);
    if (used.n)
        qsort(used.v, used.n, sizeof(*used.v), by_offset);
    VEC_FOREACH (offset, &used)
        lowest += *offset == lowest;
    free(used.v);
    if (lowest > size)
        return ERR_NO_SPACE;
    *ret = ip_add(&first, lowest);
    return 0;
}

void endpoint_mac_of(const struct ip *ip4, const struct ip *ip6, uint8_t ret[IP_MAC_LEN])
{
    ret[0] = 0x02;
    ret[1] = 0x42;
    if (ip_is_set(ip4) || ip_is_set(ip6))
        memcpy(ret + 2, ip_is_set(ip4) ? ip4->bytes : ip6->bytes + 12, 4);
    else if (getentropy(ret + 2, 4) < 0) /* before Linux 3.17 */
        abort();
}
