#include "container/ports.h"

#include "base/num.h"
#include "bundle/parse.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- exposed ones ---- */

/* "80/tcp", "80", "80-90/udp". */
static bool parse_exposed(const char *text, int64_t *first, int64_t *last, const char **ret_protocol)
{
    static const char *const known[] = {"tcp", "udp", "sctp"};
    size_t n = strcspn(text, "/");

    *ret_protocol = text[n] ? NULL : "tcp";
    for (size_t i = 0; text[n] && i < ARRAY_SIZE(known); i++)
        if (str_eq(text + n + 1, known[i]))
            *ret_protocol = known[i];
    return *ret_protocol && bundle_parse_port_range(text, n, first, last, NULL) == 0;
}

static int compare_inside(const void *a, const void *b)
{
    const struct container_port *x = a, *y = b;
    int r = strcmp(x->protocol, y->protocol);

    return r ? r : (int)x->inside - (int)y->inside;
}

static void add_exposed(char *const *exposed, container_ports *ret)
{
    STRV_FOREACH (text, exposed) {
        const char *protocol;
        int64_t first, last;

        if (!parse_exposed(*text, &first, &last, &protocol))
            continue;
        for (int64_t port = first; port <= last; port++)
            *VEC_PUSH(ret) = (struct container_port){.inside = (uint16_t)port, .protocol = protocol};
    }
}

char **container_ports_exposed(const struct engine_options *o)
{
    container_ports all = {0};
    char **ret = NULL;

    add_exposed(o->config.config.exposed_ports, &all);
    if (all.n)
        qsort(all.v, all.n, sizeof(*all.v), compare_inside);
    for (size_t i = 0, k; i < all.n; i = k) {
        for (k = i + 1;
             k < all.n && str_eq(all.v[k].protocol, all.v[i].protocol) && all.v[k].inside - all.v[k - 1].inside <= 1;)
            k++;
        if (all.v[k - 1].inside == all.v[i].inside)
            strv_addf(&ret, "%u/%s", all.v[i].inside, all.v[i].protocol);
        else
            strv_addf(&ret, "%u-%u/%s", all.v[i].inside, all.v[k - 1].inside, all.v[i].protocol);
    }
    free(all.v);
    return ret;
}

/* ---- all of them ---- */

static void add_range(const struct port_range *r, const char *ip, container_ports *ret)
{
    for (unsigned i = 0; i < r->count; i++) {
        struct container_port *p = VEC_PUSH(ret);

        p->inside = (uint16_t)(r->container_first + i);
        p->outside = (uint16_t)(r->host_first + i);
        p->protocol = port_protocol_name(r->protocol);
        snprintf(p->ip, sizeof(p->ip), "%s", ip);
    }
}

/* Of both families, it is open once. */
static void add_open(const struct port_range *r, container_ports *ret)
{
    for (unsigned i = 0; i < r->count; i++) {
        struct container_port open = {.inside = (uint16_t)(r->container_first + i),
                                      .protocol = port_protocol_name(r->protocol)};
        bool there = false;

        VEC_FOREACH (p, ret)
            there |= p->inside == open.inside && !p->outside && str_eq(p->protocol, open.protocol);
        if (!there)
            *VEC_PUSH(ret) = open;
    }
}

/* IPv4 does not reach a container that has IPv6 alone. */
static void add_claim(const struct port_claim *c, container_ports *ret)
{
    const struct port_range *r = &c->range;
    char text[IP_TEXT_MAX];

    if (r->routed) {
        add_open(r, ret);
    } else if (ip_is_set(&r->host)) {
        add_range(r, ip_format(&r->host, text), ret);
    } else {
        if (ip_is_set(&c->ip4) || !ip_is_set(&c->ip6))
            add_range(r, "0.0.0.0", ret);
        add_range(r, "::", ret);
    }
}

static bool is_claimed(const port_claims *claims, const char *container, const struct container_port *p)
{
    VEC_FOREACH (c, claims)
        if (str_eq(c->container, container) && str_eq(port_protocol_name(c->range.protocol), p->protocol) &&
            p->inside >= c->range.container_first && p->inside - c->range.container_first < c->range.count)
            return true;
    return false;
}

static int compare(const void *a, const void *b)
{
    const struct container_port *x = a, *y = b;
    int r = (int)x->inside - (int)y->inside;

    if (r == 0)
        r = strcmp(x->ip, y->ip);
    if (r == 0)
        r = (int)x->outside - (int)y->outside;
    return r ? r : strcmp(x->protocol, y->protocol);
}

void container_ports_list(const port_claims *claims, const char *container, char *const *exposed, container_ports *ret)
{
    container_ports open = {0};

    *ret = (container_ports){0};
    VEC_FOREACH (c, claims)
        if (str_eq(c->container, container))
            add_claim(c, ret);
    add_exposed(exposed, &open);
    VEC_FOREACH (p, &open)
        if (!is_claimed(claims, container, p))
            *VEC_PUSH(ret) = *p;
    free(open.v);
    if (ret->n)
        qsort(ret->v, ret->n, sizeof(*ret->v), compare);
}

/* ---- text ---- */

/* Neighbours inside, which have the same numbers outside: of one address and protocol. */
struct group {
    const struct container_port *first;
    uint16_t last;
};
typedef VEC(struct group) groups;

static void add_item(struct buf *out, const char *item)
{
    buf_addf(out, "%s%s", out->len ? ", " : "", item);
}

static char *join_host(const char *ip, const char *ports)
{
    return strchr(ip, ':') ? str_printf("[%s]:%s", ip, ports) : str_printf("%s:%s", ip, ports);
}

static void add_group(struct buf *out, const struct group *g)
{
    const struct container_port *p = g->first;
    _cleanup_free_ char *ports =
        g->last == p->inside ? str_printf("%u", p->inside) : str_printf("%u-%u", p->inside, g->last);
    _cleanup_free_ char *host = *p->ip ? join_host(p->ip, ports) : NULL;
    _cleanup_free_ char *item =
        host ? str_printf("%s->%s/%s", host, ports, p->protocol) : str_printf("%s/%s", ports, p->protocol);

    add_item(out, item);
}

static struct group *find_group(groups *all, const struct container_port *p)
{
    VEC_FOREACH (g, all)
        if (str_eq(g->first->ip, p->ip) && str_eq(g->first->protocol, p->protocol))
            return g;
    return NULL;
}

char *container_port_outside(const struct container_port *p)
{
    char number[8];

    snprintf(number, sizeof(number), "%u", p->outside);
    return join_host(p->ip, number);
}

char *container_ports_text(const container_ports *ports)
{
    _cleanup_buf_ struct buf out = BUF_INIT, moved = BUF_INIT;
    groups open = {0};

    VEC_FOREACH (p, ports) {
        struct group *g = p->outside && p->outside != p->inside ? NULL : find_group(&open, p);

        if (p->outside && p->outside != p->inside) {
            _cleanup_free_ char *outside = container_port_outside(p);
            _cleanup_free_ char *item = str_printf("%s->%u/%s", outside, p->inside, p->protocol);

            add_item(&moved, item);
        } else if (!g) {
            *VEC_PUSH(&open) = (struct group){p, p->inside};
        } else if (p->inside == g->last + 1) {
            g->last = p->inside;
        } else {
            add_group(&out, g);
            *g = (struct group){p, p->inside};
        }
    }
    VEC_FOREACH (g, &open)
        add_group(&out, g);
    free(open.v);
    if (moved.len)
        add_item(&out, buf_str(&moved));
    return str_dup(out.len ? buf_str(&out) : "");
}
