/* The text of the rules, from plain data. */
#include "../unit.h"

#include "network/firewall.h"

#define WEB "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct ip ip(const char *text)
{
    struct ip a = IP_NONE;
    struct err err;

    assert_ok(ip_parse(text, &a, &err));
    return a;
}

static struct ip_net net(const char *text)
{
    struct ip_net n = {0};
    struct err err;

    assert_ok(ip_net_parse(text, &n, &err));
    return n;
}

static void assert_has(const char *text, const char *line)
{
    if (!strstr(text, line))
        fail_msg("not in the text: %s\n%s", line, text);
}

static void assert_lacks(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("in the text: %s\n%s", part, text);
}

/* All of it is one transaction that takes the place of what is there, and can be told from others' rules. */
static void test_whole(void **state)
{
    firewall_networks none = {0};
    port_claims nobody = {0};
    _cleanup_free_ char *text = firewall_text("cbox_x", &none, &nobody, 0);

    (void)state;
    assert_non_null(str_after(text, "table inet cbox_x\ndelete table inet cbox_x\ntable inet cbox_x {\n"));
    assert_lacks(text, "element");
    assert_lacks(text, "flush");
}

/* What was not forwarded before cbox switched that on: nothing is dropped unless it did. */
static void test_closed(void **state)
{
    firewall_networks none = {0};
    port_claims nobody = {0};
    _cleanup_free_ char *text = firewall_text("cbox", &none, &nobody, FIREWALL_CLOSED4);
    _cleanup_free_ char *later = firewall_text_closed("cbox", FIREWALL_CLOSED6);

    (void)state;
    assert_has(text, "meta nfproto @closed drop");
    assert_has(text, "add element inet cbox closed { ipv4 }\n");
    assert_lacks(text, "closed { ipv6 }");
    assert_string_equal(later, "add element inet cbox closed { ipv6 }\n");
}

static void test_networks(void **state)
{
    struct firewall_network open = {
        .bridge = "cbox0", .subnet4 = net("172.17.0.1/16"), .masquerade = true, .icc = true};
    struct firewall_network closed = {.bridge = "cbox-1",
                                      .subnet4 = net("10.1.0.0/24"),
                                      .subnet6 = net("fd00::/64"),
                                      .isolate = true,
                                      .masquerade = true};
    struct firewall_network inner = {
        .bridge = "cbox-2", .subnet4 = net("10.2.0.0/24"), .internal = true, .masquerade = true, .isolate = true};
    _cleanup_free_ char *a = firewall_text_network("cbox", "add", &open);
    _cleanup_free_ char *b = firewall_text_network("cbox", "add", &closed);
    _cleanup_free_ char *c = firewall_text_network("cbox", "delete", &inner);

    (void)state;
    assert_string_equal(a, "add element inet cbox bridges { \"cbox0\" }\n"
                           "add element inet cbox same { \"cbox0\" . \"cbox0\" }\n"
                           "add element inet cbox hairpin4 { 172.17.0.0/16 . 172.17.0.0/16 }\n"
                           "add element inet cbox masquerade4 { 172.17.0.0/16 }\n");
    assert_has(b, "add element inet cbox isolated { \"cbox-1\" }\n");
    assert_has(b, "add element inet cbox apart { \"cbox-1\" . \"cbox-1\" }\n"); /* icc is off */
    assert_lacks(b, " same {");
    assert_has(b, "add element inet cbox masquerade6 { fd00::/64 }\n");
    assert_has(c, "delete element inet cbox internal { \"cbox-2\" }\n");
    assert_lacks(c, "masquerade");
}

/* What is reached by its own addresses. */
static void test_modes(void **state)
{
    struct firewall_network n = {.bridge = "cbox-1",
                                 .subnet4 = net("10.1.0.0/24"),
                                 .subnet6 = net("fd00::/64"),
                                 .masquerade = true,
                                 .mode4 = NETWORK_UNPROTECTED,
                                 .mode6 = NETWORK_ROUTED};
    _cleanup_free_ char *text = firewall_text_network("cbox", "add", &n);

    (void)state;
    assert_has(text, "unprotected { \"cbox-1\" . ipv4 }\n");
    assert_has(text, "routed { \"cbox-1\" . ipv6 }\n");
    assert_has(text, "masquerade4 { 10.1.0.0/24 }\n");
    assert_lacks(text, "masquerade6");
}

/* One claim of a container with these addresses, as text. */
static char *claimed(struct port_range range, const char *ip4, const char *ip6, uint16_t relay)
{
    struct port_claim claim = {.container = (char *)WEB, .range = range, .relay = relay};
    port_claims claims = {&claim, 1, 1};

    claim.ip4 = ip4 ? ip(ip4) : IP_NONE;
    claim.ip6 = ip6 ? ip(ip6) : IP_NONE;
    return firewall_text_claims("cbox", "add", &claims);
}

static void test_one_port(void **state)
{
    struct port_range r = {IPPROTO_TCP, IP_NONE, 8080, 80, 1, 0};
    _cleanup_free_ char *both = claimed(r, "172.17.0.2", "fd00::2", 40000);
    _cleanup_free_ char *four = claimed(r, "172.17.0.2", NULL, 40000), *alone = claimed(r, "172.17.0.2", NULL, 0);

    (void)state;
    assert_string_equal(both, "add element inet cbox publish4 { 0.0.0.0/0 . tcp . 8080 : 172.17.0.2 . 80 }\n"
                              "add element inet cbox publish6 { ::/0 . tcp . 8080 : fd00::2 . 80 }\n"
                              "add element inet cbox relay6 { ::1 . 8080 : 40000 }\n"
                              "add element inet cbox relays { 40000 }\n");
    assert_string_equal(four, "add element inet cbox publish4 { 0.0.0.0/0 . tcp . 8080 : 172.17.0.2 . 80 }\n"
                              "add element inet cbox relay6 { ::/0 . 8080 : 40000 }\n"
                              "add element inet cbox relays { 40000 }\n");
    assert_string_equal(alone, "add element inet cbox publish4 { 0.0.0.0/0 . tcp . 8080 : 172.17.0.2 . 80 }\n");
}

static void test_addresses(void **state)
{
    struct port_range r = {IPPROTO_UDP, ip("127.0.0.1"), 53, 5353, 1, 0};
    _cleanup_free_ char *four = claimed(r, "172.17.0.2", "fd00::2", 0), *six = NULL, *loopback = NULL, *sctp = NULL;

    (void)state;
    assert_string_equal(four, "add element inet cbox publish4 { 127.0.0.1 . udp . 53 : 172.17.0.2 . 5353 }\n");
    r = (struct port_range){IPPROTO_TCP, ip("2001:db8::1"), 80, 80, 1, 0};
    six = claimed(r, "172.17.0.2", "fd00::2", 40000);
    assert_has(six, "publish6 { 2001:db8::1 . tcp . 80 : fd00::2 . 80 }\n");
    assert_lacks(six, "relay6");
    assert_lacks(six, "publish4");
    r.host = ip("::1"); /* what the kernel cannot translate */
    loopback = claimed(r, "172.17.0.2", "fd00::2", 40000);
    assert_has(loopback, "relay6 { ::1 . 80 : 40000 }\n");
    assert_lacks(loopback, "publish");
    r = (struct port_range){IPPROTO_SCTP, ip("0.0.0.0"), 80, 80, 1, 0};
    sctp = claimed(r, "172.17.0.2", NULL, 40000);
    assert_has(sctp, "publish4 { 0.0.0.0/0 . sctp . 80 : 172.17.0.2 . 80 }\n");
    assert_lacks(sctp, "relay6");
}

/* Open ports of the container itself: of the family that is said. */
static void test_open(void **state)
{
    struct port_range r = {
        .protocol = IPPROTO_TCP, .host = ip("::"), .container_first = 80, .count = 3, .routed = true};
    _cleanup_free_ char *six = claimed(r, "172.17.0.2", "fd00::2", 0), *four = NULL;

    (void)state;
    assert_string_equal(six, "add element inet cbox open6 { fd00::2 . tcp . 80-82 }\n");
    r.host = ip("0.0.0.0");
    r.count = 1;
    four = claimed(r, "172.17.0.2", NULL, 0);
    assert_string_equal(four, "add element inet cbox open4 { 172.17.0.2 . tcp . 80 }\n");
}

/* A range that stays what it is, is one element; one that is moved is one a port. */
static void test_ranges(void **state)
{
    struct port_range same = {IPPROTO_TCP, IP_NONE, 20000, 20000, 10001, 0};
    struct port_range moved = {IPPROTO_TCP, ip("10.0.0.1"), 8000, 9000, 3, 0};
    _cleanup_free_ char *one = claimed(same, "172.17.0.2", NULL, 40000), *three = claimed(moved, "172.17.0.2", NULL, 0);

    (void)state;
    assert_string_equal(one, "add element inet cbox range4 { 0.0.0.0/0 . tcp . 20000-30000 : 172.17.0.2 }\n"
                             "add element inet cbox relay6 { ::/0 . 20000-30000 : 40000 }\n"
                             "add element inet cbox relays { 40000 }\n");
    assert_string_equal(three, "add element inet cbox publish4 { 10.0.0.1 . tcp . 8000 : 172.17.0.2 . 9000 }\n"
                               "add element inet cbox publish4 { 10.0.0.1 . tcp . 8001 : 172.17.0.2 . 9001 }\n"
                               "add element inet cbox publish4 { 10.0.0.1 . tcp . 8002 : 172.17.0.2 . 9002 }\n");
}

/* A container's relay is there once, so it can be deleted once. */
static void test_one_relay(void **state)
{
    struct port_claim two[] = {
        {.container = (char *)WEB, .range = {IPPROTO_TCP, IP_NONE, 80, 80, 1, 0}, .relay = 40000},
        {.container = (char *)WEB, .range = {IPPROTO_TCP, IP_NONE, 81, 81, 1, 0}, .relay = 40000}};
    port_claims claims = {two, 2, 2};
    _cleanup_free_ char *text = firewall_text_claims("cbox", "delete", &claims);
    const char *first = strstr(text, "relays {");

    (void)state;
    assert_non_null(first);
    assert_null(strstr(first + 1, "relays {"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),     cmocka_unit_test(test_closed),    cmocka_unit_test(test_networks),
        cmocka_unit_test(test_one_port),  cmocka_unit_test(test_addresses), cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_one_relay), cmocka_unit_test(test_modes),     cmocka_unit_test(test_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
