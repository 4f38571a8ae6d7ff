#include "../unit.h"

#include "base/ip.h"

static struct err err;

static struct ip ip(const char *text)
{
    struct ip a = IP_NONE;

    assert_ok(ip_parse(text, &a, &err));
    return a;
}

static struct ip_net net(const char *text)
{
    struct ip_net n = {0};

    assert_ok(ip_net_parse(text, &n, &err));
    return n;
}

static void assert_text(struct ip a, const char *expected)
{
    char text[IP_TEXT_MAX];

    assert_string_equal(ip_format(&a, text), expected);
}

static void test_text(void **state)
{
    static const char *const good[] = {
        "0.0.0.0", "10.0.0.1", "255.255.255.255", "::", "::1", "fd00::1", "2001:db8:1:2:3:4:5:6"};
    static const char *const bad[] = {"",          "1",        "1.2.3",    "1.2.3.4.5", "256.0.0.1",
                                      "01.2.3.4",  " 1.2.3.4", "1.2.3.4 ", "[::1]",     ":::1",
                                      "fe80::1%1", "1::2::3",  "g::",      "1.2.3.4/8", "localhost"};
    struct ip a = ip("10.9.8.7"), none = IP_NONE;
    char text[IP_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        assert_text(ip(good[i]), good[i]);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_fails(ip_parse(bad[i], &a, &err), ERR_INVALID, "is not an IP address");
    assert_text(a, "10.9.8.7"); /* untouched by failures */
    assert_string_equal(ip_format(&none, text), "");
}

static void test_net_text(void **state)
{
    static const char *const bad[] = {"",
                                      "/",
                                      "10.0.0.0",
                                      "10.0.0.0/",
                                      "10.0.0.0/33",
                                      "10.0.0.0/-1",
                                      "10.0.0.0/8/8",
                                      "10.0.0.0/a",
                                      "fd00::/129",
                                      "/8",
                                      "10.0.0.0/ 8",
                                      "10.0.0/8",
                                      "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111/64"};
    static const char *const good[] = {"10.1.2.3/8", "0.0.0.0/0", "10.0.0.1/32", "fd00::/64", "::/0", "::1/128"};
    char text[IP_NET_TEXT_MAX];
    struct ip_net n, none = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        n = net(good[i]);
        assert_string_equal(ip_net_format(&n, text), good[i]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_fails(ip_net_parse(bad[i], &n, &err), ERR_INVALID, "is not an IP network");
    assert_string_equal(ip_net_format(&none, text), "");
    n = net("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
    assert_string_equal(ip_net_format(&n, text), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
}

static void test_compare(void **state)
{
    struct ip a = ip("10.0.0.2"), b = ip("10.0.0.10"), c = ip("::1"), none = IP_NONE;

    (void)state;
    assert_true(ip_compare(&a, &b) < 0 && ip_compare(&b, &a) > 0);
    assert_true(ip_compare(&b, &c) < 0 && ip_compare(&none, &a) < 0);
    b = ip("10.0.0.2");
    b.bytes[7] = 1; /* what does not count */
    assert_true(ip_equal(&a, &b));
    assert_true(ip_equal(&none, &none));
    assert_false(ip_equal(&a, &c));
}

static void test_kinds(void **state)
{
    static const struct {
        const char *text;
        bool any, loopback, multicast;
    } cases[] = {
        {"0.0.0.0", true, false, false},    {"::", true, false, false},
        {"127.0.0.1", false, true, false},  {"127.255.1.1", false, true, false},
        {"128.0.0.1", false, false, false}, {"::1", false, true, false},
        {"::2", false, false, false},       {"1::1", false, false, false},
        {"224.0.0.1", false, false, true},  {"239.255.255.255", false, false, true},
        {"240.0.0.1", false, false, false}, {"ff02::1", false, false, true},
        {"fe80::1", false, false, false},
    };
    struct ip none = IP_NONE;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct ip a = ip(cases[i].text);

        assert_int_equal(ip_is_any(&a), cases[i].any);
        assert_int_equal(ip_is_loopback(&a), cases[i].loopback);
        assert_int_equal(ip_is_multicast(&a), cases[i].multicast);
    }
    assert_false(ip_is_any(&none) || ip_is_loopback(&none) || ip_is_multicast(&none));
}

static void test_add(void **state)
{
    static const struct {
        const char *from, *to;
        uint64_t n;
        bool back; /* the distance is `n` */
    } cases[] = {
        {"10.0.0.1", "10.0.0.1", 0, true},
        {"10.0.0.255", "10.0.1.0", 1, true},
        {"10.0.255.255", "10.1.0.0", 1, true},
        {"0.0.0.0", "255.255.255.255", UINT32_MAX, true},
        {"255.255.255.255", "0.0.0.0", 1, false},
        {"10.0.0.1", "10.0.0.1", UINT64_C(1) << 32, false},
        {"fd00::ffff:ffff:ffff:ffff", "fd00:0:0:1::", 1, true},
        {"fd00::", "fd00::ffff:ffff:ffff:fffe", UINT64_MAX - 1, true},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::", 1, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct ip from = ip(cases[i].from), to = ip(cases[i].to), sum = ip_add(&from, cases[i].n);

        assert_text(sum, cases[i].to);
        assert_int_equal(ip_distance(&from, &to) == cases[i].n, cases[i].back);
    }
}

static void test_distance(void **state)
{
    struct ip a = ip("10.0.0.1"), b = ip("10.0.0.0"), c = ip("fd00::"), d = ip("fd00:0:0:1::"), none = IP_NONE;

    (void)state;
    assert_true(ip_distance(&a, &b) == UINT64_MAX);
    assert_true(ip_distance(&a, &c) == UINT64_MAX);
    assert_true(ip_distance(&c, &d) == UINT64_MAX);
    assert_true(ip_distance(&none, &none) == UINT64_MAX);
    assert_true(ip_distance(&d, &d) == 0);
}

static void test_bounds(void **state)
{
    static const struct {
        const char *net, *first, *last;
        bool is_network;
    } cases[] = {
        {"10.1.2.3/8", "10.0.0.0", "10.255.255.255", false},
        {"10.0.0.0/8", "10.0.0.0", "10.255.255.255", true},
        {"172.16.129.0/20", "172.16.128.0", "172.16.143.255", false},
        {"10.1.2.3/32", "10.1.2.3", "10.1.2.3", true},
        {"10.1.2.3/0", "0.0.0.0", "255.255.255.255", false},
        {"10.1.2.3/31", "10.1.2.2", "10.1.2.3", false},
        {"fd00:1::1/64", "fd00:1::", "fd00:1::ffff:ffff:ffff:ffff", false},
        {"fd00::/1", "8000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct ip_net n = net(cases[i].net);

        assert_text(ip_net_first(&n), cases[i].first);
        assert_text(ip_net_last(&n), cases[i].last);
        assert_int_equal(ip_net_is_network(&n), cases[i].is_network);
    }
}

static void test_overlaps(void **state)
{
    static const struct {
        const char *a, *b;
        bool overlaps;
    } cases[] = {
        {"10.0.0.0/8", "10.1.0.0/16", true},       {"10.1.0.0/16", "10.2.0.0/16", false},
        {"10.1.0.0/16", "10.1.0.0/16", true},      {"0.0.0.0/0", "192.168.0.0/16", true},
        {"0.0.0.0/0", "fd00::/8", false},          {"172.16.0.0/12", "172.31.255.255/32", true},
        {"172.16.0.0/12", "172.32.0.0/16", false}, {"10.0.5.5/8", "10.9.9.9/24", true},
    };
    struct ip_net n = net("172.16.0.0/12");
    struct ip inside = ip("172.31.1.1"), outside = ip("172.32.0.0"), other = ip("fd00::1"), none = IP_NONE;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct ip_net a = net(cases[i].a), b = net(cases[i].b);

        assert_int_equal(ip_net_overlaps(&a, &b), cases[i].overlaps);
        assert_int_equal(ip_net_overlaps(&b, &a), cases[i].overlaps);
    }
    assert_true(ip_net_contains(&n, &inside));
    assert_false(ip_net_contains(&n, &outside) || ip_net_contains(&n, &other) || ip_net_contains(&n, &none));
}

static void test_mac(void **state)
{
    static const char *const bad[] = {"",
                                      "02:42:ac:11:00",
                                      "02:42:ac:11:00:0g",
                                      "02:42-ac:11:00:02",
                                      "02:42:ac:11:00:02:03",
                                      "02",
                                      "2:42:ac:11:00:022",
                                      "02.42.ac.11.00.02",
                                      "00:00:00:00:00:00",
                                      "01:42:ac:11:00:02",
                                      "ff:ff:ff:ff:ff:ff",
                                      "02:42:ac:11:00:\xe9\xe9",
                                      "02:42:ac:1::00:02"};
    uint8_t mac[IP_MAC_LEN] = {0};
    char text[IP_MAC_TEXT_MAX];

    (void)state;
    assert_ok(ip_mac_parse("02-42-AC-11-00-fF", mac, &err));
    assert_string_equal(ip_mac_format(mac, text), "02:42:ac:11:00:ff");
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_fails(ip_mac_parse(bad[i], mac, &err), ERR_INVALID, "MAC address");
    assert_string_equal(ip_mac_format(mac, text), "02:42:ac:11:00:ff");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),   cmocka_unit_test(test_net_text), cmocka_unit_test(test_compare),
        cmocka_unit_test(test_kinds),  cmocka_unit_test(test_add),      cmocka_unit_test(test_distance),
        cmocka_unit_test(test_bounds), cmocka_unit_test(test_overlaps), cmocka_unit_test(test_mac),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
