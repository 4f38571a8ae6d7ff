#include "../unit.h"

#include "bundle/etc.h"
#include "json/json.h"

static struct err err;

static void parse_options(const char *host, struct engine_options *o)
{
    *o = (struct engine_options){0};
    assert_ok(json_parse(host, strlen(host), &engine_host_config_type, &o->host, &err));
}

static void expect_host_resolv_conf(const char *asked, const char *expected)
{
    static const char host[] = "# by hand\nnameserver 10.0.0.1\nsearch home\noptions edns0\n";
    _cleanup_engine_options_ struct engine_options o;
    _cleanup_free_ char *got = NULL;

    parse_options(asked, &o);
    got = bundle_resolv_conf_host(&o.host, host);
    assert_string_equal(got, expected);
}

static void test_host_resolv_conf(void **state)
{
    (void)state;
    expect_host_resolv_conf("{}", "# by hand\nnameserver 10.0.0.1\nsearch home\noptions edns0\n");
    expect_host_resolv_conf("{\"Dns\":[\"1.1.1.1\",\"::2\"]}",
                            "nameserver 1.1.1.1\nnameserver ::2\nsearch home\noptions edns0\n");
    expect_host_resolv_conf("{\"DnsSearch\":[\"a\",\"b\"],\"DnsOptions\":[\"ndots:3\"]}",
                            "nameserver 10.0.0.1\nsearch a b\noptions ndots:3\n");
    expect_host_resolv_conf("{\"DnsSearch\":[\".\"]}", "nameserver 10.0.0.1\noptions edns0\n");
}

static void expect_resolv_conf(const char *asked, const char *host, bool ipv6, bool ours, const char *expected)
{
    _cleanup_engine_options_ struct engine_options o;
    _cleanup_resolv_conf_ struct resolv_conf conf;
    _cleanup_strv_ char **servers = NULL;
    _cleanup_free_ char *got = NULL;

    parse_options(asked, &o);
    resolv_conf_parse(host, &conf);
    servers = bundle_servers(&o.host, &conf, ipv6);
    got = bundle_resolv_conf(&o.host, &conf, servers, ours);
    assert_string_equal(got, expected);
}

static void test_resolv_conf(void **state)
{
    static const char host[] = "nameserver 127.0.0.53\nnameserver\t10.0.0.1\nnameserver fd00::1 # router\n"
                               "nameserver fe80::1%eth0\nnameserver none\nnameserver ::1\nnameserver 0.0.0.0\n"
                               "; search no\ndomain old\nsearch home.arpa\tlan \noptions edns0\noptions trust-ad\n";

    (void)state;
    expect_resolv_conf("{}", host, true, false,
                       "nameserver 10.0.0.1\nnameserver fd00::1\nsearch home.arpa lan\noptions edns0 trust-ad\n");
    expect_resolv_conf("{}", host, false, false, "nameserver 10.0.0.1\nsearch home.arpa lan\noptions edns0 trust-ad\n");
    expect_resolv_conf("{}", host, false, true,
                       "nameserver 10.0.0.1\nsearch home.arpa lan\noptions edns0 trust-ad ndots:0\n");
    expect_resolv_conf("{\"Dns\":[\"127.0.0.1\"],\"DnsSearch\":[\".\"],\"DnsOptions\":[\"ndots:2\"]}", host, false,
                       true, "nameserver 127.0.0.1\noptions ndots:2\n");
    expect_resolv_conf("{}", "nameserver 127.0.0.1\n", true, false,
                       "# No name server of the host can be reached from here.\n");
}

static void test_hosts(void **state)
{
    char *addresses[] = {(char *)"172.30.0.2", (char *)"fd00::2", NULL};
    char *gateways[] = {(char *)"172.30.0.1", (char *)"fd00::1", NULL};
    _cleanup_engine_options_ struct engine_options o;
    _cleanup_free_ char *text = NULL, *host = NULL;
    _cleanup_strv_ char **own = NULL, **full = NULL;

    (void)state;
    parse_options("{\"ExtraHosts\":[\"one:1.2.3.4\",\"two:::5\",\"up:host-gateway\"]}", &o);
    o.config.hostname = str_dup("box");
    own = bundle_hosts_own(&o, addresses);
    text = bundle_hosts(&o, NULL, gateways, own);
    assert_non_null(strstr(text, "127.0.0.1\tlocalhost\n"));
    assert_string_equal(strstr(text, "1.2.3.4"),
                        "1.2.3.4\tone\n::5\ttwo\n172.30.0.1\tup\nfd00::1\tup\n172.30.0.2\tbox\nfd00::2\tbox\n");
    host = bundle_hosts(&o, "10.0.0.1 x", NULL, NULL);
    assert_string_equal(host, "10.0.0.1 x\n1.2.3.4\tone\n::5\ttwo\n"
                              "# up: no network of this container leads to the host\n");
    o.config.domainname = str_dup("example.org");
    full = bundle_hosts_own(&o, addresses);
    assert_string_equal(full[0], "172.30.0.2\tbox.example.org box");
}

/* Our lines go and come; all else stays, in its order. */
static void test_hosts_change(void **state)
{
    char *old[] = {(char *)"10.0.0.2\tbox", NULL}, *new[] = {(char *)"10.0.0.2\tbox", (char *)"10.1.0.2\tbox", NULL};
    static const char text[] = "127.0.0.1\tlocalhost\n10.0.0.2\tbox\n9.9.9.9\tadded\n10.0.0.2\tboxer";
    _cleanup_free_ char *more = bundle_hosts_change(text, old, new), *none = bundle_hosts_change(more, new, NULL),
                        *empty = bundle_hosts_change("", old, NULL);

    (void)state;
    assert_string_equal(more, "127.0.0.1\tlocalhost\n9.9.9.9\tadded\n10.0.0.2\tboxer\n10.0.0.2\tbox\n10.1.0.2\tbox\n");
    assert_string_equal(none, "127.0.0.1\tlocalhost\n9.9.9.9\tadded\n10.0.0.2\tboxer\n");
    assert_string_equal(empty, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_host_resolv_conf),
        cmocka_unit_test(test_resolv_conf),
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_hosts_change),
    };

    return cmocka_run_group_tests_name("bundle/etc", tests, NULL, NULL);
}
