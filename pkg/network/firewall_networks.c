/* Which networks there are, as the rules see them. */
#include "base/strv.h"
#include "network/firewall_internal.h"
#include "network/network.h"

int firewall_network_describe(const struct store_network *n, struct firewall_network *ret, struct err *err)
{
    struct network_options o = {0};
    int r = 0;

    *ret = (struct firewall_network){.bridge = n->bridge, .internal = n->internal};
    if (!str_eq(n->driver, "bridge") || str_empty(n->bridge))
        return 0;
    r = network_options_read(n, &o, err);
    ret->isolate = o.isolate;
    ret->masquerade = o.masquerade;
    ret->icc = o.icc;
    ret->mode4 = o.mode4;
    ret->mode6 = o.mode6;
    VEC_FOREACH (subnet, &n->subnets) {
        struct ip_net net = {0};

        if (r < 0 || str_empty(subnet->subnet))
            continue;
        r = ip_net_parse(subnet->subnet, &net, err);
        if (net.address.family == AF_INET)
            ret->subnet4 = net;
        else
            ret->subnet6 = net;
    }
    return r < 0 ? r : 1;
}

void firewall_records_release(firewall_records *v)
{
    VEC_FOREACH (n, v)
        store_network_release(n);
    free(v->v);
}

void firewall_networks_find(struct store *s, char ***ids, firewall_left_out say, firewall_records *ret)
{
    char **kept = NULL;

    STRV_FOREACH (id, *ids) {
        struct store_network n = {0};
        struct err why = ERR_INIT;
        int r = store_network_find(s, *id, &n, &why);

        if (r == ERR_NOT_FOUND)
            continue;
        strv_add(&kept, *id);
        if (r == 0)
            *VEC_PUSH(ret) = n;
        else if (say)
            say("a network", &why);
    }
    strv_free(*ids);
    *ids = kept;
}

void firewall_networks_add(const struct store_network *n, firewall_left_out say, firewall_networks *ret)
{
    struct firewall_network one;
    struct err why = ERR_INIT;
    int r = firewall_network_describe(n, &one, &why);

    if (r < 0 && say) {
        _cleanup_free_ char *what = str_printf("network %s", n->name);

        say(what, &why);
    }
    if (r > 0)
        *VEC_PUSH(ret) = one;
}
