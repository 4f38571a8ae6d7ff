#include "../unit.h"

#include "attachments.h"
#include "base/buf.h"
#include "base/strv.h"

static struct err err;

/* A step as a line: what it is, and what of it is set. */
static void write_step(struct buf *b, const struct network_step *s)
{
    static const char *const kinds[NETWORK_STEP_KINDS] = {"forward", "bridge", "gateway",  "parent",
                                                          "veth",    "lan",    "loopback", "sysctl",
                                                          "address", "up",     "route",    "announce"};
    static const uint8_t none[IP_MAC_LEN];
    char text[IP_NET_TEXT_MAX];

    buf_adds(b, kinds[s->kind]);
    if (s->kind == NETWORK_FORWARD)
        buf_adds(b, s->address.address.family == AF_INET ? " 4" : " 6");
    else {
        if (s->text && s->kind != NETWORK_SYSCTL)
            buf_addf(b, " %s", s->text);
        buf_addf(b, " %s", s->link);
        if (s->kind == NETWORK_SYSCTL)
            buf_addf(b, "=%s", s->text);
        if (ip_is_set(&s->address.address))
            buf_addf(b, " %s", ip_net_format(&s->address, text));
    }
    if (s->peer)
        buf_addf(b, " on %s", s->peer);
    if (ip_is_set(&s->gateway))
        buf_addf(b, " via %s", ip_format(&s->gateway, text));
    if (memcmp(s->mac, none, sizeof(none)) != 0)
        buf_addf(b, " %s", ip_mac_format(s->mac, text));
    if (s->mtu)
        buf_addf(b, " mtu %u", s->mtu);
    if (s->mode || s->flags)
        buf_addf(b, " mode %u.%u", s->mode, s->flags);
    if (s->vlan)
        buf_addf(b, " vlan %u", s->vlan);
    if (s->named)
        buf_adds(b, " named");
    if (s->ipv6)
        buf_adds(b, " ipv6");
    if (s->notify)
        buf_adds(b, " notify");
    if (s->apart)
        buf_adds(b, " apart");
    buf_addc(b, '\n');
}

static void assert_plan(const struct attachment *a, size_t n, const char *expected)
{
    _cleanup_network_plan_ network_plan plan = {0};
    _cleanup_buf_ struct buf b = BUF_INIT;

    assert_ok(network_plan_make(a, n, &plan, &err));
    VEC_FOREACH (s, &plan.steps)
        write_step(&b, s);
    assert_string_equal(buf_str(&b), expected);
}

static const struct net_case plain = {.bridge = "cbox0", .subnet4 = "172.17.0.0/16", .gateway4 = "172.17.0.1"};

static void test_bridge(void **state)
{
    struct store_network n = make_network("bridge", &plain);
    struct endpoint e = make_endpoint("cb123", "172.17.0.2", NULL);
    struct attachment a = {.network = &n, .endpoint = &e, .interface = "eth0", .gateway4 = true, .gateway6 = true};
    _cleanup_strv_ char **settings = NULL;

    (void)state;
    assert_plan(&a, 1,
                "forward 4\n"
                "bridge cbox0 02:42:ac:11:00:01\n"
                "gateway cbox0 172.17.0.1/16\n"
                "veth cb123 on cbox0\n"
                "loopback lo\n"
                "sysctl net/ipv6/conf/eth0/disable_ipv6=1\n"
                "address eth0 172.17.0.2/16\n"
                "up eth0\n"
                "route eth0 0.0.0.0/0 via 172.17.0.1\n");
    a.by_runtime = true;
    network_settings(&a, 1, &settings);
    assert_int_equal(strv_len(settings), 1);
    assert_string_equal(settings[0], "net.ipv6.conf.eth0.disable_ipv6=1");
    e.mac[5]++; /* one that was asked for */
    assert_plan(&a, 1,
                "forward 4\n"
                "bridge cbox0 02:42:ac:11:00:01\n"
                "gateway cbox0 172.17.0.1/16\n"
                "veth cb123 on cbox0\n"
                "loopback lo\n"
                "address eth0 172.17.0.2/16\n"
                "up eth0\n"
                "route eth0 0.0.0.0/0 via 172.17.0.1\n"
                "announce eth0\n");
    free(n.subnets.v);
}

/* Two networks, the second with IPv6, its own name of the bridge and the default routes. */
static void test_two(void **state)
{
    const char *const options[] = {"com.docker.network.bridge.name=mine", "com.docker.network.driver.mtu=1400",
                                   "com.docker.network.bridge.enable_icc=false", NULL};
    const char *const sysctls[] = {"net.ipv4.conf.IFNAME.log_martians=1", "net.ipv6.neigh.IFNAME.ucast_solicit=5",
                                   NULL};
    const char *const addresses[] = {"169.254.1.1", "fe80::77", NULL};
    struct net_case second = {.bridge = "mine",
                              .subnet4 = "10.1.0.0/24",
                              .gateway4 = "10.1.0.254",
                              .subnet6 = "fd00:1::/64",
                              .gateway6 = "fd00:1::1",
                              .options = (char **)options};
    struct store_network n[] = {make_network("bridge", &plain), make_network("second", &second)};
    struct endpoint e[] = {make_endpoint("cb1", "172.17.0.9", NULL), make_endpoint("cb2", "10.1.0.1", "fd00:1::2")};
    struct attachment a[] = {
        {.network = &n[0], .endpoint = &e[0], .interface = "eth0"},
        {.network = &n[1],
         .endpoint = &e[1],
         .interface = "eth1",
         .gateway4 = true,
         .gateway6 = true,
         .addresses = (char **)addresses,
         .sysctls = (char **)sysctls},
    };

    (void)state;
    assert_plan(a, 2,
                "forward 4\n"
                "bridge cbox0 02:42:ac:11:00:01\n"
                "gateway cbox0 172.17.0.1/16\n"
                "veth cb1 on cbox0\n"
                "forward 6\n"
                "bridge mine 02:42:0a:01:00:fe mtu 1400 named ipv6 apart\n"
                "gateway mine 10.1.0.254/24\n"
                "gateway mine fd00:1::1/64\n"
                "gateway mine fe80::1/64\n"
                "veth cb2 on mine mtu 1400 apart\n"
                "loopback lo\n"
                "sysctl net/ipv6/conf/eth0/disable_ipv6=1\n"
                "address eth0 172.17.0.9/16\n"
                "up eth0\n"
                "sysctl net/ipv6/conf/eth1/accept_ra=0\n"
                "sysctl net/ipv6/conf/eth1/ndisc_notify=1\n"
                "sysctl net/ipv6/conf/eth1/disable_ipv6=0\n"
                "sysctl net/ipv4/conf/eth1/log_martians=1 named\n"
                "sysctl net/ipv6/neigh/eth1/ucast_solicit=5 named\n"
                "address eth1 10.1.0.1/24\n"
                "address eth1 fd00:1::2/64\n"
                "address eth1 169.254.1.1/16\n"
                "address eth1 fe80::77/64\n"
                "up eth1 ipv6\n"
                "route eth1 0.0.0.0/0 via 10.1.0.254\n"
                "route eth1 ::/0 via fd00:1::1\n"
                "announce eth1\n");
    free(n[0].subnets.v);
    free(n[1].subnets.v);
}

/* No way out, and nothing for the host to forward; IPv6 alone has a bridge with a MAC of the network's id. */
static void test_internal(void **state)
{
    struct net_case c = {.bridge = "cbox-1", .subnet6 = "fd00:1::/64", .gateway6 = "fd00:1::1", .internal = true};
    struct store_network n = make_network("inner", &c);
    struct endpoint e = make_endpoint("cb1", NULL, "fd00:1::2");
    struct attachment a = {.network = &n, .endpoint = &e, .interface = "eth0", .gateway4 = true, .gateway6 = true};

    (void)state;
    assert_plan(&a, 1,
                "bridge cbox-1 02:42:01:23:45:67 ipv6\n"
                "gateway cbox-1 fd00:1::1/64\n"
                "gateway cbox-1 fe80::1/64\n"
                "veth cb1 on cbox-1\n"
                "loopback lo\n"
                "sysctl net/ipv6/conf/eth0/accept_ra=0\n"
                "sysctl net/ipv6/conf/eth0/ndisc_notify=1\n"
                "sysctl net/ipv6/conf/eth0/disable_ipv6=0\n"
                "address eth0 fd00:1::2/64\n"
                "up eth0 ipv6\n"
                "announce eth0\n");
    free(n.subnets.v);
}

/* Networks on which the host is not the gateway: the bridge has no address of it, nor a MAC that follows from it. */
static void test_no_gateway(void **state)
{
    static const struct {
        const char *option;
        bool internal;
        const char *plan;
    } cases[] = {
        {"com.docker.network.bridge.inhibit_ipv4=true", false,
         "forward 4\nforward 6\nbridge cbox-1 02:42:01:23:45:67 ipv6\ngateway cbox-1 fd00:1::1/64\ngateway cbox-1 "
         "fe80::1/64\n"},
        {"com.docker.network.bridge.gateway_mode_ipv4=isolated", true,
         "bridge cbox-1 02:42:01:23:45:67 ipv6\ngateway cbox-1 fd00:1::1/64\ngateway cbox-1 fe80::1/64\n"},
        {"com.docker.network.bridge.gateway_mode_ipv6=isolated", true,
         "bridge cbox-1 02:42:0a:01:00:fe\ngateway cbox-1 10.1.0.254/24\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *const options[] = {cases[i].option, NULL};
        struct net_case c = {.bridge = "cbox-1",
                             .subnet4 = "10.1.0.0/24",
                             .gateway4 = "10.1.0.254",
                             .subnet6 = "fd00:1::/64",
                             .gateway6 = "fd00:1::1",
                             .options = (char **)options,
                             .internal = cases[i].internal};
        struct store_network n = make_network("one", &c);
        struct endpoint e = make_endpoint("cb1", "10.1.0.1", "fd00:1::2");
        struct attachment a = {.network = &n, .endpoint = &e, .interface = "eth0"};
        _cleanup_network_plan_ network_plan plan = {0};
        _cleanup_buf_ struct buf b = BUF_INIT;

        assert_ok(network_plan_make(&a, 1, &plan, &err));
        VEC_FOREACH (s, &plan.steps)
            if (s->kind < NETWORK_VETH)
                write_step(&b, s);
        assert_string_equal(buf_str(&b), cases[i].plan);
        free(n.subnets.v);
    }
}

static void test_lans(void **state)
{
    static const struct {
        const char *driver, *bridge, *option, *option2, *expected;
        bool internal;
    } cases[] = {
        {"macvlan", "eth0.50", "parent=eth0.50", NULL,
         "parent vlan eth0.50 on eth0 vlan 50\nlan macvlan eth0 on eth0.50 02:42:0a:01:00:02 mode 4.0\n", false},
        {"macvlan", "ens3", "parent=ens3", "macvlan_mode=private",
         "parent ens3\nlan macvlan eth0 on ens3 02:42:0a:01:00:02 mode 1.0\n", false},
        {"macvlan", "dm-0123456789ab", NULL, NULL,
         "parent dummy dm-0123456789ab\nlan macvlan eth0 on dm-0123456789ab 02:42:0a:01:00:02 mode 4.0\n", true},
        {"ipvlan", "a.b", "parent=a.b", "ipvlan_mode=l3s", "parent a.b\nlan ipvlan eth0 on a.b mode 2.0\n", false},
        {"ipvlan", "ens3", "parent=ens3", "ipvlan_flag=vepa", "parent ens3\nlan ipvlan eth0 on ens3 mode 0.2\n", false},
    };
    static const char *const inside =
        "loopback lo\nsysctl net/ipv6/conf/eth0/disable_ipv6=1\naddress eth0 10.1.0.2/24\nup eth0 notify\n";

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char *options[] = {(char *)cases[i].option, (char *)cases[i].option2, NULL};
        struct net_case c = {.driver = cases[i].driver,
                             .bridge = cases[i].bridge,
                             .subnet4 = "10.1.0.0/24",
                             .gateway4 = "10.1.0.1",
                             .options = options,
                             .internal = cases[i].internal};
        struct store_network n = make_network("lan", &c);
        struct endpoint e = make_endpoint("", "10.1.0.2", NULL);
        struct attachment a = {.network = &n, .endpoint = &e, .interface = "eth0", .gateway4 = true};
        _cleanup_free_ char *expected =
            str_printf("%s%s%s", cases[i].expected, inside,
                       cases[i].internal                                      ? ""
                       : cases[i].option2 && strstr(cases[i].option2, "=l3s") ? "route eth0 0.0.0.0/0\n"
                                                                              : "route eth0 0.0.0.0/0 via 10.1.0.1\n");

        assert_plan(&a, 1, expected);
        free(n.subnets.v);
    }
}

static void test_sysctls(void **state)
{
    static const char *const bad[] = {"",
                                      "net.ipv4.conf.eth0.log_martians=1",
                                      "net.ipv4.ip_forward=1",
                                      "kernel.conf.IFNAME.x=1",
                                      "net.ipv4.conf.IFNAME.log_martians",
                                      "net.ipv4.conf.IFNAME.=1",
                                      "net.ipv4..IFNAME.x=1",
                                      "net.ipv4.conf.IFNAME.../../x=1",
                                      "net.ipv4.conf/../x.IFNAME.x=1",
                                      "net.ipv4.a.b.IFNAME.x=1",
                                      "net.ipv4.x=.IFNAME.y"};

    (void)state;
    assert_ok(network_sysctl_check("net.ipv4.conf.IFNAME.log_martians=1", &err));
    assert_ok(network_sysctl_check("net.mpls.conf.IFNAME.input=", &err));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_fails(network_sysctl_check(bad[i], &err), ERR_INVALID, "is not a setting of an interface");
}

static void test_refusals(void **state)
{
    const char *const bad_sysctl[] = {"net.ipv4.ip_forward=1", NULL}, *const bad_address[] = {"169.254", NULL};
    struct net_case cases[] = {
        {.driver = "host", .bridge = "a"},
        {.bridge = ""},
        {.bridge = "a-name-of-sixteen"},
        {.bridge = "a", .subnet4 = "10.0.0.0"},
        {.bridge = "a", .subnet4 = "10.0.0.0/8", .gateway4 = "x"},
        {.bridge = "a", .subnet4 = "10.0.0.0/8", .gateway4 = "fd00::1"},
    };
    struct store_network good = make_network("good", &plain);
    struct endpoint e = make_endpoint("cb1", "10.1.0.2", NULL);
    struct attachment a = {.endpoint = &e, .interface = "eth0"};
    network_plan plan;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct store_network n = make_network("bad", &cases[i]);

        a.network = &n;
        assert_fails(network_plan_make(&a, 1, &plan, &err), ERR_INVALID, "network bad: ");
        network_plan_release(&plan);
        free(n.subnets.v);
    }
    a.network = &good;
    a.sysctls = (char **)bad_sysctl;
    assert_fails(network_plan_make(&a, 1, &plan, &err), ERR_INVALID, "ip_forward");
    network_plan_release(&plan);
    a.sysctls = NULL;
    a.addresses = (char **)bad_address;
    assert_fails(network_plan_make(&a, 1, &plan, &err), ERR_INVALID, "\"169.254\" is not an IP address");
    network_plan_release(&plan);
    free(good.subnets.v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bridge),     cmocka_unit_test(test_two),  cmocka_unit_test(test_internal),
        cmocka_unit_test(test_no_gateway), cmocka_unit_test(test_lans), cmocka_unit_test(test_sysctls),
        cmocka_unit_test(test_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
