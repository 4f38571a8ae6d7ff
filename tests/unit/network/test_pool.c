#include "../unit.h"

#include "network/network.h"
#include "network/subnets.h"

static struct err err;

static void add(ip_nets *to, const char *text)
{
    assert_ok(ip_net_parse(text, VEC_PUSH(to), &err));
}

static void assert_chosen(const network_pools *pools, uint16_t family, const ip_nets *taken, const char *expected)
{
    char text[IP_NET_TEXT_MAX];
    struct ip_net net;

    assert_ok(network_pool_choose(pools, family, taken, &net, &err));
    assert_string_equal(ip_net_format(&net, text), expected);
}

static void test_usual(void **state)
{
    static const struct config none = {0};
    network_pools pools;
    ip_nets taken = {0};
    struct ip_net net;

    (void)state;
    assert_ok(network_pools_of(&none, &pools, &err));
    assert_chosen(&pools, AF_INET, &taken, "172.17.0.0/16");
    add(&taken, "172.17.0.0/16");
    assert_chosen(&pools, AF_INET, &taken, "172.18.0.0/16");
    add(&taken, "172.18.5.0/24"); /* part of it is enough */
    add(&taken, "172.19.0.1/32");
    assert_chosen(&pools, AF_INET, &taken, "172.20.0.0/16");
    add(&taken, "172.16.0.0/12"); /* and all of them */
    assert_chosen(&pools, AF_INET, &taken, "192.168.0.0/20");
    add(&taken, "192.168.0.0/24");
    add(&taken, "192.168.31.0/24");
    assert_chosen(&pools, AF_INET, &taken, "192.168.32.0/20");
    add(&taken, "192.168.0.0/16");
    assert_fails(network_pool_choose(&pools, AF_INET, &taken, &net, &err), ERR_NOT_FOUND, "fully subnetted");
    assert_non_null(strstr(err.hint, "--subnet"));

    /* Those of IPv6 are in a prefix of the machine's own. */
    assert_ok(network_pool_choose(&pools, AF_INET6, &taken, &net, &err));
    assert_true(net.bits == 64 && net.address.bytes[0] == 0xfd);
    *VEC_PUSH(&taken) = net;
    assert_ok(network_pool_choose(&pools, AF_INET6, &taken, &net, &err));
    assert_int_equal(net.address.bytes[7], 1);
    free(taken.v);
    network_pools_release(&pools);
}

/* The user's pools, to their last subnet; those of a family that has none stay the usual ones. */
static void test_own(void **state)
{
    struct config_pool own[] = {{.base = (char *)"10.200.0.0/22", .size = 24},
                                {.base = (char *)"10.9.0.0/30", .size = 30}};
    struct config config = {.address_pools = {.v = own, .n = 2}};
    static const char *const expected[] = {"10.200.0.0/24", "10.200.1.0/24", "10.200.2.0/24", "10.200.3.0/24",
                                           "10.9.0.0/30"};
    network_pools pools;
    ip_nets taken = {0};
    struct ip_net net;

    (void)state;
    assert_ok(network_pools_of(&config, &pools, &err));
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        assert_chosen(&pools, AF_INET, &taken, expected[i]);
        add(&taken, expected[i]);
    }
    assert_fails(network_pool_choose(&pools, AF_INET, &taken, &net, &err), ERR_NOT_FOUND, "IPv4");
    assert_ok(network_pool_choose(&pools, AF_INET6, &taken, &net, &err));
    network_pools_release(&pools);

    /* One for IPv6 alone leaves Docker's for IPv4; the last address of all is no end of the world. */
    own[0] = (struct config_pool){.base = (char *)"fd00:1::/48", .size = 64};
    own[1] = (struct config_pool){.base = (char *)"255.255.255.0/24", .size = 25};
    taken.n = 0;
    config.address_pools.n = 1;
    assert_ok(network_pools_of(&config, &pools, &err));
    assert_chosen(&pools, AF_INET, &taken, "172.17.0.0/16");
    assert_chosen(&pools, AF_INET6, &taken, "fd00:1::/64");
    add(&taken, "fd00:1::/49");
    assert_chosen(&pools, AF_INET6, &taken, "fd00:1:0:8000::/64");
    network_pools_release(&pools);
    config.address_pools.n = 2;
    assert_ok(network_pools_of(&config, &pools, &err));
    add(&taken, "255.255.255.0/25");
    assert_chosen(&pools, AF_INET, &taken, "255.255.255.128/25");
    add(&taken, "255.255.255.255/32");
    assert_fails(network_pool_choose(&pools, AF_INET, &taken, &net, &err), ERR_NOT_FOUND, "IPv4");
    network_pools_release(&pools);
    free(taken.v);
}

/* ---- subnets as they are written ---- */

#define WORDS(...) ((char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})
#define W(text)    ((char *)(text))

static int read_subnets(const struct network_request *q, struct store_network *n)
{
    int r;

    err = ERR_INIT;
    *n = (struct store_network){.no_ipv4 = q->no_ipv4};
    r = network_subnets_read(q, n, &err);
    VEC_FOREACH (subnet, &n->subnets)
        r = r < 0 ? r : network_subnet_complete(subnet, &err);
    return r;
}

static void refused(const struct network_request *q, const char *part)
{
    struct store_network n;

    assert_int_equal(read_subnets(q, &n) < 0, 1);
    if (!strstr(err.text, part))
        fail_msg("\"%s\" does not say \"%s\"", err.text, part);
    store_network_release(&n);
}

static void test_subnets(void **state)
{
    struct network_request q = {.subnets = WORDS(W("fd01::/64"), W("10.5.0.0/16")),
                                .ranges = WORDS(W("10.5.3.0/24")),
                                .gateways = WORDS(W("fd01::ffff")),
                                .aux = WORDS(W("b=10.5.0.1"), W("a=10.5.3.9"))};
    struct store_network n;

    (void)state;
    assert_ok(read_subnets(&q, &n));
    assert_true(n.ipv6 && n.subnets.n == 2 && n.subnets.v[1].chosen);
    assert_string_equal(n.subnets.v[0].gateway, "fd01::ffff");
    assert_string_equal(n.subnets.v[1].gateway, "10.5.0.2"); /* the first that is no auxiliary one */
    assert_string_equal(n.subnets.v[1].ip_range, "10.5.3.0/24");
    assert_string_equal(n.subnets.v[1].aux_addresses[0], "a=10.5.3.9");
    store_network_release(&n);
}

static void test_bad_subnets(void **state)
{
#define REFUSED(part, ...) refused(&(struct network_request){__VA_ARGS__}, part)
    (void)state;
    REFUSED("invalid subnet 10.0.0.1/24: it should be 10.0.0.0/24", .subnets = WORDS(W("10.0.0.1/24")));
    REFUSED("invalid CIDR block notation", .subnets = WORDS(W("10.0.0.0")));
    REFUSED("invalid CIDR block notation", .subnets = WORDS(W("10.0.0.0/33")));
    REFUSED("invalid CIDR block notation", .subnets = WORDS(W("")));
    REFUSED("not for networks", .subnets = WORDS(W("127.0.0.0/24")));
    REFUSED("not for networks", .subnets = WORDS(W("224.0.0.0/24")));
    REFUSED("not for networks", .subnets = WORDS(W("0.0.0.0/0")));
    REFUSED("multiple overlapping subnet", .subnets = WORDS(W("10.0.0.0/24"), W("10.0.0.0/16")));
    REFUSED("one subnet a family", .subnets = WORDS(W("10.0.0.0/24"), W("10.1.0.0/24")));
    REFUSED("every ip-range or gateway", .ranges = WORDS(W("10.0.0.0/24")));
    REFUSED("every ip-range or gateway", .gateways = WORDS(W("10.0.0.1")));
    REFUSED("no matching subnet for range", .subnets = WORDS(W("10.0.0.0/24")), .ranges = WORDS(W("10.0.1.0/25")));
    REFUSED("no matching subnet for range", .subnets = WORDS(W("10.0.0.0/24")), .ranges = WORDS(W("10.0.0.0/16")));
    REFUSED("invalid ip-range 10.0.0.1/25: it should be 10.0.0.0/25", .subnets = WORDS(W("10.0.0.0/24")),
            .ranges = WORDS(W("10.0.0.1/25")));
    REFUSED("no matching subnet for gateway", .subnets = WORDS(W("10.0.0.0/24")), .gateways = WORDS(W("10.0.1.1")));
    REFUSED("broadcast", .subnets = WORDS(W("10.0.0.0/24")), .gateways = WORDS(W("10.0.0.255")));
    REFUSED("network address", .subnets = WORDS(W("10.0.0.0/24")), .gateways = WORDS(W("10.0.0.0")));
    REFUSED("no matching subnet for aux-address", .subnets = WORDS(W("10.0.0.0/24")), .aux = WORDS(W("a=10.1.0.1")));
    REFUSED("NAME=ADDRESS", .subnets = WORDS(W("10.0.0.0/24")), .aux = WORDS(W("10.0.0.1")));
    REFUSED("is the gateway's", .subnets = WORDS(W("10.0.0.0/24")), .gateways = WORDS(W("10.0.0.7")),
            .aux = WORDS(W("a=10.0.0.7")));
    REFUSED("no address left for a gateway", .subnets = WORDS(W("10.0.0.0/31")),
            .aux = WORDS(W("a=10.0.0.0"), W("b=10.0.0.1")));
    REFUSED("to have no IPv4", .no_ipv4 = true, .subnets = WORDS(W("10.0.0.0/24")));
    REFUSED("IPv4 or IPv6 must be enabled", .no_ipv4 = true);
#undef REFUSED
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usual),
        cmocka_unit_test(test_own),
        cmocka_unit_test(test_subnets),
        cmocka_unit_test(test_bad_subnets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
