#include "../unit.h"

#include "explain/network.h"

#include <net/if.h>

static struct ip address(const char *text)
{
    struct ip ip = IP_NONE;
    struct err err;

    if (*text)
        assert_ok(ip_parse(text, &ip, &err));
    return ip;
}

static struct ip_net net(const char *text)
{
    struct ip_net n;
    struct err err;

    assert_ok(ip_net_parse(text, &n, &err));
    return n;
}

/* Each fact as "NAME: TEXT", those below indented. */
static void says(const explain_facts *facts, const char *expected)
{
    _cleanup_buf_ struct buf text = BUF_INIT;

    VEC_FOREACH (f, facts) {
        buf_addf(&text, "%s%s: %s\n", f->weak ? "! " : "", f->name, f->text);
        VEC_FOREACH (b, &f->below)
            buf_addf(&text, "  %s%s: %s\n", b->weak ? "! " : "", b->name, b->text);
    }
    assert_string_equal(buf_str(&text), expected);
}

static const struct explain_interface eth0 = {
    .link = {.name = "eth0", .kind = "veth", .flags = IFF_UP, .mtu = 1500, .mac = {2, 0x42, 10, 0, 0, 2}},
    .host = {.index = 7, .name = "cb123"},
    .bridge = {.index = 3, .name = "cbox0"},
    .network = "mine",
    .driver = "bridge",
};

static void test_an_interface_has_its_other_end(_unused_ void **state)
{
    struct ip_net nets[] = {net("10.0.0.2/24"), net("fd00::2/64")};
    struct explain_interface i = eth0, lo = {.link = {.name = "lo", .flags = IFF_LOOPBACK | IFF_UP, .mtu = 65536}};
    _cleanup_explain_facts_ explain_facts facts = {0};

    i.addresses.v = nets;
    i.addresses.n = 2;
    explain_interface_describe(&lo, &facts);
    explain_interface_describe(&i, &facts);
    says(&facts,
         "lo: the loopback: itself alone, up, MTU 65536\n"
         "eth0: veth, up, MTU 1500, address 02:42:0a:00:00:02; its other end is cb123 of the host, a port of the "
         "bridge cbox0; network mine (driver bridge)\n"
         "  10.0.0.2/24: an address of IPv4\n"
         "  fd00::2/64: an address of IPv6\n");
}

static void test_routes(_unused_ void **state)
{
    struct link_route routes[] = {{.to = net("0.0.0.0/0"), .gateway = address("10.0.0.1")},
                                  {.to = net("10.0.0.0/24")},
                                  {.to = net("::/0"), .gateway = address("fd00::1")}};
    _cleanup_explain_facts_ explain_facts facts = {0};
    struct explain_fact *group = explain_add(&facts, "routes", NULL, "-");

    for (size_t i = 0; i < ARRAY_SIZE(routes); i++)
        explain_route_describe(&routes[i], "eth0", group);
    says(&facts, "routes: -\n"
                 "  default: through 10.0.0.1 by eth0\n"
                 "  10.0.0.0/24: on the link itself by eth0\n"
                 "  default IPv6: through fd00::1 by eth0\n");
}

static void test_the_way_to_a_port_goes_hop_by_hop(_unused_ void **state)
{
    struct firewall_line lines[] = {{(char *)"publish4", (char *)"0.0.0.0/0 . tcp . 8080 : 10.0.0.2 . 80", true},
                                    {(char *)"relay6", (char *)"::/0 . 8080 : 40000", true}};
    firewall_lines rules = {lines, 2, 2};
    struct port_claim claim = {.range = {IPPROTO_TCP, IP_NONE, 8080, 80, 1, 0}, .ip4 = address("10.0.0.2")};
    struct explain_way way = {&claim, "cbox", &rules, {&eth0, NULL}, 40000, true};
    _cleanup_explain_facts_ explain_facts facts = {0};

    explain_way_describe(&way, &facts);
    says(&facts,
         "8080->80/tcp: published: the way of a packet\n"
         "  host: a packet of tcp comes to port 8080 of any address of the host, from wherever the host is reached\n"
         "  rule publish4: publish4 { 0.0.0.0/0 . tcp . 8080 : 10.0.0.2 . 80 } in table inet cbox, chain publish: its "
         "destination becomes the container's address and port\n"
         "  rule relay6: relay6 { ::/0 . 8080 : 40000 } in table inet cbox, chain publish: what the kernel cannot "
         "translate, IPv6 to ::1 or to a container without it, goes to the monitor's port\n"
         "  bridge: it is routed to the bridge cbox0\n"
         "  link: it goes into cb123 and comes out of eth0 inside\n"
         "  inside: it arrives at 10.0.0.2 port 80 with the address of who sent it\n"
         "  relay: what comes by IPv6 is led to port 40000 of the host, where the container's monitor passes it on "
         "from the "
         "host's address\n"
         "  back: answers go the same way, and have the host's address and port again: the kernel remembers the "
         "connection\n"
         "  hairpin: from the host's 127.0.0.1 and from its own network the sender becomes the bridge, so that the "
         "answer "
         "comes by here\n");
}

/* Both families of one port, on networks of their own: each has its way, and the relay's port is not on it. */
static void test_each_family_has_its_way(_unused_ void **state)
{
    struct firewall_line lines[] = {{(char *)"publish4", (char *)"0.0.0.0/0 . udp . 53 : 10.0.0.2 . 53", true},
                                    {(char *)"publish6", (char *)"::/0 . udp . 53 : fd00::2 . 53", true},
                                    {(char *)"relays", (char *)"40000", false}};
    firewall_lines rules = {lines, 3, 3};
    struct explain_interface eth1 = eth0;
    struct port_claim claim = {
        .range = {IPPROTO_UDP, IP_NONE, 53, 53, 1, 0}, .ip4 = address("10.0.0.2"), .ip6 = address("fd00::2")};
    struct explain_way way = {&claim, "cbox", &rules, {&eth0, &eth1}, 40000, false};
    _cleanup_explain_facts_ explain_facts facts = {0};

    snprintf(eth1.link.name, sizeof(eth1.link.name), "eth1");
    snprintf(eth1.bridge.name, sizeof(eth1.bridge.name), "cbox1");
    explain_way_describe(&way, &facts);
    says(&facts,
         "53->53/udp: published: the way of a packet\n"
         "  host: a packet of udp comes to port 53 of any address of the host, from wherever the host is reached\n"
         "  rule publish4: publish4 { 0.0.0.0/0 . udp . 53 : 10.0.0.2 . 53 } in table inet cbox, chain publish: its "
         "destination becomes the container's address and port\n"
         "  rule publish6: publish6 { ::/0 . udp . 53 : fd00::2 . 53 } in table inet cbox, chain publish: its "
         "destination becomes the container's address and port\n"
         "  bridge: by IPv4 it is routed to the bridge cbox0\n"
         "  link: by IPv4 it goes into cb123 and comes out of eth0 inside\n"
         "  bridge: by IPv6 it is routed to the bridge cbox1\n"
         "  link: by IPv6 it goes into cb123 and comes out of eth1 inside\n"
         "  inside: it arrives at 10.0.0.2 or fd00::2 port 53 with the address of who sent it\n"
         "  back: answers go the same way, and have the host's address and port again: the kernel remembers the "
         "connection\n"
         "  hairpin: from the host's 127.0.0.1 and from its own network the sender becomes the bridge, so that the "
         "answer comes by here\n");
}

/* What is published on one address goes to the container's of that family alone, and what only the relay passes on
 * meets no bridge and keeps no sender. */
static void test_one_address_has_one_way(_unused_ void **state)
{
    struct firewall_line line4 = {(char *)"publish4", (char *)"127.0.0.1 . tcp . 80 : 10.0.0.2 . 80", true},
                         line6[] = {{(char *)"relay6", (char *)"::1 . 80 : 40000", true},
                                    {(char *)"relays", (char *)"40000", true}};
    firewall_lines rules4 = {&line4, 1, 1}, rules6 = {line6, 2, 2};
    struct port_claim claim4 = {.range = {IPPROTO_TCP, address("127.0.0.1"), 80, 80, 1, 0},
                                .ip4 = address("10.0.0.2"),
                                .ip6 = address("fd00::2")},
                      claim6 = claim4;
    struct explain_way way4 = {&claim4, "cbox", &rules4, {&eth0, &eth0}, 40000, false};
    struct explain_way way6 = {&claim6, "cbox", &rules6, {&eth0, &eth0}, 40000, true};
    _cleanup_explain_facts_ explain_facts facts4 = {0}, facts6 = {0};
    const struct explain_fact *fact;

    claim6.range.host = address("::1");
    explain_way_describe(&way4, &facts4);
    fact = explain_find(&facts4.v[0].below, "inside");
    assert_non_null(fact);
    assert_string_equal(fact->text, "it arrives at 10.0.0.2 port 80 with the address of who sent it");
    fact = explain_find(&facts4.v[0].below, "hairpin");
    assert_non_null(fact);
    assert_string_equal(fact->text, "from the host itself the sender becomes the bridge, so that the answer comes by "
                                    "here");
    explain_way_describe(&way6, &facts6);
    assert_non_null(explain_find(&facts6.v[0].below, "rule relays"));
    assert_non_null(explain_find(&facts6.v[0].below, "relay"));
    assert_null(explain_find(&facts6.v[0].below, "bridge"));
    assert_null(explain_find(&facts6.v[0].below, "inside"));
    assert_null(explain_find(&facts6.v[0].below, "back"));
}

static void test_a_rule_that_is_gone_is_missing(_unused_ void **state)
{
    struct firewall_line lines[] = {{(char *)"range4", (char *)"127.0.0.1 . udp . 9000-9001 : 10.0.0.2", false}};
    firewall_lines rules = {lines, 1, 1};
    struct port_claim claim = {.range = {IPPROTO_UDP, address("127.0.0.1"), 9000, 9000, 2, 0},
                               .ip4 = address("10.0.0.2")};
    struct explain_way way = {&claim, "cbox", &rules, {NULL, NULL}, 0, false};
    _cleanup_explain_facts_ explain_facts facts = {0};

    explain_way_describe(&way, &facts);
    assert_string_equal(facts.v[0].name, "127.0.0.1:9000-9001->9000-9001/udp");
    assert_string_equal(facts.v[0].text, "published, but a rule is missing");
    assert_true(facts.v[0].below.v[1].weak);
    assert_non_null(str_after(facts.v[0].below.v[1].text, "MISSING: "));
}

static void test_of_many_rules_some_are_told(_unused_ void **state)
{
    struct firewall_line line = {(char *)"publish4", (char *)"-", true};
    struct port_claim claim = {.range = {IPPROTO_TCP, IP_NONE, 8000, 9000, 100, 0}, .ip4 = address("10.0.0.2")};
    firewall_lines rules = {0};
    struct explain_way way = {&claim, "cbox", &rules, {NULL, NULL}, 0, false};
    _cleanup_explain_facts_ explain_facts facts = {0};
    const struct explain_fact *more;

    for (int i = 0; i < 100; i++)
        *VEC_PUSH(&rules) = line;
    explain_way_describe(&way, &facts);
    free(rules.v);
    more = explain_find(&facts.v[0].below, "more rules");
    assert_non_null(more);
    assert_string_equal(more->text, "84, one a port");
    assert_int_equal(facts.v[0].below.n, 1 + 16 + 1 + 3); /* host, rules, more; inside, back, hairpin */
}

static void test_rules_of_a_network(_unused_ void **state)
{
    struct firewall_line lines[] = {{(char *)"bridges", (char *)"\"cbox0\"", true},
                                    {(char *)"isolated", (char *)"\"cbox0\"", true},
                                    {(char *)"masquerade4", (char *)"10.0.0.0/24", false}};
    firewall_lines rules = {lines, 3, 3};
    _cleanup_explain_facts_ explain_facts facts = {0};

    explain_rules_describe("mine", "cbox", &rules, &facts);
    says(&facts,
         "network mine: what the rules say of it\n"
         "  isolation: nothing passes between it and other networks, either way (isolated { \"cbox0\" })\n"
         "  ! masquerade: MISSING: the kernel has no rule that what leaves for the outside has the host's address "
         "(IPv4) (masquerade4 { 10.0.0.0/24 })\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_interface_has_its_other_end),    cmocka_unit_test(test_routes),
        cmocka_unit_test(test_the_way_to_a_port_goes_hop_by_hop), cmocka_unit_test(test_a_rule_that_is_gone_is_missing),
        cmocka_unit_test(test_of_many_rules_some_are_told),       cmocka_unit_test(test_rules_of_a_network),
        cmocka_unit_test(test_each_family_has_its_way),           cmocka_unit_test(test_one_address_has_one_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
