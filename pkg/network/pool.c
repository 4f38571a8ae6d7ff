/* Where subnets come from that nobody chose. */
#include "base/buf.h"
#include "network/network.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <stdio.h>

/* Docker's (libnetwork/ipamutils). */
static const struct {
    const char *base;
    uint8_t bits;
} usual[] = {
    {"172.17.0.0/16", 16}, {"172.18.0.0/16", 16}, {"172.19.0.0/16", 16},  {"172.20.0.0/14", 16},
    {"172.24.0.0/14", 16}, {"172.28.0.0/14", 16}, {"192.168.0.0/16", 20},
};

void network_pools_release(network_pools *p)
{
    free(p->v);
    *p = (network_pools){0};
}

static bool has_family(const network_pools *p, uint16_t family)
{
    VEC_FOREACH (pool, p)
        if (pool->base.address.family == family)
            return true;
    return false;
}

/* Forty bits that are this machine's and stay the same, behind fd: a prefix of RFC 4193, so that two machines' networks
 * do not meet by accident. */
static struct ip_net own_prefix(void)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(4096);
    struct ip_net ret = {.address = {.family = AF_INET6, .bytes = {0xfd}}, .bits = 48};
    uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

    if (fd_read_user_file("/etc/machine-id", &text, NULL) < 0 || text.len == 0)
        fd_read_file(AT_FDCWD, "/proc/sys/kernel/hostname", &text, NULL);
    for (const char *c = buf_str(&text); *c; c++)
        h = (h ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    for (int i = 1; i < 6; i++)
        ret.address.bytes[i] = (uint8_t)(h >> 8 * i);
    return ret;
}

int network_pools_of(const struct config *config, network_pools *ret, struct err *err)
{
    *ret = (network_pools){0};
    VEC_FOREACH (from, &config->address_pools) {
        struct network_pool *pool = VEC_PUSH(ret);
        int r = ip_net_parse(from->base, &pool->base, err); /* was checked when it was read */

        if (r < 0) {
            network_pools_release(ret);
            return r;
        }
        pool->bits = (uint8_t)from->size;
    }
    for (size_t i = 0;
         i < ARRAY_SIZE(usual) && !has_family(&(network_pools){ret->v, config->address_pools.n, 0}, AF_INET); i++) {
        struct network_pool *pool = VEC_PUSH(ret);

        ip_net_parse(usual[i].base, &pool->base, NULL);
        pool->bits = usual[i].bits;
    }
    if (!has_family(ret, AF_INET6))
        *VEC_PUSH(ret) = (struct network_pool){own_prefix(), 64};
    return 0;
}

/* The address behind a network's last one; false where there is none. A subnet that is no larger than the network may
 * begin there. */
static bool step_over(const struct ip_net *obstacle, struct ip *at)
{
    struct ip last = ip_net_last(obstacle), next = ip_add(&last, 1);

    if (ip_compare(&next, &last) < 0) /* wrapped around */
        return false;
    *at = next;
    return true;
}

static const struct ip_net *in_the_way(const struct ip_net *subnet, const ip_nets *taken)
{
    VEC_FOREACH (net, taken)
        if (ip_net_overlaps(subnet, net))
            return net;
    return NULL;
}

static bool choose_from(const struct network_pool *pool, const ip_nets *taken, struct ip_net *ret)
{
    struct ip_net subnet = {ip_net_first(&pool->base), pool->bits};
    struct ip last = ip_net_last(&pool->base);
    const struct ip_net *obstacle;

    while ((obstacle = in_the_way(&subnet, taken))) {
        const struct ip_net *larger = obstacle->bits < subnet.bits ? obstacle : &subnet;

        if (!step_over(larger, &subnet.address) || ip_compare(&subnet.address, &last) > 0)
            return false;
    }
    *ret = subnet;
    return true;
}

int network_pool_choose(const network_pools *pools, uint16_t family, const ip_nets *taken, struct ip_net *ret,
                        struct err *err)
{
    VEC_FOREACH (pool, pools)
        if (pool->base.address.family == family && choose_from(pool, taken, ret))
            return 0;
    err_set(err, ERR_NOT_FOUND, "all predefined address pools have been fully subnetted: none is left for IPv%d",
            family == AF_INET ? 4 : 6);
    return err_hint(err, "choose one with --subnet, or name more in the configuration's address_pools");
}
