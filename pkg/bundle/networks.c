/* Which networks a container is on: what must hold of them, and what follows. Docker's rules and words. */
#include "base/ip.h"
#include "bundle/bundle.h"
#include "bundle/parse.h"

/* What shares a network namespace says nothing of what that has. */
static int check_shared(const struct engine_options *o, struct err *err)
{
    const struct engine_host_config *h = &o->host;
    const char *wrong = NULL;

    if (!str_empty(o->config.hostname))
        wrong = "hostname and the network mode";
    else if (strv_len(h->dns))
        wrong = "dns and the network mode";
    else if (strv_len(h->extra_hosts))
        wrong = "custom host-to-IP mapping and the network mode";
    else if (h->port_bindings.n || h->publish_all_ports)
        wrong = "port publishing and the container type network mode";
    else if (strv_len(o->config.config.exposed_ports))
        wrong = "port exposing and the container type network mode";
    return wrong ? err_set(err, ERR_INVALID, "conflicting options: %s", wrong) : 0;
}

/* Networks that are none: the host's, another container's, no network at all. */
static bool is_mode(const char *network)
{
    return str_eq(network, "host") || str_eq(network, "none") || bundle_mode_container(network);
}

static int check_together(const engine_endpoints *list, struct err *err)
{
    bool users = false, others = false;

    VEC_FOREACH (e, list) {
        users |= bundle_network_is_users(e->network);
        others |= !bundle_network_is_users(e->network);
    }
    if (users && others)
        return err_set(err, ERR_INVALID,
                       "conflicting options: cannot attach both user-defined and non-user-defined network-modes");
    VEC_FOREACH (e, list)
        if (list->n > 1 && is_mode(e->network))
            return err_set(err, ERR_INVALID, "conflicting options: there is no other network beside %s", e->network);
    return 0;
}

static int check_address(const char *text, uint16_t family, const char *kind, struct err *err)
{
    struct ip ip;

    if (str_empty(text) || (ip_parse(text, &ip, NULL) == 0 && (!family || ip.family == family)))
        return 0;
    return err_set(err, ERR_INVALID, "invalid %s address: %s", kind, text);
}

/* For the words and addresses alone: whether they lie in the network is seen where that is known. */
int bundle_check_endpoint(const struct engine_endpoint *e, struct err *err)
{
    bool users = bundle_network_is_users(e->network);
    uint8_t mac[IP_MAC_LEN];
    int r = check_address(e->ipv4_address, AF_INET, "IPv4", err);

    if (r == 0)
        r = check_address(e->ipv6_address, AF_INET6, "IPv6", err);
    STRV_FOREACH (address, e->link_local_ips)
        r = r < 0 ? r : check_address(*address, AF_UNSPEC, "link-local IP", err);
    if (r < 0)
        return r;
    if (!str_empty(e->mac_address) && ip_mac_parse(e->mac_address, mac, NULL) < 0)
        return err_set(err, ERR_INVALID, "%s is not a valid mac address", e->mac_address);
    if (!str_empty(e->mac_address) && is_mode(e->network))
        return err_set(err, ERR_INVALID, "conflicting options: mac-address and the network mode");
    if (!users && strv_len(e->aliases))
        return err_set(err, ERR_INVALID, "network-scoped aliases are only supported for user-defined networks");
    if (!users && (!str_empty(e->ipv4_address) || !str_empty(e->ipv6_address)))
        return err_set(err, ERR_INVALID, "user specified IP address is supported on user defined networks only");
    return 0;
}

int bundle_check_networks(const struct engine_options *o, struct err *err)
{
    int r = check_together(&o->networks, err);

    VEC_FOREACH (e, &o->networks)
        r = r < 0 ? r : bundle_check_endpoint(e, err);
    if (r < 0)
        return r;
    if (bundle_mode_container(o->host.network_mode))
        return check_shared(o, err);
    if (str_eq(o->host.uts_mode, "host") && !str_empty(o->config.hostname))
        return err_set(err, ERR_INVALID, "conflicting options: hostname and the UTS mode");
    return 0;
}

void bundle_decide_networks(struct engine_options *o)
{
    char **mode = &o->host.network_mode;

    if (str_empty(*mode) || str_eq(*mode, "default"))
        str_replace(mode, str_dup(BUNDLE_NETWORK_DEFAULT));
    if (is_mode(*mode)) {
        VEC_FOREACH (e, &o->networks)
            json_free(&engine_endpoint_type, e);
        o->networks.n = 0;
        return;
    }
    if (!o->networks.n)
        VEC_PUSH(&o->networks)->network = str_dup(*mode);
    VEC_FOREACH (e, &o->networks)
        if (str_eq(e->network, "default"))
            str_replace(&e->network, str_dup(BUNDLE_NETWORK_DEFAULT));
}
