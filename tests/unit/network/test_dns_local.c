#include "messages.h"

#include "network/dns_local.h"

/* A table of our own: names with an address each. */
struct endpoint_table {
    const char *const (*rows)[2];
    size_t n;
};

static void names(struct endpoint_table *t, const char *name, uint16_t family, ips *ret)
{
    for (size_t i = 0; i < t->n; i++) {
        struct ip ip;

        if (strcasecmp(t->rows[i][0], name) == 0 && ip_parse(t->rows[i][1], &ip, NULL) == 0 && ip.family == family)
            *VEC_PUSH(ret) = ip;
    }
}

static char *reverse(struct endpoint_table *t, const struct ip *address)
{
    char text[IP_TEXT_MAX];

    ip_format(address, text);
    for (size_t i = 0; i < t->n; i++)
        if (str_eq(t->rows[i][1], text))
            return str_dup(t->rows[i][0]);
    return NULL;
}

static const char *const front[][2] = {{"web", "10.1.0.2"}, {"web", "fd01::2"},  {"api", "10.1.0.3"},
                                       {"api", "10.1.0.4"}, {"api", "10.1.0.5"}, {"six", "fd01::6"}};
static const char *const back[][2] = {
    {"web", "10.2.0.2"}, {"db", "10.2.0.9"}, {"six", "10.2.0.6"}, {"a.b", "10.2.0.7"}};
static struct endpoint_table tables[] = {{front, ARRAY_SIZE(front)}, {back, ARRAY_SIZE(back)}};
static struct dns_networks_known known = {.names = names, .reverse = reverse};

static int set_up(void **state)
{
    struct dns_network *n = VEC_PUSH(&known.list);

    (void)state;
    *n = (struct dns_network){.name = (char *)"front", .table = &tables[0]};
    *VEC_PUSH(&n->subnets) = (struct ip_net){{AF_INET, {10, 1, 0, 0}}, 24};
    n = VEC_PUSH(&known.list);
    *n = (struct dns_network){.name = (char *)"back", .table = &tables[1]};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(known.list.v[0].subnets.v);
    free(known.list.v);
    return 0;
}

/* What the answer says, or NULL where another is to be asked. */
static const struct seen *ask_for(const char *name, uint16_t type, bool forward)
{
    static struct seen s;
    struct message m = question(name, type);
    _cleanup_buf_ struct buf out = BUF_INIT;
    struct dns_query q;

    assert_int_equal(dns_query_parse(m.bytes, m.len, &q), DNS_OK);
    if (!dns_local_answer(&known, &q, m.bytes, DNS_UDP_MIN, forward, &out)) {
        assert_int_equal(out.len, 0);
        return NULL;
    }
    s = read_answer(&out);
    return &s;
}

static void assert_says(const char *name, uint16_t type, const char *text)
{
    const struct seen *s = ask_for(name, type, true);

    assert_non_null(s);
    assert_int_equal(s->rcode, DNS_OK);
    assert_string_equal(s->text, text);
}

static void test_names(void **state)
{
    (void)state;
    assert_says("web", DNS_A, "10.1.0.2"); /* the first network that has it */
    assert_says("WEB", DNS_AAAA, "fd01::2");
    assert_says("web.back", DNS_A, "10.2.0.2");
    assert_says("Web.FRONT", DNS_A, "10.1.0.2");
    assert_says("db", DNS_A, "10.2.0.9");
    assert_says("a.b", DNS_A, "10.2.0.7");
    assert_says("six", DNS_A, "10.2.0.6"); /* each family where it is */
    assert_says("six", DNS_AAAA, "fd01::6");
    assert_says("web", DNS_ANY, "10.1.0.2 fd01::2");
    assert_null(ask_for("web.front.example", DNS_A, true));
    assert_null(ask_for("db.front", DNS_A, true));
    assert_null(ask_for("front", DNS_A, true));
    assert_null(ask_for(".", DNS_A, true));
}

/* A name that is known exists, whatever is asked of it. */
static void test_no_data(void **state)
{
    (void)state;
    assert_says("db", DNS_AAAA, "");
    assert_says("db", 15, "");
    assert_says("db.back", 65, "");
}

static void test_turns(void **state)
{
    static const char *const firsts[] = {"10.1.0.3 10.1.0.4 10.1.0.5", "10.1.0.4 10.1.0.5 10.1.0.3",
                                         "10.1.0.5 10.1.0.3 10.1.0.4"};

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        assert_says("api", DNS_A, firsts[i % 3]);
        assert_says("api", DNS_AAAA, ""); /* as a program asks for both; it takes no turn */
    }
}

static void test_reverse(void **state)
{
    (void)state;
    assert_says("2.0.1.10.in-addr.arpa", DNS_PTR, "web.front");
    assert_says("9.0.2.10.in-addr.arpa", DNS_PTR, "db.back");
    assert_says("2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.d.f.ip6.arpa", DNS_PTR, "web.front");
    assert_says("9.0.2.10.in-addr.arpa", DNS_A, "");
    assert_int_equal(ask_for("77.0.1.10.in-addr.arpa", DNS_PTR, true)->rcode, DNS_NXDOMAIN); /* nobody else knows */
    assert_null(ask_for("77.0.2.10.in-addr.arpa", DNS_PTR, true));
}

static void test_nobody_to_ask(void **state)
{
    (void)state;
    assert_int_equal(ask_for("example.com", DNS_A, false)->rcode, DNS_NXDOMAIN);
    assert_int_equal(ask_for("1.2.3.4.in-addr.arpa", DNS_PTR, false)->rcode, DNS_NXDOMAIN);
    assert_string_equal(ask_for("db", DNS_A, false)->text, "10.2.0.9");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),   cmocka_unit_test(test_no_data),       cmocka_unit_test(test_turns),
        cmocka_unit_test(test_reverse), cmocka_unit_test(test_nobody_to_ask),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
