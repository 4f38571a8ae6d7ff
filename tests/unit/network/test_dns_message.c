#include "messages.h"

static struct err err;

static void test_question(void **state)
{
    struct message m = question("Web-1.My_Net.example", DNS_AAAA);
    struct dns_query q;

    (void)state;
    assert_int_equal(dns_query_parse(m.bytes, m.len, &q), DNS_OK);
    assert_string_equal(q.name, "web-1.my_net.example");
    assert_true(q.id == 0x1234 && q.type == DNS_AAAA && q.class == DNS_CLASS_IN && !q.edns);
    assert_true(q.udp_max == DNS_UDP_MIN && q.question_end == m.len);
    m = question(".", DNS_ANY);
    assert_int_equal(dns_query_parse(m.bytes, m.len, &q), DNS_OK);
    assert_string_equal(q.name, "");
}

static void test_edns(void **state)
{
    struct message m = with_edns(question("web", DNS_A), 1232, 0), small = with_edns(question("web", DNS_A), 100, 0);
    struct dns_query q;

    (void)state;
    assert_int_equal(dns_query_parse(m.bytes, m.len, &q), DNS_OK);
    assert_true(q.edns && q.udp_max == 1232);
    assert_int_equal(dns_query_parse(small.bytes, small.len, &q), DNS_OK);
    assert_int_equal(q.udp_max, DNS_UDP_MIN);
    m = with_edns(question("web", DNS_A), 1232, 1);
    assert_int_equal(dns_query_parse(m.bytes, m.len, &q), DNS_BADVERS);
    m = with_edns(with_edns(question("web", DNS_A), 1232, 0), 1232, 0);
    assert_int_equal(dns_query_parse(m.bytes, m.len, &q), DNS_FORMERR);
}

/* Names with bytes that no host name has are different from every host name. */
static void test_strange_names(void **state)
{
    static const uint8_t dotted[] = {0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 'a', '.', 'b', 0, 0, 1, 0, 1};
    static const uint8_t zero[] = {0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 'a', 0, 0, 0, 1, 0, 1};
    struct dns_query q;

    (void)state;
    assert_int_equal(dns_query_parse(dotted, sizeof(dotted), &q), DNS_OK);
    assert_string_equal(q.name, "a\\046b");
    assert_int_equal(dns_query_parse(zero, sizeof(zero), &q), DNS_OK);
    assert_string_equal(q.name, "a\\000");
}

static void test_longest_name(void **state)
{
    struct message m = {.len = DNS_HEADER_LEN};
    struct dns_query q;

    (void)state;
    m.bytes[5] = 1;
    for (int i = 0; i < 127; i++) { /* 254 bytes, and the root */
        m.bytes[m.len++] = 1;
        m.bytes[m.len++] = 0xff;
    }
    m.bytes[m.len++] = 0;
    m.bytes[m.len + 1] = m.bytes[m.len + 3] = 1;
    m.len += 4;
    assert_int_equal(dns_query_parse(m.bytes, m.len, &q), DNS_OK);
    assert_int_equal(strlen(q.name), 127 * 4 + 126);
    memmove(m.bytes + DNS_HEADER_LEN + 2, m.bytes + DNS_HEADER_LEN, m.len - DNS_HEADER_LEN); /* one label more */
    m.len += 2;
    assert_int_equal(dns_query_parse(m.bytes, m.len, &q), DNS_FORMERR);
}

/* Every beginning of a good message is bad, and read no further. */
static void test_short(void **state)
{
    struct message m = with_edns(question("web.example", DNS_A), 4096, 0);
    struct dns_query q;

    (void)state;
    for (size_t len = 0; len < m.len; len++) {
        _cleanup_free_ uint8_t *cut = mem_dup(m.bytes, len);
        int r = dns_query_parse(cut, len, &q);

        assert_int_equal(r, len < DNS_HEADER_LEN ? -1 : DNS_FORMERR);
    }
}

static void test_hostile(void **state)
{
    struct message m = question("web", DNS_A);
    struct dns_query q;

    (void)state;
    m.bytes[2] |= 0x80; /* an answer */
    assert_int_equal(dns_query_parse(m.bytes, m.len, &q), -1);
    m.bytes[2] = 4 << 3; /* a notification */
    assert_int_equal(dns_query_parse(m.bytes, m.len, &q), DNS_NOTIMP);
    m.bytes[2] = 0;
    m.bytes[5] = 2; /* two questions */
    assert_int_equal(dns_query_parse(m.bytes, m.len, &q), DNS_FORMERR);
    m.bytes[5] = 1;
    m.bytes[7] = 1; /* a record that is not there */
    assert_int_equal(dns_query_parse(m.bytes, m.len, &q), DNS_FORMERR);
    m.bytes[7] = 0;
    m.bytes[DNS_HEADER_LEN] = 0xc0; /* a name that points to itself */
    m.bytes[DNS_HEADER_LEN + 1] = DNS_HEADER_LEN;
    assert_int_equal(dns_query_parse(m.bytes, m.len, &q), DNS_FORMERR);
    m.bytes[DNS_HEADER_LEN] = 64; /* no label is so long */
    assert_int_equal(dns_query_parse(m.bytes, m.len, &q), DNS_FORMERR);
}

static void test_matching(void **state)
{
    struct message asked = question("web.example", DNS_A), other = question("wec.example", DNS_A), m = asked;
    size_t end = asked.len;

    (void)state;
    assert_false(dns_answer_matches(m.bytes, m.len, asked.bytes, end, 0x1234)); /* a question */
    m.bytes[2] |= 0x80;
    assert_true(dns_answer_matches(m.bytes, m.len, asked.bytes, end, 0x1234));
    assert_false(dns_answer_matches(m.bytes, m.len, asked.bytes, end, 0x1235));
    assert_false(dns_answer_matches(m.bytes, m.len - 1, asked.bytes, end, 0x1234));
    assert_false(dns_answer_matches(m.bytes, 11, asked.bytes, end, 0x1234));
    m.bytes[DNS_HEADER_LEN + 1] = 'W';
    assert_true(dns_answer_matches(m.bytes, m.len, asked.bytes, end, 0x1234));
    other.bytes[2] |= 0x80;
    assert_false(dns_answer_matches(other.bytes, other.len, asked.bytes, end, 0x1234));
    m.bytes[end - 3] = DNS_AAAA;
    assert_false(dns_answer_matches(m.bytes, m.len, asked.bytes, end, 0x1234));
    m.bytes[5] = 0; /* no question: only an error, and nothing else */
    assert_false(dns_answer_matches(m.bytes, DNS_HEADER_LEN, asked.bytes, end, 0x1234));
    m.bytes[3] |= DNS_SERVFAIL;
    assert_true(dns_answer_matches(m.bytes, DNS_HEADER_LEN, asked.bytes, end, 0x1234));
    assert_false(dns_answer_matches(m.bytes, m.len, asked.bytes, end, 0x1234));
}

static void test_writing(void **state)
{
    struct message m = with_edns(question("web", DNS_A), 4096, 0);
    _cleanup_buf_ struct buf out = BUF_INIT, cut = BUF_INIT;
    struct dns_answer a;
    struct dns_query q;
    struct ip ip;
    struct seen s;

    (void)state;
    assert_int_equal(dns_query_parse(m.bytes, m.len, &q), DNS_OK);
    dns_answer_begin(&a, &q, m.bytes, DNS_OK, DNS_UDP_MIN, &out);
    for (int i = 0; i < 100; i++) { /* of 16 bytes each */
        _cleanup_free_ char *text = str_printf("10.0.0.%d", i);

        assert_ok(ip_parse(text, &ip, &err));
        dns_answer_add_address(&a, &ip, 5);
    }
    dns_answer_end(&a);
    s = read_answer(&out);
    assert_true(s.response && s.truncated && s.recursion && s.id == 0x1234 && s.additional == 1);
    assert_true(out.len <= DNS_UDP_MIN && out.len > DNS_UDP_MIN - 16);
    assert_int_equal(s.answers, (DNS_UDP_MIN - (int)q.question_end - 11) / 16);
    assert_non_null(strstr(s.text, "10.0.0.0 10.0.0.1 "));
    dns_answer_cut((const uint8_t *)out.p, q.question_end, &cut);
    s = read_answer(&cut);
    assert_true(s.truncated && !s.answers && !s.additional && cut.len == q.question_end);
}

static void test_pointer(void **state)
{
    static const char *const bad[] = {"a..b", ".a", "0123456789012345678901234567890123456789012345678901234567890123"};
    struct message m = question("2.0.0.10.in-addr.arpa", DNS_PTR);
    _cleanup_buf_ struct buf out = BUF_INIT;
    struct dns_answer a;
    struct dns_query q;

    (void)state;
    assert_int_equal(dns_query_parse(m.bytes, m.len, &q), DNS_OK);
    dns_answer_begin(&a, &q, m.bytes, DNS_OK, DNS_MESSAGE_MAX, &out);
    dns_answer_add_pointer(&a, "web.net", 5);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        dns_answer_add_pointer(&a, bad[i], 5);
    dns_answer_end(&a);
    assert_string_equal(read_answer(&out).text, "web.net");
}

static void test_reverse(void **state)
{
    static const char v6[] = "2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.a.d.f.ip6.arpa";
    static const char *const bad[] = {
        "0.0.10.in-addr.arpa",  "300.0.0.10.in-addr.arpa", "in-addr.arpa", "x.0.0.10.in-addr.arpa", "web", v6 + 2,
        "fd00::1.in-addr.arpa", "1.2.3.4.5.in-addr.arpa"};
    char text[IP_TEXT_MAX];
    struct ip ip;

    (void)state;
    assert_true(dns_reverse_address("2.0.1.10.in-addr.arpa", &ip));
    assert_string_equal(ip_format(&ip, text), "10.1.0.2");
    assert_true(dns_reverse_address(v6, &ip));
    assert_string_equal(ip_format(&ip, text), "fdab::2");
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(dns_reverse_address(bad[i], &ip));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_question),     cmocka_unit_test(test_edns),    cmocka_unit_test(test_strange_names),
        cmocka_unit_test(test_longest_name), cmocka_unit_test(test_short),   cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_matching),     cmocka_unit_test(test_writing), cmocka_unit_test(test_pointer),
        cmocka_unit_test(test_reverse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
