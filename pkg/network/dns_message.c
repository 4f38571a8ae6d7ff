#include "network/dns_message.h"

#include <ctype.h>
#include <stdio.h>

enum { RECORD_FIXED = 10, OPT_LEN = 11, LABEL_MAX = 63, OUR_UDP_MAX = 4096 };

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(struct buf *out, uint32_t v)
{
    uint8_t b[2] = {(uint8_t)(v >> 8), (uint8_t)v};

    buf_add(out, b, sizeof(b));
}

uint16_t dns_id(const uint8_t *m)
{
    return get16(m);
}

uint16_t dns_flags(const uint8_t *m)
{
    return get16(m + 2);
}

void dns_set_id(uint8_t *m, uint16_t id)
{
    m[0] = (uint8_t)(id >> 8);
    m[1] = (uint8_t)id;
}

/* ---- reading ---- */

/* Nothing sets a locale: letters are those of ASCII. */
static size_t add_byte(char *text, size_t at, uint8_t c)
{
    if (isalnum(c) || c == '-' || c == '_') {
        text[at] = (char)tolower(c);
        return at + 1;
    }
    return at + (size_t)snprintf(text + at, 5, "\\%03u", c);
}

/* The question's name: it stands first, so there is nothing that it could be a pointer to. Where it ends, or 0. */
static size_t read_name(const uint8_t *m, size_t len, size_t at, char text[DNS_NAME_MAX])
{
    size_t begin = at, n = 0;

    while (at < len && m[at]) {
        size_t label = m[at++];

        if (label > LABEL_MAX || label > len - at || at + label - begin > DNS_WIRE_NAME_MAX - 1)
            return 0;
        if (n)
            text[n++] = '.';
        for (size_t end = at + label; at < end; at++)
            n = add_byte(text, n, m[at]);
    }
    text[n] = 0;
    return at < len ? at + 1 : 0;
}

/* Passes over a name, which may end in a pointer. Where it ends, or 0. */
static size_t skip_name(const uint8_t *m, size_t len, size_t at)
{
    while (at < len) {
        size_t label = m[at];

        if (!label)
            return at + 1;
        if (label >= 0xc0)
            return len - at >= 2 ? at + 2 : 0;
        if (label > LABEL_MAX || label >= len - at)
            return 0;
        at += 1 + label;
    }
    return 0;
}

/* One OPT at most, of the root. */
static int read_opt(const uint8_t *m, size_t name, size_t at, struct dns_query *q)
{
    if (q->edns || m[name])
        return DNS_FORMERR;
    q->edns = true;
    q->udp_max = MAX_OF(get16(m + at + 2), (uint16_t)DNS_UDP_MIN);
    return m[at + 5] ? DNS_BADVERS : DNS_OK;
}

static int read_records(const uint8_t *m, size_t len, struct dns_query *q)
{
    size_t at = q->question_end, first = (size_t)get16(m + 6) + get16(m + 8), n = first + get16(m + 10);
    int r = DNS_OK;

    for (size_t i = 0; i < n && r == DNS_OK; i++) {
        size_t name = at;

        at = skip_name(m, len, at);
        if (!at || len - at < RECORD_FIXED || len - at - RECORD_FIXED < get16(m + at + 8))
            return DNS_FORMERR;
        if (i >= first && get16(m + at) == DNS_OPT)
            r = read_opt(m, name, at, q);
        at += RECORD_FIXED + get16(m + at + 8);
    }
    return r;
}

int dns_query_parse(const uint8_t *m, size_t len, struct dns_query *ret)
{
    size_t at;

    *ret = (struct dns_query){.udp_max = DNS_UDP_MIN};
    if (len < DNS_HEADER_LEN || dns_flags(m) & DNS_RESPONSE)
        return -1;
    ret->id = dns_id(m);
    ret->flags = dns_flags(m);
    if (ret->flags & DNS_OPCODE)
        return DNS_NOTIMP;
    if (get16(m + 4) != 1 || len > DNS_QUERY_MAX)
        return DNS_FORMERR;
    at = read_name(m, len, DNS_HEADER_LEN, ret->name);
    if (!at || len - at < 4)
        return DNS_FORMERR;
    ret->type = get16(m + at);
    ret->class = get16(m + at + 2);
    ret->question_end = at + 4;
    return read_records(m, len, ret);
}

bool dns_answer_matches(const uint8_t *answer, size_t len, const uint8_t *query, size_t question_end, uint16_t id)
{
    if (len < DNS_HEADER_LEN || dns_id(answer) != id || !(dns_flags(answer) & DNS_RESPONSE) ||
        (dns_flags(answer) & DNS_OPCODE) != (dns_flags(query) & DNS_OPCODE))
        return false;
    if (get16(answer + 4) == 0)
        return len == DNS_HEADER_LEN && dns_flags(answer) & DNS_RCODE;
    if (get16(answer + 4) != 1 || len < question_end)
        return false;
    /* Letters' case aside: a length is below 64, where there are no letters. */
    for (size_t i = DNS_HEADER_LEN; i < question_end - 4; i++)
        if (tolower(answer[i]) != tolower(query[i]))
            return false;
    return memcmp(answer + question_end - 4, query + question_end - 4, 4) == 0;
}

/* ---- writing ---- */

static size_t opt_len(const struct dns_answer *a)
{
    return a->query->edns ? OPT_LEN : 0;
}

static void set16(struct buf *out, size_t at, uint32_t v)
{
    out->p[at] = (char)(v >> 8);
    out->p[at + 1] = (char)v;
}

void dns_answer_begin(struct dns_answer *a, const struct dns_query *q, const uint8_t *m, int rcode, size_t max,
                      struct buf *out)
{
    uint16_t kept = DNS_OPCODE | DNS_WANTS_RECURSION | DNS_CHECKING_DISABLED;

    *a = (struct dns_answer){.query = q, .out = out, .max = max, .extended = (uint8_t)(rcode >> 4)};
    put16(out, q->id);
    put16(out, DNS_RESPONSE | DNS_RECURSES | (q->flags & kept) | (rcode & DNS_RCODE));
    put16(out, q->question_end ? 1 : 0);
    for (int i = 0; i < 3; i++)
        put16(out, 0);
    if (q->question_end)
        buf_add(out, m + DNS_HEADER_LEN, q->question_end - DNS_HEADER_LEN);
}

static uint16_t count(const struct dns_answer *a)
{
    return get16((const uint8_t *)a->out->p + 6);
}

/* A record of the name that was asked for. */
static void add_record(struct dns_answer *a, uint16_t type, uint32_t ttl, const void *data, size_t len)
{
    if (a->out->len + 2 + RECORD_FIXED + len + opt_len(a) > a->max || count(a) == UINT16_MAX) {
        set16(a->out, 2, dns_flags((const uint8_t *)a->out->p) | DNS_TRUNCATED);
        return;
    }
    put16(a->out, 0xc000 | DNS_HEADER_LEN);
    put16(a->out, type);
    put16(a->out, DNS_CLASS_IN);
    put16(a->out, ttl >> 16);
    put16(a->out, ttl);
    put16(a->out, (uint32_t)len);
    buf_add(a->out, data, len);
    set16(a->out, 6, count(a) + 1u);
}

void dns_answer_add_address(struct dns_answer *a, const struct ip *address, uint32_t ttl)
{
    add_record(a, address->family == AF_INET ? DNS_A : DNS_AAAA, ttl, address->bytes, ip_len(address->family));
}

void dns_answer_add_pointer(struct dns_answer *a, const char *name, uint32_t ttl)
{
    uint8_t wire[DNS_WIRE_NAME_MAX];
    size_t n = 0;

    while (*name) {
        size_t label = strcspn(name, ".");

        if (!label || label > LABEL_MAX || n + label + 2 > sizeof(wire))
            return;
        wire[n++] = (uint8_t)label;
        memcpy(wire + n, name, label);
        n += label;
        name += label + (name[label] == '.');
    }
    wire[n++] = 0;
    add_record(a, DNS_PTR, ttl, wire, n);
}

void dns_answer_end(struct dns_answer *a)
{
    static const uint8_t root = 0;

    if (!a->query->edns)
        return;
    buf_add(a->out, &root, 1);
    put16(a->out, DNS_OPT);
    put16(a->out, OUR_UDP_MAX);
    put16(a->out, (uint32_t)a->extended << 8);
    put16(a->out, 0);
    put16(a->out, 0);
    set16(a->out, 10, 1);
}

void dns_answer_cut(const uint8_t *m, size_t question_end, struct buf *out)
{
    buf_add(out, m, question_end);
    set16(out, 2, dns_flags(m) | DNS_TRUNCATED);
    for (size_t at = 6; at < DNS_HEADER_LEN; at += 2)
        set16(out, at, 0);
}

/* ---- names of addresses ---- */

static bool read_reverse4(const char *name, size_t len, struct ip *ret)
{
    _cleanup_free_ char *text = str_ndup(name, len);
    struct ip backwards;

    if (ip_parse(text, &backwards, NULL) < 0 || backwards.family != AF_INET)
        return false;
    ret->family = AF_INET;
    for (size_t i = 0; i < 4; i++)
        ret->bytes[i] = backwards.bytes[3 - i];
    return true;
}

static bool read_reverse6(const char *name, size_t len, struct ip *ret)
{
    if (len != 63) /* 32 digits */
        return false;
    ret->family = AF_INET6;
    for (size_t i = 0; i < 32; i++) {
        char c = name[2 * i];
        unsigned digit = isdigit((unsigned char)c) ? (unsigned)(c - '0') : (unsigned)(c - 'a') + 10;

        if (!isxdigit((unsigned char)c) || (i < 31 && name[2 * i + 1] != '.'))
            return false;
        ret->bytes[15 - i / 2] |= (uint8_t)(i % 2 ? digit << 4 : digit);
    }
    return true;
}

bool dns_reverse_address(const char *name, struct ip *ret)
{
    static const char v4[] = ".in-addr.arpa", v6[] = ".ip6.arpa";
    size_t n = strlen(name);

    *ret = IP_NONE;
    if (str_ends(name, v4))
        return read_reverse4(name, n - strlen(v4), ret);
    return str_ends(name, v6) && read_reverse6(name, n - strlen(v6), ret);
}
