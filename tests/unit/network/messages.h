/* Questions, and answers as libc's own reader sees them. resolver(3), arpa/nameser.h */
#pragma once

#include "../unit.h"

#include "network/dns_message.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <resolv.h>

struct message {
    uint8_t bytes[DNS_QUERY_MAX + 8];
    size_t len;
};

static inline struct message question(const char *name, uint16_t type)
{
    struct message m = {.len = 0};
    int n = res_mkquery(ns_o_query, name, ns_c_in, type, NULL, 0, NULL, m.bytes, sizeof(m.bytes));

    assert_true(n > 0);
    m.len = (size_t)n;
    dns_set_id(m.bytes, 0x1234);
    return m;
}

/* An OPT record behind it. */
static inline struct message with_edns(struct message m, uint16_t udp_max, uint8_t version)
{
    const uint8_t opt[] = {0, 0, DNS_OPT, (uint8_t)(udp_max >> 8), (uint8_t)udp_max, 0, version, 0, 0, 0, 0};

    memcpy(m.bytes + m.len, opt, sizeof(opt));
    m.len += sizeof(opt);
    m.bytes[11]++;
    return m;
}

/* Addresses and names of an answer, one behind the other; and what else is worth knowing. */
struct seen {
    char text[65536];
    int id, rcode, answers, additional;
    bool truncated, recursion, response;
};

static inline struct seen read_answer(const struct buf *out)
{
    static struct seen s;
    ns_msg handle;
    ns_rr rr;

    s = (struct seen){.text = ""};
    assert_int_equal(ns_initparse((const uint8_t *)out->p, (int)out->len, &handle), 0);
    s.id = ns_msg_id(handle);
    s.rcode = ns_msg_getflag(handle, ns_f_rcode);
    s.truncated = ns_msg_getflag(handle, ns_f_tc);
    s.recursion = ns_msg_getflag(handle, ns_f_ra);
    s.response = ns_msg_getflag(handle, ns_f_qr);
    s.answers = ns_msg_count(handle, ns_s_an);
    s.additional = ns_msg_count(handle, ns_s_ar);
    for (int i = 0; i < s.answers; i++) {
        char word[1025] = "?";

        assert_int_equal(ns_parserr(&handle, ns_s_an, i, &rr), 0);
        if (ns_rr_type(rr) == ns_t_a)
            inet_ntop(AF_INET, ns_rr_rdata(rr), word, sizeof(word));
        else if (ns_rr_type(rr) == ns_t_aaaa)
            inet_ntop(AF_INET6, ns_rr_rdata(rr), word, sizeof(word));
        else if (ns_rr_type(rr) == ns_t_ptr)
            assert_true(dn_expand(ns_msg_base(handle), ns_msg_end(handle), ns_rr_rdata(rr), word, sizeof(word)) > 0);
        snprintf(s.text + strlen(s.text), sizeof(s.text) - strlen(s.text), "%s%s", i ? " " : "", word);
    }
    return s;
}
