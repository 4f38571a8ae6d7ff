#include "network/subnets.h"

#include "base/buf.h"
#include "base/strv.h"
#include "network/endpoint_internal.h"

static int bad(struct err *err)
{
    return err_wrap(err, "invalid network config");
}

static int read_subnet(const char *text, struct store_network *n, struct err *err)
{
    char right[IP_NET_TEXT_MAX];
    struct ip_net net;
    struct ip_net whole;

    if (ip_net_parse(text, &net, NULL) < 0)
        return err_set(err, ERR_INVALID, "invalid subnet %.100s: invalid CIDR block notation", text);
    whole = (struct ip_net){ip_net_first(&net), net.bits};
    ip_net_format(&whole, right);
    if (!ip_net_is_network(&net))
        return err_set(err, ERR_INVALID, "invalid subnet %s: it should be %s", text, right);
    if (ip_is_loopback(&net.address) || ip_is_multicast(&net.address) || net.bits == 0 || ip_is_any(&net.address))
        return err_set(err, ERR_INVALID, "invalid subnet %s: these addresses are not for networks", text);
    VEC_FOREACH (other, &n->subnets) {
        struct ip_net had;

        if (ip_net_parse(other->subnet, &had, NULL) < 0 || had.address.family != net.address.family)
            continue;
        if (ip_net_overlaps(&had, &net))
            return err_set(err, ERR_INVALID, "multiple overlapping subnet configuration is not supported");
        return err_set(err, ERR_UNSUPPORTED, "subnets %s and %s: a network has one subnet a family", other->subnet,
                       right);
    }
    *VEC_PUSH(&n->subnets) = (struct store_network_subnet){.subnet = str_dup(right), .chosen = true};
    return 0;
}

/* The subnet that an address, or the start of a range, lies in. */
static struct store_network_subnet *subnet_of(struct store_network *n, const struct ip *a)
{
    VEC_FOREACH (subnet, &n->subnets) {
        struct ip_net net;

        if (ip_net_parse(subnet->subnet, &net, NULL) == 0 && ip_net_contains(&net, a))
            return subnet;
    }
    return NULL;
}

static int read_range(const char *text, struct store_network *n, struct err *err)
{
    struct store_network_subnet *subnet;
    char right[IP_NET_TEXT_MAX];
    struct ip_net range, whole;
    struct ip last;

    if (ip_net_parse(text, &range, NULL) < 0)
        return err_set(err, ERR_INVALID, "invalid ip-range %.100s: invalid CIDR block notation", text);
    whole = (struct ip_net){ip_net_first(&range), range.bits};
    last = ip_net_last(&range);
    subnet = subnet_of(n, &whole.address);
    if (!subnet || subnet_of(n, &last) != subnet)
        return err_set(err, ERR_INVALID, "no matching subnet for range %s", text);
    if (!ip_net_is_network(&range))
        return err_set(err, ERR_INVALID, "invalid ip-range %s: it should be %s", text, ip_net_format(&whole, right));
    if (subnet->ip_range)
        return err_set(err, ERR_INVALID, "cannot configure multiple ranges (%s, %s) on the same subnet (%s)", text,
                       subnet->ip_range, subnet->subnet);
    subnet->ip_range = str_dup(ip_net_format(&range, right));
    return 0;
}

/* An address that a container will not get: it is one that somebody could have. */
static int check_address(const struct store_network_subnet *subnet, const char *what, const struct ip *a,
                         struct err *err)
{
    struct endpoint_space space = {0};

    if (ip_net_parse(subnet->subnet, &space.subnet, err) < 0 || endpoint_space_check(&space, a, err) < 0)
        return err_wrap(err, "invalid %s", what);
    return 0;
}

static int read_gateway(const char *text, struct store_network *n, struct err *err)
{
    struct store_network_subnet *subnet;
    char right[IP_TEXT_MAX];
    struct ip a;

    if (ip_parse(text, &a, NULL) < 0)
        return err_set(err, ERR_INVALID, "invalid gateway %.100s: invalid address", text);
    subnet = subnet_of(n, &a);
    if (!subnet)
        return err_set(err, ERR_INVALID, "no matching subnet for gateway %s", text);
    if (subnet->gateway)
        return err_set(err, ERR_INVALID, "cannot configure multiple gateways (%s, %s) for the same subnet (%s)", text,
                       subnet->gateway, subnet->subnet);
    if (check_address(subnet, "gateway", &a, err) < 0)
        return ERR_INVALID;
    subnet->gateway = str_dup(ip_format(&a, right));
    return 0;
}

static int read_aux(const char *entry, struct store_network *n, struct err *err)
{
    const char *equals = strchr(entry, '=');
    struct store_network_subnet *subnet;
    _cleanup_free_ char *whole = NULL;
    char right[IP_TEXT_MAX];
    struct ip a;

    if (!equals || equals == entry)
        return err_set(err, ERR_INVALID, "invalid auxiliary address %.100s: it is NAME=ADDRESS", entry);
    if (ip_parse(equals + 1, &a, NULL) < 0)
        return err_set(err, ERR_INVALID, "invalid auxiliary address %.100s: invalid address", entry);
    subnet = subnet_of(n, &a);
    if (!subnet)
        return err_set(err, ERR_INVALID, "no matching subnet for aux-address %s", equals + 1);
    if (check_address(subnet, "auxiliary address", &a, err) < 0)
        return ERR_INVALID;
    if (str_eq(subnet->gateway, ip_format(&a, right)))
        return err_set(err, ERR_INVALID, "auxiliary address %s is the gateway's", entry);
    whole = str_printf("%.*s=%s", (int)(equals - entry), entry, right);
    strv_env_set(&subnet->aux_addresses, whole);
    strv_sort(subnet->aux_addresses);
    return 0;
}

static int each(char *const *words, int (*read)(const char *text, struct store_network *n, struct err *err),
                struct store_network *n, struct err *err)
{
    int r = 0;

    STRV_FOREACH (word, words)
        r = r < 0 ? r : read(*word, n, err);
    return r;
}

int network_subnets_read(const struct network_request *q, struct store_network *n, struct err *err)
{
    int r;

    n->ipv6 = q->ipv6;
    if (strv_len(q->subnets) < strv_len(q->ranges) || strv_len(q->subnets) < strv_len(q->gateways))
        return err_set(err, ERR_INVALID, "every ip-range or gateway must have a corresponding subnet");
    r = each(q->subnets, read_subnet, n, err);
    if (r == 0)
        r = each(q->ranges, read_range, n, err);
    if (r == 0)
        r = each(q->gateways, read_gateway, n, err);
    if (r == 0)
        r = each(q->aux, read_aux, n, err);
    VEC_FOREACH (subnet, &n->subnets) {
        n->ipv6 = n->ipv6 || strchr(subnet->subnet, ':');
        if (r == 0 && n->no_ipv4 && !strchr(subnet->subnet, ':'))
            r = err_set(err, ERR_INVALID, "subnet %s: the network is to have no IPv4", subnet->subnet);
    }
    if (r == 0 && n->no_ipv4 && !n->ipv6)
        return err_set(err, ERR_INVALID, "IPv4 or IPv6 must be enabled");
    return r < 0 ? bad(err) : 0;
}

int network_subnet_complete(struct store_network_subnet *subnet, struct err *err)
{
    struct store_network_subnet plain = {.subnet = subnet->subnet, .aux_addresses = subnet->aux_addresses};
    struct store_network n = {.name = (char *)"", .subnets = {.v = &plain, .n = 1}};
    _cleanup_space_ struct endpoint_space space = {0};
    static const ips nobody = {0};
    char text[IP_TEXT_MAX];
    struct ip gateway;
    int r;

    if (subnet->gateway)
        return 0;
    r = endpoint_space_of(&n, strchr(subnet->subnet, ':') ? AF_INET6 : AF_INET, &space, err);
    if (r < 0)
        return r;
    if (endpoint_space_lowest(&space, &nobody, &gateway) < 0)
        return err_set(err, ERR_INVALID, "subnet %s has no address left for a gateway", subnet->subnet);
    subnet->gateway = str_dup(ip_format(&gateway, text));
    return 0;
}
