/* Questions of containers, answers of name servers, the host's resolv.conf. The first byte says which of them it is. */
#include "network/dns_local.h"
#include "sys/resolv_conf.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct endpoint_table {
    int unused;
};

/* Everybody knows two names, one of them with more addresses than a datagram has room for. */
static void names(struct endpoint_table *t, const char *name, uint16_t family, ips *ret)
{
    size_t n = strcasecmp(name, "web") == 0 ? 1 : strcasecmp(name, "all") == 0 ? 100 : 0;

    (void)t;
    for (size_t i = 0; i < n; i++)
        *VEC_PUSH(ret) = (struct ip){family, {10, 0, 0, (uint8_t)i}};
}

static char *reverse(struct endpoint_table *t, const struct ip *address)
{
    (void)t;
    return address->bytes[0] == 10 ? str_dup("web") : NULL;
}

/* What is written is read again: an answer to the question, within its bounds. */
static void check_answer(const struct dns_query *q, const uint8_t *m, const struct buf *out, size_t max)
{
    if (out->len < DNS_HEADER_LEN || out->len > max)
        abort();
    if (q->question_end && !dns_answer_matches((uint8_t *)out->p, out->len, m, q->question_end, q->id))
        abort();
}

static void check_query(const uint8_t *m, size_t len)
{
    struct dns_network network = {.name = (char *)"net"};
    struct dns_networks_known known = {.list = {.v = &network, .n = 1, .cap = 1}, .names = names, .reverse = reverse};
    _cleanup_buf_ struct buf out = BUF_INIT, cut = BUF_INIT;
    struct dns_answer a;
    struct dns_query q;
    int rcode = dns_query_parse(m, len, &q);

    if (rcode < 0)
        return;
    if (strlen(q.name) >= DNS_NAME_MAX || q.udp_max < DNS_UDP_MIN || q.question_end > len)
        abort();
    if (rcode > 0) {
        dns_answer_begin(&a, &q, m, rcode, DNS_MESSAGE_MAX, &out);
        dns_answer_end(&a);
        check_answer(&q, m, &out, DNS_MESSAGE_MAX);
    } else if (dns_local_answer(&known, &q, m, q.udp_max, len % 2, &out)) {
        check_answer(&q, m, &out, q.udp_max);
        dns_answer_cut((uint8_t *)out.p, q.question_end, &cut);
        check_answer(&q, m, &cut, q.udp_max);
    }
}

/* A question of ours, and foreign bytes as its answer. */
static void check_foreign_answer(const uint8_t *m, size_t len)
{
    static const uint8_t asked[] = {0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 'w', 'e', 'b', 0, 0, 1, 0, 1};

    if (dns_answer_matches(m, len, asked, sizeof(asked), 1) && len < DNS_HEADER_LEN)
        abort();
}

static void check_resolv_conf(const char *text)
{
    _cleanup_resolv_conf_ struct resolv_conf conf;

    resolv_conf_parse(text, &conf);
    STRV_FOREACH (server, conf.servers)
        resolv_conf_is_loopback(*server);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *text = size ? str_ndup((const char *)data + 1, size - 1) : NULL;

    if (!size)
        return 0;
    if (data[0] % 3 == 0)
        check_query(data + 1, size - 1);
    else if (data[0] % 3 == 1)
        check_foreign_answer(data + 1, size - 1);
    else
        check_resolv_conf(text);
    return 0;
}
