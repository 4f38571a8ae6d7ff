#include "../unit.h"

#include "container/ports.h"

#include <netinet/in.h>

static struct ip address(const char *text)
{
    struct ip ip = IP_NONE;
    struct err err;

    if (*text)
        assert_ok(ip_parse(text, &ip, &err));
    return ip;
}

/* Claims of the container "c", and exposed ports, as text. */
struct given {
    uint8_t protocol;
    const char *host;
    uint16_t host_first, container_first, count;
};

static char *shown(const struct given *given, size_t n, const char *exposed)
{
    _cleanup_strv_ char **open = *exposed ? strv_split(exposed, ' ') : NULL;
    port_claims claims = {0};
    container_ports ports;
    char *text;

    for (size_t i = 0; i < n; i++)
        *VEC_PUSH(&claims) = (struct port_claim){.container = (char *)"c",
                                                 .range = {.protocol = given[i].protocol,
                                                           .host = address(given[i].host),
                                                           .host_first = given[i].host_first,
                                                           .container_first = given[i].container_first,
                                                           .count = given[i].count}};
    *VEC_PUSH(&claims) =
        (struct port_claim){.container = (char *)"other",
                            .range = {.protocol = IPPROTO_TCP, .host_first = 1, .container_first = 1, .count = 1}};
    container_ports_list(&claims, "c", open, &ports);
    text = container_ports_text(&ports);
    free(ports.v);
    free(claims.v);
    return text;
}

static const struct {
    struct given given[3];
    size_t n;
    const char *exposed, *text;
} cases[] = {
    {{{0}}, 0, "", ""},
    {{{0}}, 0, "80/tcp", "80/tcp"},
    {{{0}}, 0, "80-82/tcp 90/tcp 53/udp", "80-82/tcp, 53/udp, 90/tcp"},
    {{{IPPROTO_TCP, "", 8080, 80, 1}}, 1, "80/tcp", "0.0.0.0:8080->80/tcp, [::]:8080->80/tcp"},
    {{{IPPROTO_TCP, "127.0.0.1", 80, 80, 1}}, 1, "443/tcp", "127.0.0.1:80->80/tcp, 443/tcp"},
    {{{IPPROTO_UDP, "::1", 53, 53, 1}}, 1, "53/tcp", "53/tcp, [::1]:53->53/udp"},
    {{{IPPROTO_TCP, "", 20000, 20000, 10000}},
     1,
     "",
     "0.0.0.0:20000-29999->20000-29999/tcp, [::]:20000-29999->20000-29999/tcp"},
    {{{IPPROTO_TCP, "10.0.0.1", 8001, 9001, 2}}, 1, "", "10.0.0.1:8001->9001/tcp, 10.0.0.1:8002->9002/tcp"},
    {{{IPPROTO_TCP, "10.0.0.1", 81, 81, 1}, {IPPROTO_TCP, "10.0.0.1", 80, 80, 1}, {IPPROTO_TCP, "10.0.0.2", 80, 80, 1}},
     3,
     "",
     "10.0.0.1:80-81->80-81/tcp, 10.0.0.2:80->80/tcp"},
};

static void test_text(void **state _unused_)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_free_ char *text = shown(cases[i].given, cases[i].n, cases[i].exposed);

        assert_string_equal(text, cases[i].text);
    }
}

static void test_exposed(void **state _unused_)
{
    struct engine_options o = {0};
    _cleanup_strv_ char **exposed = NULL;
    _cleanup_free_ char *text = NULL;

    o.config.config.exposed_ports = strv_split("82/tcp 80 53/udp 81/tcp x 99999/tcp 80/tcp 5/icmp 90/tcp", ' ');
    exposed = container_ports_exposed(&o);
    text = strv_join(exposed, " ");
    assert_string_equal(text, "80-82/tcp 90/tcp 53/udp");
    strv_free(o.config.config.exposed_ports);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_text), cmocka_unit_test(test_exposed)};

    return cmocka_run_group_tests_name("container/ports", tests, NULL, NULL);
}
