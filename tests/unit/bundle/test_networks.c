#include "../unit.h"

#include "bundle/bundle.h"
#include "bundle/parse.h"
#include "json/json.h"

static void test_publish(void **state _unused_)
{
    static const struct {
        const char *text, *protocol, *host_ip;
        int64_t first, count, host_first, host_last;
    } good[] = {
        {"80", "tcp", NULL, 80, 1, 0, 0},
        {"8080:80", "tcp", NULL, 80, 1, 8080, 0},
        {":80", "tcp", NULL, 80, 1, 0, 0},
        {"8080:80/UDP", "udp", NULL, 80, 1, 8080, 0},
        {"8080:80/", "tcp", NULL, 80, 1, 8080, 0},
        {"127.0.0.1:8080:80/sctp", "sctp", "127.0.0.1", 80, 1, 8080, 0},
        {"127.0.0.1::80", "tcp", "127.0.0.1", 80, 1, 0, 0},
        {"[::1]:8080:80", "tcp", "::1", 80, 1, 8080, 0},
        {"::1:8080:80", "tcp", "::1", 80, 1, 8080, 0},
        {"[fd00:0::1]::80", "tcp", "fd00::1", 80, 1, 0, 0},
        {"8000-8010:80", "tcp", NULL, 80, 1, 8000, 8010},
        {"8000-8010:9000-9010/udp", "udp", NULL, 9000, 11, 8000, 0},
        {"9000-9010", "tcp", NULL, 9000, 11, 0, 0},
        {"8000-8000:80", "tcp", NULL, 80, 1, 8000, 0},
        {"20000-29999:30000-39999", "tcp", NULL, 30000, 10000, 20000, 0},
        {"published=8080,target=80,protocol=udp,mode=host", "udp", NULL, 80, 1, 8080, 0},
        {"target=80", "tcp", NULL, 80, 1, 0, 0},
    };
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"", "no port specified: <empty>"},
        {"8080:", "no port specified: 8080:<empty>"},
        {"/tcp", "no port specified"},
        {"0", "invalid containerPort: 0"},
        {"http", "invalid containerPort: http"},
        {"65536", "invalid containerPort: 65536"},
        {"9-8", "invalid containerPort: 9-8"},
        {"80/icmp", "invalid proto: icmp"},
        {"70000:80", "invalid hostPort: 70000"},
        {"x:80", "invalid hostPort: x"},
        {"5-1:80", "invalid hostPort: 5-1"},
        {"1-3:1-2", "invalid ranges specified for container and host Ports: 1-2 and 1-3"},
        {"5:1-2", "invalid ranges specified for container and host Ports: 1-2 and 5"},
        {"80:80:80:80", "invalid IP address: 80:80"},
        {"1.2.3:8:8", "invalid IP address: 1.2.3"},
        {"[::1:80:80", "invalid IP address: [::1"},
        {"published=8,target=9,x", "invalid publish opts format (should be name=value but got 'x')"},
        {"published=8,target=x", "invalid containerPort: x"},
    };
    struct engine_port_binding b;
    struct err err;

    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        assert_ok(bundle_parse_publish(good[i].text, &b, &err));
        if (!str_eq(b.protocol, good[i].protocol) || !str_eq(b.host_ip, good[i].host_ip) ||
            b.container_first != good[i].first || b.count != good[i].count || b.host_first != good[i].host_first ||
            b.host_last != good[i].host_last)
            fail_msg("%s: %s %s %d+%d %d-%d", good[i].text, b.protocol, b.host_ip, (int)b.container_first, (int)b.count,
                     (int)b.host_first, (int)b.host_last);
        json_free(&engine_port_binding_type, &b);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_fails(bundle_parse_publish(bad[i].text, &b, &err), ERR_INVALID, bad[i].says);
}

static void test_network(void **state _unused_)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"alias=a", "network name/id is not specified"},
        {"name=a,foo=b", "invalid field key foo"},
        {"name=a,x", "invalid field x"},
        {"name=a,=x", "invalid field =x"},
        {"name=a,gw-priority=x", "invalid gw-priority (x)"},
        {"name=a,driver-opt=x", "invalid key value pair format in driver options"},
        {"name=a,\"b", "extraneous or missing"},
    };
    struct engine_endpoint e;
    struct err err;

    assert_ok(bundle_parse_network("front", &e, &err));
    assert_string_equal(e.network, "front");
    json_free(&engine_endpoint_type, &e);
    assert_ok(bundle_parse_network("NAME=front, alias=a ,alias=b,ip=10.0.0.9,ip6=fd00::9,mac-address=02:42:0a:00:00:09,"
                                   "link-local-ip=169.254.1.1,\"driver-opt=k=v,w\",gw-priority=-3",
                                   &e, &err));
    assert_string_equal(e.network, "front");
    assert_true(strv_len(e.aliases) == 2 && str_eq(e.aliases[0], "a") && str_eq(e.aliases[1], "b"));
    assert_string_equal(e.ipv4_address, "10.0.0.9");
    assert_string_equal(e.ipv6_address, "fd00::9");
    assert_string_equal(e.mac_address, "02:42:0a:00:00:09");
    assert_string_equal(e.link_local_ips[0], "169.254.1.1");
    assert_string_equal(e.driver_opts[0], "k=v,w");
    assert_int_equal(e.gw_priority, -3);
    json_free(&engine_endpoint_type, &e);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_fails(bundle_parse_network(bad[i].text, &e, &err), ERR_INVALID, bad[i].says);
        json_free(&engine_endpoint_type, &e);
    }
}

static void test_kinds(void **state _unused_)
{
    static const char *const none[] = {"default", "bridge", "host", "none", "container:x"};

    for (size_t i = 0; i < ARRAY_SIZE(none); i++)
        assert_false(bundle_network_is_users(none[i]));
    assert_true(bundle_network_is_users("front"));
    assert_true(bundle_network_is_users("container:")); /* which is nobody's, and not found */
}

/* Options as JSON of options.json. */
static void read_options(const char *text, struct engine_options *o)
{
    struct err err;

    assert_ok(json_parse(text, strlen(text), &engine_options_type, o, &err));
}

static void test_checks(void **state _unused_)
{
    static const struct {
        const char *options, *says; /* NULL: nothing is wrong */
    } cases[] = {
        {"{}", NULL},
        {"{\"Networks\":[{\"Network\":\"a\",\"Aliases\":[\"x\"],\"IPv4Address\":\"10.0.0.1\"},{\"Network\":\"b\"}]}",
         NULL},
        {"{\"Networks\":[{\"Network\":\"a\"},{\"Network\":\"bridge\"}]}",
         "conflicting options: cannot attach both user-defined and non-user-defined network-modes"},
        {"{\"Networks\":[{\"Network\":\"a\"},{\"Network\":\"host\"}]}", "cannot attach both user-defined"},
        {"{\"Networks\":[{\"Network\":\"bridge\"},{\"Network\":\"host\"}]}", "no other network beside host"},
        {"{\"Networks\":[{\"Network\":\"none\"},{\"Network\":\"default\"}]}", "no other network beside none"},
        {"{\"Networks\":[{\"Network\":\"default\",\"Aliases\":[\"x\"]}]}",
         "network-scoped aliases are only supported for user-defined networks"},
        {"{\"Networks\":[{\"Network\":\"bridge\",\"IPv4Address\":\"10.0.0.1\"}]}",
         "user specified IP address is supported on user defined networks only"},
        {"{\"Networks\":[{\"Network\":\"bridge\",\"MacAddress\":\"02:42:0a:00:00:09\"}]}", NULL},
        {"{\"Networks\":[{\"Network\":\"host\",\"MacAddress\":\"02:42:0a:00:00:09\"}]}",
         "conflicting options: mac-address and the network mode"},
        {"{\"Networks\":[{\"Network\":\"a\",\"MacAddress\":\"x\"}]}", "x is not a valid mac address"},
        {"{\"Networks\":[{\"Network\":\"a\",\"IPv4Address\":\"fd00::1\"}]}", "invalid IPv4 address: fd00::1"},
        {"{\"Networks\":[{\"Network\":\"a\",\"IPv6Address\":\"10.0.0.1\"}]}", "invalid IPv6 address: 10.0.0.1"},
        {"{\"Networks\":[{\"Network\":\"a\",\"LinkLocalIPs\":[\"x\"]}]}", "invalid link-local IP address: x"},
        {"{\"HostConfig\":{\"NetworkMode\":\"container:x\",\"PublishAllPorts\":true}}",
         "conflicting options: port publishing and the container type network mode"},
        {"{\"HostConfig\":{\"NetworkMode\":\"container:x\",\"PortRanges\":[{\"Protocol\":\"tcp\",\"ContainerFirst\":1,"
         "\"Count\":1}]}}",
         "conflicting options: port publishing and the container type network mode"},
        {"{\"Config\":{\"ExposedPorts\":{\"80/tcp\":{}}},\"HostConfig\":{\"NetworkMode\":\"container:x\"}}",
         "conflicting options: port exposing and the container type network mode"},
        {"{\"Config\":{\"Hostname\":\"h\"},\"HostConfig\":{\"NetworkMode\":\"container:x\"}}",
         "conflicting options: hostname and the network mode"},
    };
    struct err err;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_engine_options_ struct engine_options o = {0};

        read_options(cases[i].options, &o);
        if (cases[i].says)
            assert_fails(bundle_check_networks(&o, &err), ERR_INVALID, cases[i].says);
        else
            assert_ok(bundle_check_networks(&o, &err));
    }
}

static void test_decisions(void **state _unused_)
{
    static const struct {
        const char *options, *mode, *network; /* of the one endpoint; NULL: there is none */
    } cases[] = {
        {"{\"HostConfig\":{\"NetworkMode\":\"host\"},\"Networks\":[{\"Network\":\"host\"}]}", "host", NULL},
        {"{\"HostConfig\":{\"NetworkMode\":\"none\"},\"Networks\":[{\"Network\":\"none\"}]}", "none", NULL},
        {"{\"HostConfig\":{\"NetworkMode\":\"container:x\"},\"Networks\":[{\"Network\":\"container:x\"}]}",
         "container:x", NULL},
        {"{\"HostConfig\":{\"NetworkMode\":\"bridge\"}}", "bridge", "bridge"},
        {"{\"HostConfig\":{\"NetworkMode\":\"a\"},\"Networks\":[{\"Network\":\"a\"}]}", "a", "a"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_engine_options_ struct engine_options o = {0};

        read_options(cases[i].options, &o);
        bundle_decide_networks(&o);
        assert_string_equal(o.host.network_mode, cases[i].mode);
        assert_int_equal(o.networks.n, cases[i].network != NULL);
        if (cases[i].network)
            assert_string_equal(o.networks.v[0].network, cases[i].network);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_publish), cmocka_unit_test(test_network),   cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_checks),  cmocka_unit_test(test_decisions),
    };

    return cmocka_run_group_tests_name("bundle/networks", tests, NULL, NULL);
}
