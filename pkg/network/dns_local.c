#include "network/dns_local.h"

/* Docker says 600 s. That is what programs with a cache of their own then keep to while the container behind a name is
 * replaced, or another one of several has come; and asking again costs less than a tenth of a millisecond. */
enum { TTL = 5, NAMES_MAX = 4096 };

struct lookup {
    ips v4, v6;
};

static void lookup_release(struct lookup *l)
{
    free(l->v4.v);
    free(l->v6.v);
}

/* Of each family the addresses of the first network that has some; none at all where none has the name. */
static void look_up_in(struct dns_networks_known *known, const struct dns_network *n, const char *name,
                       struct lookup *l)
{
    if (!l->v4.n)
        known->names(n->table, name, AF_INET, &l->v4);
    if (!l->v6.n)
        known->names(n->table, name, AF_INET6, &l->v6);
}

/* NAME, or NAME.NETWORK. */
static void look_up(struct dns_networks_known *known, const char *name, struct lookup *l)
{
    const char *dot = strrchr(name, '.');
    _cleanup_free_ char *first = dot ? str_ndup(name, (size_t)(dot - name)) : NULL;

    if (!*name)
        return;
    VEC_FOREACH (n, &known->list)
        look_up_in(known, n, name, l);
    if (!dot || l->v4.n || l->v6.n)
        return;
    VEC_FOREACH (n, &known->list)
        if (*n->name && strcasecmp(n->name, dot + 1) == 0)
            look_up_in(known, n, first, l);
}

static uint8_t *turn_of(struct dns_networks_known *known, const struct dns_query *q)
{
    uint32_t hash = q->type;

    for (const char *c = q->name; *c; c++)
        hash = hash * 31 + (uint8_t)*c;
    return &known->turns[hash % ARRAY_SIZE(known->turns)];
}

static void add_all(struct dns_answer *a, const ips *list, uint8_t turn)
{
    size_t n = MIN_OF(list->n, (size_t)NAMES_MAX);

    for (size_t i = 0; i < n; i++)
        dns_answer_add_address(a, &list->v[(i + turn) % n], TTL);
}

static bool answer_name(struct dns_networks_known *known, const struct dns_query *q, const uint8_t *m, size_t max,
                        struct buf *out)
{
    _cleanup_(lookup_release) struct lookup l = {0};
    struct dns_answer a;

    look_up(known, q->name, &l);
    if (!l.v4.n && !l.v6.n)
        return false;
    /* Of a name that is known other kinds of records do not exist: who asked elsewhere for them would hear that the
     * name does not exist either, and some believe it. */
    dns_answer_begin(&a, q, m, DNS_OK, max, out);
    if (q->type == DNS_A || q->type == DNS_ANY)
        add_all(&a, &l.v4, *turn_of(known, q));
    if (q->type == DNS_AAAA || q->type == DNS_ANY)
        add_all(&a, &l.v6, *turn_of(known, q));
    (*turn_of(known, q))++;
    dns_answer_end(&a);
    return true;
}

static void answer_code(const struct dns_query *q, const uint8_t *m, int rcode, size_t max, struct buf *out)
{
    struct dns_answer a;

    dns_answer_begin(&a, q, m, rcode, max, out);
    dns_answer_end(&a);
}

/* Docker's form: NAME.NETWORK. */
static bool answer_reverse(struct dns_networks_known *known, const struct dns_query *q, const uint8_t *m,
                           const struct ip *address, size_t max, struct buf *out)
{
    bool ours = false;

    VEC_FOREACH (n, &known->list) {
        _cleanup_free_ char *name = known->reverse(n->table, address);
        _cleanup_free_ char *whole = name ? str_printf("%s%s%s", name, *n->name ? "." : "", n->name) : NULL;
        struct dns_answer a;

        VEC_FOREACH (s, &n->subnets)
            ours |= ip_net_contains(s, address);
        if (!name)
            continue;
        dns_answer_begin(&a, q, m, DNS_OK, max, out);
        if (q->type == DNS_PTR || q->type == DNS_ANY)
            dns_answer_add_pointer(&a, whole, TTL);
        dns_answer_end(&a);
        return true;
    }
    if (ours)
        answer_code(q, m, DNS_NXDOMAIN, max, out);
    return ours;
}

bool dns_local_answer(struct dns_networks_known *known, const struct dns_query *q, const uint8_t *m, size_t max,
                      bool forward, struct buf *out)
{
    bool usual = q->class == DNS_CLASS_IN;
    struct ip address;

    if (usual && dns_reverse_address(q->name, &address)) {
        if (answer_reverse(known, q, m, &address, max, out))
            return true;
    } else if (usual && answer_name(known, q, m, max, out)) {
        return true;
    }
    if (!forward)
        answer_code(q, m, usual ? DNS_NXDOMAIN : DNS_REFUSED, max, out);
    return !forward;
}
