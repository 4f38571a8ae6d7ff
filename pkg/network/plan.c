#include "network/attach.h"

#include "base/num.h"
#include "base/strv.h"

#include <linux/if_link.h>
#include <unistd.h>

enum { VLAN_MAX = 4094, LINK_LOCAL_BITS4 = 16, LINK_LOCAL_BITS6 = 64 };

static void step_release(struct network_step *s)
{
    free(s->link);
    free(s->peer);
    free(s->text);
}

void network_plan_release(network_plan *p)
{
    VEC_FOREACH (s, &p->steps)
        step_release(s);
    free(p->steps.v);
    *p = (network_plan){0};
}

static struct network_step *add(network_plan *p, enum network_step_kind kind, const struct attachment *a,
                                const char *link)
{
    struct network_step *s = VEC_PUSH(&p->steps);

    s->kind = kind;
    s->of = a;
    s->link = str_dup(link);
    return s;
}

/* ---- what a network says ---- */

/* An attachment with its network's words as values. */
struct reading {
    const struct attachment *of;
    struct network_options options;
    struct ip_net subnet4, subnet6; /* not set: none */
    struct ip gateway4, gateway6;
    bool lan; /* macvlan or ipvlan */
};

static int read_subnet(struct reading *r, const struct store_network_subnet *subnet, struct err *err)
{
    struct ip gateway = IP_NONE;
    struct ip_net n;
    int e = ip_net_parse(subnet->subnet, &n, err);

    if (e == 0 && !str_empty(subnet->gateway))
        e = ip_parse(subnet->gateway, &gateway, err);
    if (e == 0 && ip_is_set(&gateway) && gateway.family != n.address.family)
        e = err_set(err, ERR_INVALID, "the gateway %s is not of the family of %s", subnet->gateway, subnet->subnet);
    if (e < 0)
        return e;
    *(n.address.family == AF_INET ? &r->subnet4 : &r->subnet6) = n;
    *(n.address.family == AF_INET ? &r->gateway4 : &r->gateway6) = gateway;
    return 0;
}

static int read_attachment(const struct attachment *a, struct reading *ret, struct err *err)
{
    const struct store_network *n = a->network;
    int r = network_options_read(n, &ret->options, err);

    ret->of = a;
    ret->lan = str_eq(n->driver, "macvlan") || str_eq(n->driver, "ipvlan");
    if (r == 0 && !ret->lan && !str_eq(n->driver, "bridge"))
        r = err_set(err, ERR_INVALID, "there is nothing to be on with the driver \"%s\"", n->driver);
    if (r == 0 && (str_empty(n->bridge) || strlen(n->bridge) >= LINK_NAME_MAX))
        r = err_set(err, ERR_INVALID, "\"%s\" is not an interface's name", n->bridge ? n->bridge : "");
    VEC_FOREACH (subnet, &n->subnets)
        if (r == 0)
            r = read_subnet(ret, subnet, err);
    return r < 0 ? err_wrap(err, "network %s", n->name) : 0;
}

/* A container's address, in its subnet. */
static struct ip_net inside(const struct ip *address, const struct ip_net *subnet)
{
    return (struct ip_net){*address,
                           ip_is_set(&subnet->address) ? subnet->bits : (uint8_t)(ip_len(address->family) * 8)};
}

/* ---- on the host ---- */

static void forward(network_plan *p, const struct reading *r, uint16_t family)
{
    VEC_FOREACH (s, &p->steps)
        if (s->kind == NETWORK_FORWARD && s->address.address.family == family)
            return;
    add(p, NETWORK_FORWARD, r->of, NULL)->address.address.family = family;
}

/* Whether the gateway is the host, at its bridge. */
static bool has_gateway4(const struct reading *r)
{
    return ip_is_set(&r->gateway4) && r->options.mode4 != NETWORK_ISOLATED && !r->options.inhibit4;
}

static bool has_gateway6(const struct reading *r)
{
    return ip_is_set(&r->gateway6) && r->options.mode6 != NETWORK_ISOLATED;
}

/* So that containers which know the gateway find it again when the bridge was made anew. */
static void bridge_mac(const struct reading *r, uint8_t mac[IP_MAC_LEN])
{
    const char *id = r->of->network->id;

    mac[0] = 0x02;
    mac[1] = 0x42;
    if (has_gateway4(r)) {
        memcpy(mac + 2, r->gateway4.bytes, 4);
        return;
    }
    for (unsigned i = 0; i < 8 && id[i]; i++)
        mac[2 + i / 2] = (uint8_t)(mac[2 + i / 2] << 4 | ((id[i] & 0xf) + (id[i] > '9' ? 9 : 0)));
}

static void gateway(network_plan *p, const struct reading *r, const struct ip *address, const struct ip_net *subnet)
{
    add(p, NETWORK_GATEWAY, r->of, r->of->network->bridge)->address = inside(address, subnet);
}

static void plan_bridge(network_plan *p, const struct reading *r)
{
    /* What the host asks its neighbours with when it forwards for others; Docker's, too. */
    static const struct ip_net link_local = {{AF_INET6, {0xfe, 0x80, [15] = 1}}, LINK_LOCAL_BITS6};
    const struct attachment *a = r->of;
    struct network_step *s;

    if (!a->network->internal && ip_is_set(&a->endpoint->ip4))
        forward(p, r, AF_INET);
    if (!a->network->internal && ip_is_set(&a->endpoint->ip6))
        forward(p, r, AF_INET6);
    s = add(p, NETWORK_BRIDGE, a, a->network->bridge);
    s->mtu = r->options.mtu;
    s->named = !str_empty(r->options.bridge);
    s->apart = !r->options.icc;
    bridge_mac(r, s->mac);
    s->ipv6 = has_gateway6(r);
    if (has_gateway4(r))
        gateway(p, r, &r->gateway4, &r->subnet4);
    if (has_gateway6(r)) {
        gateway(p, r, &r->gateway6, &r->subnet6);
        gateway(p, r, &link_local.address, &link_local);
    }
    s = add(p, NETWORK_VETH, a, a->endpoint->link);
    s->peer = str_dup(a->network->bridge);
    s->mtu = r->options.mtu;
    s->apart = !r->options.icc;
}

static const struct mode {
    const char *kind, *name; /* the first of a kind is the usual one */
    uint32_t value;
} modes[] = {
    {"macvlan", "bridge", MACVLAN_MODE_BRIDGE},
    {"macvlan", "private", MACVLAN_MODE_PRIVATE},
    {"macvlan", "vepa", MACVLAN_MODE_VEPA},
    {"macvlan", "passthru", MACVLAN_MODE_PASSTHRU},
    {"ipvlan", "l2", IPVLAN_MODE_L2},
    {"ipvlan", "l3", IPVLAN_MODE_L3},
    {"ipvlan", "l3s", IPVLAN_MODE_L3S},
    {"ipvlan_flag", "bridge", 0},
    {"ipvlan_flag", "private", IPVLAN_F_PRIVATE},
    {"ipvlan_flag", "vepa", IPVLAN_F_VEPA},
};

static int find_mode(const struct reading *r, const char *kind, const char *name, uint32_t *ret, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
        if (strcmp(modes[i].kind, kind) == 0 && (str_empty(name) || strcmp(modes[i].name, name) == 0)) {
            *ret = modes[i].value;
            return 0;
        }
    return err_set(err, ERR_INVALID, "network %s: \"%s\" is not a mode of %s", r->of->network->name, name, kind);
}

bool network_vlan_of(const char *name, char **ret_on, uint16_t *ret_id)
{
    const char *dot = strrchr(name, '.');
    int64_t id;

    if (!dot || dot == name || num_parse_i64(dot + 1, 1, VLAN_MAX, &id, NULL) < 0)
        return false;
    *ret_on = str_ndup(name, (size_t)(dot - name));
    *ret_id = (uint16_t)id;
    return true;
}

static void plan_parent(network_plan *p, const struct reading *r)
{
    const struct store_network *n = r->of->network;
    struct network_step *s = add(p, NETWORK_PARENT, r->of, n->bridge);

    if (n->internal || str_empty(r->options.parent))
        s->text = str_dup("dummy");
    else if (network_vlan_of(n->bridge, &s->peer, &s->vlan))
        s->text = str_dup("vlan");
}

static int plan_lan(network_plan *p, const struct reading *r, struct err *err)
{
    const struct attachment *a = r->of;
    const char *kind = a->network->driver;
    struct network_step *s;
    uint32_t flag = 0;
    int e;

    plan_parent(p, r);
    s = add(p, NETWORK_LAN, a, a->interface);
    s->peer = str_dup(a->network->bridge);
    s->text = str_dup(kind);
    s->mtu = r->options.mtu;
    e = find_mode(r, kind, r->options.mode, &s->mode, err);
    if (e == 0 && str_eq(kind, "ipvlan"))
        e = find_mode(r, "ipvlan_flag", strv_env_get(a->network->options, "ipvlan_flag"), &flag, err);
    else
        memcpy(s->mac, a->endpoint->mac, IP_MAC_LEN);
    s->flags = (uint16_t)flag;
    return e;
}

/* ---- in the container ---- */

static bool is_word(const char *s, size_t n)
{
    return n > 0 && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_") >= n;
}

/* The two words around IFNAME: net.FAMILY.[first].IFNAME.[second]=. */
static bool sysctl_words(const char *sysctl, const char **ret_between, const char **ret_name, const char **ret_value)
{
    static const char *const families[] = {"net.ipv4.", "net.ipv6.", "net.mpls."};
    const char *between = NULL, *name, *value = strchr(sysctl, '=');

    for (size_t i = 0; i < ARRAY_SIZE(families) && !between; i++)
        between = str_after(sysctl, families[i]);
    name = between ? strstr(between, ".IFNAME.") : NULL;
    if (!name || !value || name > value)
        return false;
    *ret_between = between;
    *ret_name = name + strlen(".IFNAME.");
    *ret_value = value + 1;
    return is_word(between, (size_t)(name - between)) && value > *ret_name &&
           is_word(*ret_name, (size_t)(value - *ret_name));
}

int network_sysctl_check(const char *sysctl, struct err *err)
{
    const char *between, *name, *value;

    if (!sysctl_words(sysctl, &between, &name, &value))
        return err_set(err, ERR_INVALID,
                       "\"%s\" is not a setting of an interface, as in net.ipv4.conf.IFNAME.log_martians=1", sysctl);
    return 0;
}

static void setting(network_plan *p, const struct attachment *a, bool named, char *file, const char *value)
{
    struct network_step *s = add(p, NETWORK_SYSCTL, a, NULL);

    s->link = file;
    s->named = named;
    s->text = str_dup(value);
}

static void setting6(network_plan *p, const struct attachment *a, const char *name, const char *value)
{
    setting(p, a, false, str_printf("net/ipv6/conf/%s/%s", a->interface, name), value);
}

/* Nobody who is on the network with a container may give it a way for IPv6 that it was not given. */
static bool is_without_ipv6(const struct attachment *a)
{
    bool some = ip_is_set(&a->endpoint->ip6);

    STRV_FOREACH (text, a->addresses)
        some |= strchr(*text, ':') != NULL;
    return !some;
}

void network_settings(const struct attachment *a, size_t n, char ***ret)
{
    bool kernel_has_ipv6 = access("/proc/sys/net/ipv6", F_OK) == 0;

    for (size_t i = 0; i < n && kernel_has_ipv6; i++)
        if (is_without_ipv6(&a[i]))
            strv_addf(ret, "net.ipv6.conf.%s.disable_ipv6=1", a[i].interface);
}

static int plan_sysctls(network_plan *p, const struct attachment *a, struct err *err)
{
    const char *between, *name, *value;

    if (!is_without_ipv6(a)) {
        /* On a bridge nobody but another container would be the router. */
        if (str_eq(a->network->driver, "bridge"))
            setting6(p, a, "accept_ra", "0");
        setting6(p, a, "ndisc_notify", "1");
        setting6(p, a, "disable_ipv6", "0");
    } else if (!a->by_runtime)
        setting6(p, a, "disable_ipv6", "1");
    STRV_FOREACH (s, a->sysctls) {
        int r = network_sysctl_check(*s, err);

        if (r < 0)
            return r;
        sysctl_words(*s, &between, &name, &value);
        setting(p, a, true,
                str_printf("net/%.4s/%.*s/%s/%.*s", *s + strlen("net."), (int)(name - strlen(".IFNAME.") - between),
                           between, a->interface, (int)(value - 1 - name), name),
                value);
    }
    return 0;
}

static int plan_addresses(network_plan *p, const struct reading *r, struct err *err)
{
    const struct attachment *a = r->of;
    struct network_step *up;
    struct ip_net n;
    int e = 0;

    STRV_FOREACH (text, a->addresses) {
        e = ip_parse(*text, &n.address, err);
        if (e < 0)
            return e;
    }
    e = plan_sysctls(p, a, err);
    if (e < 0)
        return e;
    if (ip_is_set(&a->endpoint->ip4))
        add(p, NETWORK_ADDRESS, a, a->interface)->address = inside(&a->endpoint->ip4, &r->subnet4);
    if (ip_is_set(&a->endpoint->ip6))
        add(p, NETWORK_ADDRESS, a, a->interface)->address = inside(&a->endpoint->ip6, &r->subnet6);
    STRV_FOREACH (text, a->addresses) {
        ip_parse(*text, &n.address, NULL);
        n.bits = n.address.family == AF_INET ? LINK_LOCAL_BITS4 : LINK_LOCAL_BITS6;
        add(p, NETWORK_ADDRESS, a, a->interface)->address = n;
    }
    up = add(p, NETWORK_UP, a, a->interface);
    up->ipv6 = !is_without_ipv6(a);
    up->notify = r->lan;
    return 0;
}

static void route(network_plan *p, const struct reading *r, const struct ip *address, const struct ip *gateway)
{
    uint32_t mode = 0;
    bool on_link = str_eq(r->of->network->driver, "ipvlan") &&
                   find_mode(r, "ipvlan", r->options.mode, &mode, NULL) == 0 && mode != IPVLAN_MODE_L2;
    struct network_step *s;

    if (r->of->network->internal || !ip_is_set(address) || (!on_link && !ip_is_set(gateway)))
        return;
    s = add(p, NETWORK_ROUTE, r->of, r->of->interface);
    s->address = (struct ip_net){{.family = address->family}, 0};
    s->gateway = on_link ? IP_NONE : *gateway;
}

static void plan_routes(network_plan *p, const struct reading *r)
{
    if (r->of->gateway4)
        route(p, r, &r->of->endpoint->ip4, &r->gateway4);
    if (r->of->gateway6)
        route(p, r, &r->of->endpoint->ip6, &r->gateway6);
}

/* Whether others may remember another MAC address by an address that it has: not where the one is made of the other. It
 * is a question to all on the network, which takes its time where they are many. */
static bool is_news(const struct reading *r)
{
    const struct endpoint *e = r->of->endpoint;

    if (r->lan) /* those are announced by going up */
        return false;
    return ip_is_set(&e->ip6) || r->of->addresses || e->mac[0] != 0x02 || e->mac[1] != 0x42 ||
           memcmp(e->mac + 2, e->ip4.bytes, 4) != 0;
}

int network_plan_make(const struct attachment *a, size_t n, network_plan *ret, struct err *err)
{
    _cleanup_free_ struct reading *all = mem_zalloc(n, sizeof(*all));
    int r = 0;

    *ret = (network_plan){0};
    for (size_t i = 0; i < n && r == 0; i++) {
        r = read_attachment(&a[i], &all[i], err);
        if (r == 0 && all[i].lan)
            r = plan_lan(ret, &all[i], err);
        else if (r == 0)
            plan_bridge(ret, &all[i]);
    }
    add(ret, NETWORK_LOOPBACK, NULL, "lo");
    for (size_t i = 0; i < n && r == 0; i++)
        r = plan_addresses(ret, &all[i], err);
    for (size_t i = 0; i < n && r == 0; i++)
        plan_routes(ret, &all[i]);
    for (size_t i = 0; i < n && r == 0; i++)
        if (is_news(&all[i]))
            add(ret, NETWORK_ANNOUNCE, &a[i], a[i].interface);
    return r;
}
