/* Ports of the host's own 127.0.0.1. */
#include "base/log.h"
#include "base/strv.h"
#include "network/bridge.h"
#include "network/firewall_internal.h"
#include "network/ports_table.h"
#include "sys/fd.h"

static bool any_in(const port_claims *claims, const struct ip_net *subnet, bool published)
{
    VEC_FOREACH (c, claims)
        if (!c->range.routed && (c->published || !published) && ip_is_set(&c->ip4) && ip_net_contains(subnet, &c->ip4))
            return true;
    return false;
}

/* Only where ports are published may what is addressed to 127.0.0.0/8 be routed from a bridge (ip-sysctl,
 * route_localnet): the host reaches them by its own 127.0.0.1. The rules keep containers from the host's services
 * there, but others may throw the rules away, and only monitors of those that publish see to that at once. */
void firewall_loopback(const firewall_networks *networks, const port_claims *claims)
{
    VEC_FOREACH (n, networks) {
        _cleanup_free_ char *path = str_printf("net/ipv4/conf/%s/route_localnet", n->bridge);
        int r = ip_is_set(&n->subnet4.address)
                    ? network_sysctl_write(path, any_in(claims, &n->subnet4, true) ? "1" : "0")
                    : 0;

        if (r < 0 && r != -ENOENT) /* a bridge that is gone */
            log_debug("%s: %s", path, strerror(-r));
    }
}

/* The same for the networks of the containers whose claims were changed. */
void firewall_loopback_of(struct store *s, char *const *ids, const port_claims *changed, const port_claims *claims)
{
    _cleanup_strv_ char **all = strv_copy(ids);
    _cleanup_(firewall_records_release) firewall_records known = {0};
    firewall_networks networks = {0};
    struct firewall_network one;

    if (changed->n)
        firewall_networks_find(s, &all, NULL, &known);
    VEC_FOREACH (n, &known)
        if (firewall_network_describe(n, &one, NULL) > 0 && ip_is_set(&one.subnet4.address) &&
            any_in(changed, &one.subnet4, false))
            *VEC_PUSH(&networks) = one;
    firewall_loopback(&networks, claims);
    free(networks.v);
}

void firewall_settle_loopback(struct store *s, const struct store_network *n)
{
    _cleanup_ports_table_ struct ports_table ports = {0};
    firewall_networks networks = {0};
    _cleanup_fd_ int dir = -1, lock = -1;
    struct err why = ERR_INIT;
    int r = ports_dir(s, &dir, &lock, &why);

    if (r == 0)
        r = ports_table_read(dir, &ports, &why);
    if (r < 0)
        log_debug("network %s: %s", n->name, why.text);
    else
        firewall_networks_add(n, NULL, &networks);
    firewall_loopback(&networks, &ports.claims);
    free(networks.v);
}
