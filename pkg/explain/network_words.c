#include "explain/network.h"

#include <net/if.h>

/* ---- interfaces ---- */

#define LINKS_SOURCE     "rtnetlink RTM_GETLINK in its network namespace"
#define ADDRESSES_SOURCE "rtnetlink RTM_GETADDR in its network namespace"
#define ROUTES_SOURCE    "rtnetlink RTM_GETROUTE in its network namespace"

static void add_host_end(struct buf *text, const struct explain_interface *i)
{
    if (i->host.index)
        buf_addf(text, "; its other end is %s of the host", i->host.name);
    if (i->bridge.index)
        buf_addf(text, ", a port of the bridge %s", i->bridge.name);
    if (i->network)
        buf_addf(text, "; network %s (driver %s)", i->network, i->driver);
}

void explain_interface_describe(const struct explain_interface *i, explain_facts *ret)
{
    bool loopback = i->link.flags & IFF_LOOPBACK;
    _cleanup_buf_ struct buf text = BUF_INIT;
    char mac[IP_MAC_TEXT_MAX], net[IP_NET_TEXT_MAX];
    struct explain_fact *fact;

    ip_mac_format(i->link.mac, mac);
    buf_addf(&text, "%s, %s, MTU %u",
             loopback        ? "the loopback: itself alone"
             : *i->link.kind ? i->link.kind
                             : "an interface",
             i->link.flags & IFF_UP ? "up" : "down", i->link.mtu);
    if (!loopback)
        buf_addf(&text, ", address %s", mac);
    add_host_end(&text, i);
    fact = explain_add(ret, i->link.name, LINKS_SOURCE, "%s", buf_str(&text));
    explain_put(fact, "Kind", cli_value_text(loopback ? "loopback" : i->link.kind));
    explain_put(fact, "MTU", cli_value_number(i->link.mtu));
    if (i->host.index)
        explain_put(fact, "HostEnd", cli_value_text(i->host.name));
    if (i->bridge.index)
        explain_put(fact, "Bridge", cli_value_text(i->bridge.name));
    if (i->network) {
        explain_put(fact, "Network", cli_value_text(i->network));
        explain_put(fact, "Driver", cli_value_text(i->driver));
    }
    VEC_FOREACH (a, &i->addresses)
        explain_below(fact, ip_net_format(a, net), ADDRESSES_SOURCE, "an address of IPv%d",
                      a->address.family == AF_INET ? 4 : 6);
}

void explain_route_describe(const struct link_route *route, const char *interface, struct explain_fact *group)
{
    char net[IP_NET_TEXT_MAX], gateway[IP_TEXT_MAX];
    bool everywhere = route->to.bits == 0;

    ip_net_format(&route->to, net);
    ip_format(&route->gateway, gateway);
    explain_below(group,
                  everywhere && route->to.address.family == AF_INET ? "default"
                  : everywhere                                      ? "default IPv6"
                                                                    : net,
                  ROUTES_SOURCE, "%s%s by %s", ip_is_set(&route->gateway) ? "through " : "on the link itself", gateway,
                  interface);
}

/* ---- ports ---- */

static void format_ports(struct buf *text, uint16_t first, uint16_t count)
{
    if (count > 1)
        buf_addf(text, "%u-%u", first, first + count - 1);
    else
        buf_addf(text, "%u", first);
}

char *explain_range_name(const struct port_range *r)
{
    struct buf text = BUF_INIT;
    char ip[IP_TEXT_MAX];

    if (ip_is_set(&r->host) && !r->routed)
        buf_addf(&text, r->host.family == AF_INET ? "%s:" : "[%s]:", ip_format(&r->host, ip));
    if (r->host_first)
        format_ports(&text, r->host_first, r->count);
    else if (!r->routed)
        buf_adds(&text, "any");
    if (!r->routed)
        buf_adds(&text, "->");
    format_ports(&text, r->container_first, r->count);
    buf_addf(&text, "/%s", port_protocol_name(r->protocol));
    if (r->routed)
        buf_addf(&text, " by IPv%d", r->host.family == AF_INET ? 4 : 6);
    return buf_steal(&text);
}

static void add_host(const struct explain_way *way, struct explain_fact *fact)
{
    const struct port_range *r = &way->claim->range;
    bool every = !ip_is_set(&r->host) || ip_is_any(&r->host);
    _cleanup_buf_ struct buf ports = BUF_INIT;
    char ip[IP_TEXT_MAX];

    if (r->routed) {
        explain_below(fact, "host", NULL,
                      "a packet of %s comes for the container's own address, from wherever there is a route to it",
                      port_protocol_name(r->protocol));
        return;
    }
    format_ports(&ports, r->host_first, r->count);
    explain_below(fact, "host", NULL, "a packet of %s comes to port %s of %s%s", port_protocol_name(r->protocol),
                  buf_str(&ports), every ? "any address of the host" : ip_format(&r->host, ip),
                  every ? ", from wherever the host is reached" : "");
}

/* What an element does to a packet. */
static const struct {
    const char *set, *words;
} rules[] = {
    {"publish4", "its destination becomes the container's address and port"},
    {"publish6", "its destination becomes the container's address and port"},
    {"range4", "its destination becomes the container's address, the port stays"},
    {"range6", "its destination becomes the container's address, the port stays"},
    {"relay6",
     "what the kernel cannot translate, IPv6 to ::1 or to a container without it, goes to the monitor's port"},
    {"open4", "it may pass"},
    {"open6", "it may pass"},
    {"relays", "that port takes nothing but what was led to it"},
};

static const char *rule_words(const char *set)
{
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
        if (str_eq(rules[i].set, set))
            return rules[i].words;
    return "";
}

enum { RULES_MAX = 16 /* that are told of one range; each port that is another inside has one */ };

static bool has_rule(const struct explain_way *way, const char *set)
{
    VEC_FOREACH (l, way->rules)
        if (str_eq(l->set, set))
            return true;
    return false;
}

/* What guards the monitor's port is there for all of a container's ports, and no packet to this one meets it unless it
 * is led there. */
static bool is_on_way(const struct explain_way *way, const struct firewall_line *l)
{
    return !str_eq(l->set, "relays") || has_rule(way, "relay6");
}

static void add_rules(const struct explain_way *way, struct explain_fact *fact)
{
    size_t told = 0, left = 0;

    VEC_FOREACH (l, way->rules) {
        _cleanup_free_ char *name = str_printf("rule %s", l->set);
        _cleanup_free_ char *source = str_printf(
            "nftables NFT_MSG_GETSETELEM, as nft get element inet %s %s { %s } asks", way->table, l->set, l->element);
        struct explain_fact *rule;

        if (!is_on_way(way, l))
            continue;
        if (told++ >= RULES_MAX) {
            left++;
            continue;
        }
        rule =
            explain_below(fact, name, source, "%s%s { %s } in table inet %s, chain %s: %s",
                          l->there ? "" : "MISSING: nothing comes by here, for the kernel has no ", l->set, l->element,
                          way->table, way->claim->range.routed ? "forward" : "publish", rule_words(l->set));
        explain_put(rule, "Table", cli_value_text(way->table));
        explain_put(rule, "Set", cli_value_text(l->set));
        explain_put(rule, "Element", cli_value_text(l->element));
        explain_put(rule, "There", cli_value_truth(l->there));
        rule->weak = !l->there;
    }
    if (left)
        explain_number(explain_below(fact, "more rules", NULL, "%zu, one a port", left), (int64_t)left);
}

/* Whether the kernel itself leads there what comes by IPv4, by IPv6. */
static bool leads4(const struct explain_way *way)
{
    return has_rule(way, "publish4") || has_rule(way, "range4") || has_rule(way, "open4");
}

static bool leads6(const struct explain_way *way)
{
    return has_rule(way, "publish6") || has_rule(way, "range6") || has_rule(way, "open6");
}

static void add_inside(const struct explain_way *way, struct explain_fact *fact)
{
    const struct port_claim *c = way->claim;
    bool four = leads4(way), six = leads6(way);
    _cleanup_buf_ struct buf ports = BUF_INIT;
    char ip4[IP_TEXT_MAX] = "", ip6[IP_TEXT_MAX] = "";

    format_ports(&ports, c->range.container_first, c->range.count);
    if (four)
        ip_format(&c->ip4, ip4);
    if (six)
        ip_format(&c->ip6, ip6);
    explain_below(fact, "inside", NULL, "it arrives at %s%s%s port %s with the address of who sent it", ip4,
                  four && six ? " or " : "", ip6, buf_str(&ports));
}

static void add_link(const struct explain_interface *i, const char *which, struct explain_fact *fact)
{
    if (i->bridge.index)
        explain_below(fact, "bridge", "rtnetlink RTM_GETLINK", "%sit is routed to the bridge %s", which,
                      i->bridge.name);
    if (i->host.index)
        explain_below(fact, "link", "rtnetlink RTM_GETLINK", "%sit goes into %s and comes out of %s inside", which,
                      i->host.name, i->link.name);
}

/* Its address of IPv6 may be on another network than that of IPv4. */
static void add_links(const struct explain_way *way, struct explain_fact *fact)
{
    const struct explain_interface *four = leads4(way) ? way->by[0] : NULL;
    const struct explain_interface *six = leads6(way) ? way->by[1] : NULL;
    bool both = four && six && four != six;

    if (four)
        add_link(four, both ? "by IPv4 " : "", fact);
    if (six && six != four)
        add_link(six, both ? "by IPv6 " : "", fact);
}

static void add_back(const struct explain_way *way, struct explain_fact *fact)
{
    const struct ip *host = &way->claim->range.host;
    bool loopback = ip_is_loopback(host), one = ip_is_set(host) && !ip_is_any(host);

    explain_below(fact, "back", NULL,
                  "answers go the same way, and have the host's address and port again: the kernel "
                  "remembers the connection");
    explain_below(fact, "hairpin", NULL, "from %s the sender becomes the bridge, so that the answer comes by here",
                  loopback ? "the host itself"
                  : one    ? "its own network"
                           : "the host's 127.0.0.1 and from its own network");
}

/* What the kernel does not translate. */
static void add_relay(const struct explain_way *way, struct explain_fact *fact)
{
    bool tcp = way->claim->range.protocol == IPPROTO_TCP;
    const char *which = ip_is_set(&way->claim->ip6) ? "to ::1" : "by IPv6";

    if (!way->relayed || (tcp && !way->relay))
        return;
    if (tcp)
        explain_number(
            explain_below(fact, "relay", NULL,
                          "what comes %s is led to port %u of the host, where the container's monitor passes it on "
                          "from the host's address",
                          which, way->relay),
            way->relay);
    else
        explain_below(fact, "relay", NULL,
                      "what comes %s goes to a socket of the container's monitor at this port, which passes it on from "
                      "the host's address",
                      which);
}

void explain_way_describe(const struct explain_way *way, explain_facts *ret)
{
    _cleanup_free_ char *name = explain_range_name(&way->claim->range);
    bool missing = false;
    struct explain_fact *fact;

    VEC_FOREACH (l, way->rules)
        missing = missing || (is_on_way(way, l) && !l->there);
    fact = explain_add(ret, name, NULL, "%s",
                       missing ? "published, but a rule is missing" : "published: the way of a packet");
    add_host(way, fact);
    add_rules(way, fact);
    if (leads4(way) || leads6(way)) {
        add_links(way, fact);
        add_inside(way, fact);
    }
    add_relay(way, fact);
    if ((leads4(way) || leads6(way)) && !way->claim->range.routed)
        add_back(way, fact);
}

/* ---- networks ---- */

static const struct {
    const char *set, *name, *words;
} net_rules[] = {
    {"same", "neighbours", "whoever is on this network is reached, every port"},
    {"apart", "neighbours", "whoever is on this network is not reached, but by published ports"},
    {"isolated", "isolation", "nothing passes between it and other networks, either way"},
    {"internal", "internal", "nothing passes between it and the outside, and of the host only its bridge is reached"},
    {"routed", "routed", "its own addresses are reached from outside: published ports, and pings"},
    {"unprotected", "unprotected", "its own addresses are reached from outside, every port"},
    {"masquerade4", "masquerade", "what leaves for the outside has the host's address (IPv4)"},
    {"masquerade6", "masquerade IPv6", "what leaves for the outside has the host's address (IPv6)"},
    {"hairpin4", "hairpin", "what comes back to its own network by a published port has the bridge's address (IPv4)"},
    {"hairpin6", "hairpin IPv6",
     "what comes back to its own network by a published port has the bridge's address (IPv6)"},
};

void explain_rules_describe(const char *network, const char *table, const firewall_lines *lines, explain_facts *ret)
{
    _cleanup_free_ char *name = str_printf("network %s", network);
    struct explain_fact *fact = explain_add(ret, name, NULL, "what the rules say of it");

    for (size_t i = 0; i < ARRAY_SIZE(net_rules); i++)
        VEC_FOREACH (l, lines) {
            _cleanup_free_ char *source = NULL;
            struct explain_fact *rule;

            if (!str_eq(l->set, net_rules[i].set))
                continue;
            source = str_printf("nftables NFT_MSG_GETSETELEM, as nft get element inet %s %s { %s } asks", table, l->set,
                                l->element);
            rule = explain_below(fact, net_rules[i].name, source, "%s%s (%s { %s })",
                                 l->there ? "" : "MISSING: the kernel has no rule that ", net_rules[i].words, l->set,
                                 l->element);
            explain_put(rule, "There", cli_value_truth(l->there));
            rule->weak = !l->there;
        }
}
