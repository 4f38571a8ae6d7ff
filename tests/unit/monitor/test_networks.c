#include "../unit.h"

#include "monitor/networks.h"
#include "json/json.h"

#include <netinet/in.h>

static struct ip address(const char *text)
{
    struct ip ip = IP_NONE;
    struct err err;

    if (text)
        assert_ok(ip_parse(text, &ip, &err));
    return ip;
}

/* ---- ports ---- */

static char *describe(const port_ranges *ranges)
{
    _cleanup_strv_ char **words = NULL;

    VEC_FOREACH (r, ranges) {
        char ip[IP_TEXT_MAX];

        strv_addf(&words, "%s %u-%u>%u+%u/%u", ip_is_set(&r->host) ? ip_format(&r->host, ip) : "*", r->host_first,
                  r->host_last, r->container_first, r->count, r->protocol);
    }
    return words ? strv_join(words, ", ") : str_dup("");
}

#define BINDING(rest) "{\"HostConfig\":{\"PortRanges\":[{\"Protocol\":\"tcp\",\"ContainerFirst\":80," rest "}]}}"

static const struct {
    const char *options, *usual[2], *text;
} ports[] = {
    {"{}", {NULL}, ""},
    {BINDING("\"Count\":1,\"HostFirst\":8080"), {NULL}, "* 8080-0>80+1/6"},
    {BINDING("\"Count\":1,\"HostFirst\":8080,\"HostLast\":8090"), {NULL}, "* 8080-8090>80+1/6"},
    {BINDING("\"Count\":10000,\"HostFirst\":20000,\"HostIp\":\"10.0.0.1\""), {NULL}, "10.0.0.1 20000-0>80+10000/6"},
    {BINDING("\"Count\":1,\"HostFirst\":8080"), {"127.0.0.1", "::1"}, "127.0.0.1 8080-0>80+1/6, ::1 8080-0>80+1/6"},
    /* Two that are chosen would not be the same. */
    {BINDING("\"Count\":1"), {"127.0.0.1", "::1"}, "127.0.0.1 0-0>80+1/6"},
    {BINDING("\"Count\":1,\"HostFirst\":8080,\"HostIp\":\"::\""), {"127.0.0.1"}, ":: 8080-0>80+1/6"},
    /* What is exposed counts with -P alone, and where it is not published by name. */
    {"{\"Config\":{\"ExposedPorts\":{\"80/tcp\":{},\"53/udp\":{}}}}", {NULL}, ""},
    {"{\"Config\":{\"ExposedPorts\":{\"80/tcp\":{},\"53/udp\":{},\"81\":{}}},\"HostConfig\":{\"PublishAllPorts\":true,"
     "\"PortRanges\":[{\"Protocol\":\"tcp\",\"ContainerFirst\":79,\"Count\":2,\"HostFirst\":100}]}}",
     {NULL},
     "* 100-0>79+2/6, * 0-0>53+1/17, * 0-0>81+1/6"},
};

static void test_ports(void **state _unused_)
{
    for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
        _cleanup_engine_options_ struct engine_options o = {0};
        struct ip usual[2] = {address(ports[i].usual[0]), address(ports[i].usual[1])};
        _cleanup_free_ char *text = NULL;
        port_ranges ranges = {0};
        struct err err;

        assert_ok(json_parse(ports[i].options, strlen(ports[i].options), &engine_options_type, &o, &err));
        networks_ports(&o, usual, !!ports[i].usual[0] + (size_t) !!ports[i].usual[1], &ranges);
        text = describe(&ranges);
        free(ranges.v);
        assert_string_equal(text, ports[i].text);
    }
}

/* ---- the way out ---- */

struct given {
    const char *name, *gateway4, *gateway6, *ip4, *ip6;
    int64_t priority;
    bool internal, leaving;
};

static const struct {
    struct given given[3];
    size_t n;
    const char *way4, *way6;
} ways[] = {
    {{{0}}, 0, NULL, NULL},
    {{{"b", "10.0.0.1", NULL, "10.0.0.2"}, {"a", "10.1.0.1", NULL, "10.1.0.2"}}, 2, "a", NULL},
    {{{"b", "10.0.0.1", NULL, "10.0.0.2", NULL, 1}, {"a", "10.1.0.1", NULL, "10.1.0.2"}}, 2, "b", NULL},
    {{{"a", "10.0.0.1", NULL, "10.0.0.2", NULL, -1}, {"b", "10.1.0.1", NULL, "10.1.0.2"}}, 2, "b", NULL},
    {{{"a", "10.0.0.1", NULL, "10.0.0.2", NULL, 9, true}, {"b", "10.1.0.1", NULL, "10.1.0.2"}}, 2, "b", NULL},
    {{{"a", NULL, NULL, "10.0.0.2"}, {"b", "10.1.0.1", NULL, "10.1.0.2"}}, 2, "b", NULL},
    {{{"a", "10.0.0.1", "fd00::1", "10.0.0.2"}, {"b", "10.1.0.1", "fd01::1", "10.1.0.2", "fd01::2"}}, 2, "a", "b"},
    {{{"a", "10.0.0.1", NULL, "10.0.0.2", NULL, 0, false, true}, {"b", "10.1.0.1", NULL, "10.1.0.2"}}, 2, "b", NULL},
    {{{"a", "10.0.0.1", NULL, "10.0.0.2", NULL, 0, true}}, 1, NULL, NULL},
};

static const char *way_of(const struct networks *n, uint16_t family)
{
    const struct networks_member *m = networks_gateway(n, family);

    return m ? m->network.name : NULL;
}

static void test_ways(void **state _unused_)
{
    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        struct networks_member members[3] = {0};
        struct store_network_subnet subnets[3][2] = {0};
        struct networks n = NETWORKS_NONE;

        for (size_t k = 0; k < ways[i].n; k++) {
            const struct given *g = &ways[i].given[k];

            subnets[k][0].gateway = (char *)g->gateway4;
            subnets[k][1].gateway = (char *)g->gateway6;
            members[k] = (struct networks_member){.priority = g->priority, .leaving = g->leaving};
            members[k].network.name = (char *)g->name;
            members[k].network.internal = g->internal;
            members[k].network.subnets.v = subnets[k];
            members[k].network.subnets.n = 2;
            members[k].endpoint.ip4 = address(g->ip4);
            members[k].endpoint.ip6 = address(g->ip6);
        }
        n.members.v = members;
        n.members.n = ways[i].n;
        if (!str_eq(way_of(&n, AF_INET), ways[i].way4) || !str_eq(way_of(&n, AF_INET6), ways[i].way6))
            fail_msg("%zu: %s %s", i, way_of(&n, AF_INET), way_of(&n, AF_INET6));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ports), cmocka_unit_test(test_ways)};

    return cmocka_run_group_tests_name("monitor/networks", tests, NULL, NULL);
}
