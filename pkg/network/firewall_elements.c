/* What publishes a port: elements of maps. */
#include "network/firewall_internal.h"

#include <arpa/inet.h>

bool firewall_relayed(const struct port_range *range, bool container_has_ip6, struct ip *ret)
{
    static const struct ip any = {.family = AF_INET6}, loopback = {AF_INET6, {[15] = 1}};
    bool all = !ip_is_set(&range->host) || (range->host.family == AF_INET6 && ip_is_any(&range->host));

    if (range->routed || range->protocol == IPPROTO_SCTP || (ip_is_set(&range->host) && range->host.family != AF_INET6))
        return false;
    if (!all && container_has_ip6 && !ip_is_loopback(&range->host))
        return false;
    *ret = !all ? range->host : container_has_ip6 ? loopback : any;
    return true;
}

/* To a container's address `to`, of the family that it has. A range that stays what it is, is one element. */
static void emit_translation(const struct port_range *r, const struct ip *to, firewall_emit emit, void *data)
{
    struct ip host = ip_is_set(&r->host) ? r->host : (struct ip){.family = to->family};
    bool six = to->family == AF_INET6;
    struct firewall_element e = {six ? "range6" : "range4", host, r->protocol, r->host_first, 0, *to, 0};

    if (!ip_is_set(to) || host.family != to->family || (six && ip_is_loopback(&host)))
        return;
    if (r->routed) {
        e.set = six ? "open6" : "open4";
        e.host = *to;
        e.first = r->container_first;
        e.last = (uint16_t)(r->container_first + r->count - 1);
        e.to = IP_NONE;
        emit(data, &e);
        return;
    }
    if (r->count > 1 && r->host_first == r->container_first) {
        e.last = (uint16_t)(r->host_first + r->count - 1);
        emit(data, &e);
        return;
    }
    e.set = six ? "publish6" : "publish4";
    for (unsigned i = 0; i < r->count; i++) {
        e.first = e.last = (uint16_t)(r->host_first + i);
        e.to_port = (uint16_t)(r->container_first + i);
        emit(data, &e);
    }
}

static void emit_relay(const struct port_claim *c, firewall_emit emit, void *data)
{
    const struct port_range *r = &c->range;
    struct ip host;

    if (c->relay && r->protocol == IPPROTO_TCP && firewall_relayed(r, ip_is_set(&c->ip6), &host))
        emit(data, &(struct firewall_element){"relay6", host, 0, r->host_first,
                                              (uint16_t)(r->host_first + r->count - 1), IP_NONE, c->relay});
}

void firewall_each_element(const port_claims *claims, firewall_emit emit, void *data)
{
    const struct port_claim *before = NULL;

    VEC_FOREACH (c, claims) {
        emit_translation(&c->range, &c->ip4, emit, data);
        emit_translation(&c->range, &c->ip6, emit, data);
        emit_relay(c, emit, data);
        /* a container has one relay; what is there once can be deleted once */
        if (c->relay && (!before || before->relay != c->relay))
            emit(data, &(struct firewall_element){"relays", IP_NONE, 0, c->relay, c->relay, IP_NONE, 0});
        before = c;
    }
}

/* ---- the kernel's form ---- */

static void add_field(struct nft_fields *f, const void *bytes, size_t len)
{
    memcpy(f->bytes + f->len, bytes, len);
    f->len += (len + 3) / 4 * 4; /* the rest is 0 */
}

static void add_address(struct nft_fields *f, const struct ip *a, bool end)
{
    struct ip last = *a;

    if (end && ip_is_any(a))
        memset(last.bytes, 0xff, sizeof(last.bytes));
    if (ip_is_set(a))
        add_field(f, last.bytes, ip_len(a->family));
}

static void fill_key(struct nft_fields *f, const struct firewall_element *e, bool end)
{
    uint16_t port = htons(end ? e->last : e->first);

    add_address(f, &e->host, end);
    if (e->protocol)
        add_field(f, &e->protocol, sizeof(e->protocol));
    add_field(f, &port, sizeof(port));
}

static void add_element(void *data, const struct firewall_element *e)
{
    struct nft_element *k = VEC_PUSH((nft_elements *)data);
    uint16_t to_port = htons(e->to_port);

    k->set = e->set;
    fill_key(&k->key, e, false);
    if (ip_is_set(&e->host))
        fill_key(&k->key_end, e, true);
    else
        k->key.len = sizeof(uint16_t); /* a port alone is no concatenation */
    add_address(&k->value, &e->to, false);
    if (e->to_port)
        add_field(&k->value, &to_port, sizeof(to_port));
    if (e->to_port && !ip_is_set(&e->to))
        k->value.len = sizeof(uint16_t);
}

void firewall_elements(const port_claims *claims, nft_elements *ret)
{
    firewall_each_element(claims, add_element, ret);
}
