/* The rules as text: what every packet meets, and the elements that say for whom.
 *
 * A packet costs the same however many networks and ports there are: each rule is one look into a set or a map.
 */
#include "base/buf.h"
#include "network/firewall_internal.h"

#include <stdio.h>

/* Sets and maps. Two maps for ports, since a range of ports is one element only where they stay what they are: the
 * first gives address and port, the second an address alone. */
static const struct {
    const char *kind, *name, *type, *flags;
} sets[] = {
    {"set", "bridges", "ifname", NULL},
    {"set", "isolated", "ifname", NULL},
    {"set", "internal", "ifname", NULL},
    {"set", "same", "ifname . ifname", NULL},
    {"set", "apart", "ifname . ifname", NULL},
    {"set", "routed", "ifname . nf_proto", NULL},
    {"set", "unprotected", "ifname . nf_proto", NULL},
    {"set", "closed", "nf_proto", NULL},
    {"set", "masquerade4", "ipv4_addr", "interval"},
    {"set", "masquerade6", "ipv6_addr", "interval"},
    {"set", "hairpin4", "ipv4_addr . ipv4_addr", "interval"},
    {"set", "hairpin6", "ipv6_addr . ipv6_addr", "interval"},
    {"set", "open4", "ipv4_addr . inet_proto . inet_service", "interval"},
    {"set", "open6", "ipv6_addr . inet_proto . inet_service", "interval"},
    {"set", "relays", "inet_service", NULL},
    {"map", "relay6", "ipv6_addr . inet_service : inet_service", "interval"},
    {"map", "publish4", "ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service", "interval"},
    {"map", "publish6", "ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service", "interval"},
    {"map", "range4", "ipv4_addr . inet_proto . inet_service : ipv4_addr", "interval"},
    {"map", "range6", "ipv6_addr . inet_proto . inet_service : ipv6_addr", "interval"},
};

#define WITH_PORTS       "meta l4proto { tcp, udp, sctp } "
#define PUBLISH(ip, map) WITH_PORTS "dnat " ip " to " ip " daddr . meta l4proto . th dport map @" map

/* Chains and their rules, in order. */
static const struct {
    const char *name, *hook;
    const char *rules[15];
} chains[] = {
    /* With route_localnet on a bridge the kernel no longer drops by itself what a container sends to 127/8: no service
     * of the host that listens there alone may be reached, and none may be told that the host itself is asking. A
     * container on internal networks reaches of the host what belongs to its bridge. */
    {"guard",
     "type filter hook prerouting priority raw",
     {"iifname @bridges ip daddr 127.0.0.0/8 drop", "iifname @bridges ip saddr 127.0.0.0/8 drop",
      "iifname @internal fib daddr . iif type != { local, broadcast, anycast, multicast } fib daddr type local drop"}},
    /* What the kernel cannot translate goes to a relay first: ::1 is local even where it is translated. UDP
     * has a socket there. */
    {"publish",
     NULL,
     {"meta nfproto ipv6 meta l4proto tcp redirect to : ip6 daddr . tcp dport map @relay6", "ip6 daddr ::1 return",
      PUBLISH("ip", "publish4"), PUBLISH("ip", "range4"), PUBLISH("ip6", "publish6"), PUBLISH("ip6", "range6")}},
    {"prerouting", "type nat hook prerouting priority dstnat", {"fib daddr type local jump publish"}},
    {"output", "type nat hook output priority -100", {"fib daddr type local jump publish"}},
    /* The client's address stays, except where the answer would not come by here, or not come at all: to the host's
     * own 127.0.0.1, and to a container from one on the same network. That is told by addresses: where
     * bridge-nf-call-iptables is set such a packet does not leave the bridge, and has no interface that it came by; nor
     * is what goes through a bridge's second one, which has no part in the rules, on its way out of the network. */
    {"postrouting",
     "type nat hook postrouting priority srcnat",
     {"oifname @bridges ip saddr 127.0.0.0/8 masquerade", "ct status dnat ip saddr . ip daddr @hairpin4 masquerade",
      "ct status dnat ip6 saddr . ip6 daddr @hairpin6 masquerade", "ip saddr . ip daddr @hairpin4 return",
      "ip6 saddr . ip6 daddr @hairpin6 return", "oifname != @bridges ip saddr @masquerade4 masquerade",
      "oifname != @bridges ip6 saddr @masquerade6 masquerade"}},
    /* A relay is reached by the ports that it is for, not by its own, and not from internal networks: it would be their
     * way to others. Its number is also that of ports of IPv4, and of what the host itself asks for elsewhere. */
    {"input",
     "type filter hook input priority filter",
     {"meta nfproto ipv6 tcp dport @relays ct direction original ct status & dnat == 0 drop",
      "iifname @internal ct status dnat drop"}},
    /* Where nobody but cbox has switched forwarding on, the host forwards for its networks and for no others. What
     * comes from bridges or goes to them is left to those who made them: other engines', and virtual machines'. */
    {"others",
     NULL,
     {"iifname @bridges return", "oifname @bridges return", "meta iifkind \"bridge\" return",
      "meta oifkind \"bridge\" return", "meta nfproto @closed drop"}},
    /* Within a bridge all is allowed (it comes by here where bridge-nf-call-iptables is set), unless its containers are
     * to be apart: those do not reach each other by the host either; nothing goes in or out of an internal one. What
     * was answered or translated may pass; of the rest, networks are closed to each other and to the outside, but for
     * what is published of routed ones, and pings of them; those that are not protected are closed to each other alone.
     * A packet that belongs to no connection would leave with an address that means nothing outside. */
    {"forward",
     "type filter hook forward priority filter",
     {"iifname . oifname @same accept", "iifname @internal drop", "oifname @internal drop",
      "ct state established,related accept", "iifname @bridges ct state invalid drop", "ct status dnat accept",
      "iifname . oifname @apart drop", WITH_PORTS "ip daddr . meta l4proto . th dport @open4 accept",
      WITH_PORTS "ip6 daddr . meta l4proto . th dport @open6 accept",
      "meta l4proto { icmp, icmpv6 } oifname . meta nfproto @routed accept", "iifname @isolated oifname @bridges drop",
      "iifname @bridges oifname @isolated drop", "iifname != @bridges oifname . meta nfproto @unprotected accept",
      "iifname != @bridges oifname @bridges drop", "jump others"}},
};

const char *firewall_set_name(size_t i)
{
    return i < ARRAY_SIZE(sets) ? sets[i].name : NULL;
}

/* ---- elements ---- */

struct elements {
    struct buf *to;
    const char *table, *verb;
};

static void element(const struct elements *e, const char *set, const char *fmt, ...) _printf_(3, 4);
static void element(const struct elements *e, const char *set, const char *fmt, ...)
{
    _cleanup_free_ char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    text = str_vprintf(fmt, ap);
    va_end(ap);
    buf_addf(e->to, "%s element inet %s %s { %s }\n", e->verb, e->table, set, text);
}

static void add_network(const struct elements *e, const struct firewall_network *n)
{
    char text[IP_NET_TEXT_MAX];
    const struct ip_net nets[] = {n->subnet4, n->subnet6};
    const enum network_gateway_mode modes[] = {n->mode4, n->mode6};

    element(e, "bridges", "\"%s\"", n->bridge);
    element(e, n->icc ? "same" : "apart", "\"%s\" . \"%s\"", n->bridge, n->bridge);
    if (n->isolate)
        element(e, "isolated", "\"%s\"", n->bridge);
    if (n->internal)
        element(e, "internal", "\"%s\"", n->bridge);
    for (size_t i = 0; i < ARRAY_SIZE(nets); i++) {
        struct ip_net whole = {ip_net_first(&nets[i]), nets[i].bits};

        if (!ip_is_set(&nets[i].address))
            continue;
        ip_net_format(&whole, text);
        element(e, i ? "hairpin6" : "hairpin4", "%s . %s", text, text);
        if (modes[i] == NETWORK_UNPROTECTED || modes[i] == NETWORK_ROUTED)
            element(e, modes[i] == NETWORK_ROUTED ? "routed" : "unprotected", "\"%s\" . %s", n->bridge,
                    i ? "ipv6" : "ipv4");
        if (n->masquerade && !n->internal && modes[i] != NETWORK_ROUTED)
            element(e, i ? "masquerade6" : "masquerade4", "%s", text);
    }
}

/* `8080`, or `8000-8009`. */
static const char *ports_format(const struct firewall_element *e, char ret[16])
{
    if (e->last > e->first)
        snprintf(ret, 16, "%u-%u", e->first, e->last);
    else
        snprintf(ret, 16, "%u", e->first);
    return ret;
}

static void add_port(void *data, const struct firewall_element *p)
{
    const char *every = p->host.family == AF_INET ? "0.0.0.0/0" : "::/0";
    _cleanup_buf_ struct buf b = BUF_INIT;
    char text[IP_TEXT_MAX], ports[16];

    if (ip_is_set(&p->host))
        buf_addf(&b, "%s . ", ip_is_any(&p->host) ? every : ip_format(&p->host, text));
    if (p->protocol)
        buf_addf(&b, "%s . ", port_protocol_name(p->protocol));
    buf_adds(&b, ports_format(p, ports));
    if (ip_is_set(&p->to))
        buf_addf(&b, " : %s", ip_format(&p->to, text));
    if (p->to_port)
        buf_addf(&b, "%s%u", ip_is_set(&p->to) ? " . " : " : ", p->to_port);
    element(data, p->set, "%s", buf_str(&b));
}

char *firewall_text_network(const char *table, const char *verb, const struct firewall_network *network)
{
    struct buf text = BUF_INIT;

    add_network(&(struct elements){&text, table, verb}, network);
    return buf_steal(&text);
}

char *firewall_text_claims(const char *table, const char *verb, const port_claims *claims)
{
    struct buf text = BUF_INIT;

    firewall_each_element(claims, add_port, &(struct elements){&text, table, verb});
    return buf_steal(&text);
}

static void add_closed(const struct elements *e, unsigned closed)
{
    if (closed & FIREWALL_CLOSED4)
        element(e, "closed", "ipv4");
    if (closed & FIREWALL_CLOSED6)
        element(e, "closed", "ipv6");
}

char *firewall_text_closed(const char *table, unsigned closed)
{
    struct buf text = BUF_INIT;

    add_closed(&(struct elements){&text, table, "add"}, closed);
    return buf_steal(&text);
}

/* ---- all of it ---- */

char *firewall_text(const char *table, const firewall_networks *networks, const port_claims *claims, unsigned closed)
{
    struct buf text = BUF_INIT;
    struct elements e = {&text, table, "add"};

    /* made first, so that deleting it cannot fail: all of the text is one transaction */
    buf_addf(&text, "table inet %s\ndelete table inet %s\ntable inet %s {\n", table, table, table);
    for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
        buf_addf(&text, "\t%s %s { type %s;%s%s%s }\n", sets[i].kind, sets[i].name, sets[i].type,
                 sets[i].flags ? " flags " : "", sets[i].flags ? sets[i].flags : "", sets[i].flags ? ";" : "");
    for (size_t i = 0; i < ARRAY_SIZE(chains); i++) {
        buf_addf(&text, "\tchain %s {\n", chains[i].name);
        if (chains[i].hook)
            buf_addf(&text, "\t\t%s; policy accept;\n", chains[i].hook);
        for (size_t j = 0; j < ARRAY_SIZE(chains[i].rules) && chains[i].rules[j]; j++)
            buf_addf(&text, "\t\t%s\n", chains[i].rules[j]);
        buf_adds(&text, "\t}\n");
    }
    buf_adds(&text, "}\n");
    VEC_FOREACH (n, networks)
        add_network(&e, n);
    firewall_each_element(claims, add_port, &e);
    add_closed(&e, closed);
    return buf_steal(&text);
}
