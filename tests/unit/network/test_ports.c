/* Who has which port of the host. In a network namespace of the test's own, where that may be had. */
#include "../store/store_fixture.h"

#include "network/ports.h"
#include "store/container.h"

#include <arpa/inet.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define WEB   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789"

static struct ip ip(const char *text)
{
    struct ip a = IP_NONE;
    struct err err;

    assert_ok(ip_parse(text, &a, &err));
    return a;
}

/* A container that lives until it is freed. */
static struct store_container *container(struct store *s, const char *id, const char *name)
{
    struct store_container_record record = {.id = (char *)id, .name = (char *)name};
    struct store_container *c;
    struct err err;

    assert_ok(store_container_create(s, id, &c, &err));
    assert_ok(store_container_write(c, &record, false, &err));
    return c;
}

static struct port_range range(uint8_t protocol, const char *host, unsigned first, unsigned count)
{
    return (struct port_range){
        protocol, host ? ip(host) : IP_NONE, (uint16_t)first, (uint16_t)(first ? first : 80), (uint16_t)count, 0};
}

/* The first port that was chosen, or the error. */
static int claim(struct store *s, const char *id, struct port_range r, struct err *err)
{
    struct ip ip4 = ip("172.17.0.2");
    port_ranges wanted = {&r, 1, 1}, chosen = {0};
    int e;

    *err = ERR_INIT;
    e = ports_claim(s, id, &wanted, &ip4, NULL, 0, &chosen, err);
    if (e == 0)
        e = chosen.v[0].host_first;
    free(chosen.v);
    return e;
}

static void assert_refused(struct store *s, const char *id, struct port_range r, int kind, const char *part)
{
    struct err err;

    assert_int_equal(claim(s, id, r, &err), kind);
    if (!strstr(err.text, part))
        fail_msg("\"%s\" does not say \"%s\"", err.text, part);
}

static void test_conflicts(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_container_ struct store_container *web = container(s, WEB, "web"), *other = container(s, OTHER, "other");
    struct err err;

    (void)state;
    assert_int_equal(claim(s, WEB, range(IPPROTO_TCP, NULL, 8000, 10), &err), 8000);
    assert_refused(s, OTHER, range(IPPROTO_TCP, NULL, 8005, 1), ERR_EXISTS,
                   "port 8005 of 0.0.0.0 is already allocated to container web");
    assert_refused(s, OTHER, range(IPPROTO_TCP, "127.0.0.1", 7990, 11), ERR_EXISTS,
                   "port 8000 of 127.0.0.1 is already allocated to container web");
    assert_refused(s, OTHER, range(IPPROTO_TCP, "::1", 8009, 1), ERR_EXISTS, "port 8009 of ::1 is already");
    assert_int_equal(claim(s, OTHER, range(IPPROTO_UDP, NULL, 8005, 1), &err), 8005);
    assert_int_equal(claim(s, OTHER, range(IPPROTO_TCP, NULL, 8010, 1), &err), 8010);
    /* what a container claims takes the place of what it had */
    assert_int_equal(claim(s, WEB, range(IPPROTO_TCP, "127.0.0.1", 8000, 1), &err), 8000);
    assert_int_equal(claim(s, OTHER, range(IPPROTO_TCP, "127.0.0.2", 8000, 1), &err), 8000);
    assert_refused(s, OTHER, range(IPPROTO_TCP, "0.0.0.0", 8000, 1), ERR_EXISTS, "container web");
    assert_int_equal(claim(s, OTHER, range(IPPROTO_TCP, "::", 8000, 1), &err), 8000);
    assert_int_equal(claim(s, OTHER, range(IPPROTO_UDP, NULL, 8000, 1), &err), 8000);
}

static void test_twice(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_container_ struct store_container *web = container(s, WEB, "web");
    struct port_range two[] = {range(IPPROTO_TCP, NULL, 8080, 2), range(IPPROTO_TCP, NULL, 8081, 1)};
    port_ranges wanted = {two, 2, 2}, chosen = {0};
    port_claims claims;
    struct err err;

    (void)state;
    assert_fails(ports_claim(s, WEB, &wanted, NULL, NULL, 0, &chosen, &err), ERR_EXISTS,
                 "port 8081 of 0.0.0.0 is published twice");
    assert_ok(ports_list(s, WEB, &claims, &err)); /* nothing half-made */
    assert_int_equal(claims.n, 0);
    two[1].count = 65535;
    assert_fails(ports_claim(s, WEB, &wanted, NULL, NULL, 0, &chosen, &err), ERR_INVALID, "there are only 65535");
    free(chosen.v);
}

/* What belongs to a container that is gone is free, and is in no list. */
static void test_gone(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_container_ struct store_container *other = container(s, OTHER, "other");
    struct store_container *web = container(s, WEB, "web");
    struct port_range r = range(IPPROTO_TCP, NULL, 8080, 1);
    port_claims claims;
    struct err err;

    (void)state;
    assert_int_equal(claim(s, WEB, r, &err), 8080);
    assert_ok(ports_list(s, NULL, &claims, &err));
    assert_int_equal(claims.n, 1);
    assert_string_equal(claims.v[0].container, WEB);
    assert_true(claims.v[0].range.host_first == 8080 && claims.v[0].ip4.family == AF_INET && !claims.v[0].published);
    port_claims_release(&claims);
    assert_refused(s, OTHER, r, ERR_EXISTS, "web");
    store_container_free(web);
    assert_ok(ports_list(s, WEB, &claims, &err));
    assert_int_equal(claims.n, 0);
    assert_int_equal(claim(s, OTHER, r, &err), 8080);
    assert_ok(ports_give_back(s, OTHER, &err));
    assert_ok(ports_give_back(s, OTHER, &err));
    assert_ok(ports_list(s, NULL, &claims, &err));
    assert_int_equal(claims.n, 0);
}

static void test_random(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_container_ struct store_container *web = container(s, WEB, "web"), *other = container(s, OTHER, "other");
    struct port_range upto = range(IPPROTO_TCP, NULL, 7000, 1), any = range(IPPROTO_TCP, NULL, 0, 3);
    struct err err;
    int first, second;

    (void)state;
    first = claim(s, WEB, any, &err);
    second = claim(s, OTHER, any, &err);
    assert_true(first >= 1024 && second == first + 3);
    /* one that was given back comes again last */
    assert_true(claim(s, WEB, any, &err) == second + 3);
    upto.host_last = 7001;
    assert_int_equal(claim(s, WEB, upto, &err), 7000);
    assert_int_equal(claim(s, OTHER, upto, &err), 7001);
    upto.host_last = 7000;
    upto.host_first = 6999;
    assert_int_equal(claim(s, OTHER, upto, &err), 6999);
    upto.host_first = 7000;
    assert_refused(s, OTHER, upto, ERR_EXISTS, "port 7000 of 0.0.0.0");
}

static void test_all_taken(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_container_ struct store_container *other = container(s, OTHER, "other");
    struct store_container *web = container(s, WEB, "web");
    struct port_range upto = range(IPPROTO_TCP, NULL, 7000, 1);
    struct err err;

    (void)state;
    upto.host_last = 7003;
    assert_int_equal(claim(s, WEB, range(IPPROTO_TCP, NULL, 7000, 4), &err), 7000);
    assert_refused(s, OTHER, upto, ERR_EXISTS, "all ports from 7000 to 7003 are allocated");
    store_container_free(web);
    assert_int_equal(claim(s, OTHER, upto, &err), 7000);
}

/* A socket of the test's, bound; its port. */
static unsigned listen_at(int *fd, int type, const char *address, bool v6_only)
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    struct sockaddr_in four = {.sin_family = AF_INET};
    bool is_six = strchr(address, ':');
    socklen_t len = is_six ? sizeof(six) : sizeof(four);
    struct sockaddr *at = is_six ? (void *)&six : (void *)&four;
    int on = v6_only;

    *fd = socket(is_six ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0);
    assert_true(*fd >= 0);
    assert_int_equal(inet_pton(at->sa_family, address, is_six ? (void *)&six.sin6_addr : (void *)&four.sin_addr), 1);
    if (is_six)
        assert_int_equal(setsockopt(*fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)), 0);
    assert_int_equal(bind(*fd, at, len), 0);
    if (type == SOCK_STREAM)
        assert_int_equal(listen(*fd, 1), 0);
    assert_int_equal(getsockname(*fd, at, &len), 0);
    return ntohs(is_six ? six.sin6_port : four.sin_port);
}

static void test_host_programs(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_container_ struct store_container *web = container(s, WEB, "web");
    int loopback, everywhere, six, datagram;
    unsigned p = listen_at(&loopback, SOCK_STREAM, "127.0.0.1", false), q, r, d;
    struct err err;
    _cleanup_free_ char *said = str_printf("port %u of 0.0.0.0 is already in use by test_ports (pid %d)", p, getpid());

    (void)state;
    assert_refused(s, WEB, range(IPPROTO_TCP, NULL, p, 1), ERR_EXISTS, said);
    assert_refused(s, WEB, range(IPPROTO_TCP, "127.0.0.1", p, 1), ERR_EXISTS, "test_ports");
    assert_int_equal(claim(s, WEB, range(IPPROTO_TCP, "127.0.0.2", p, 1), &err), (int)p);
    assert_int_equal(claim(s, WEB, range(IPPROTO_UDP, NULL, p, 1), &err), (int)p);
    q = listen_at(&everywhere, SOCK_STREAM, "::", false); /* that of IPv4 as well */
    assert_refused(s, WEB, range(IPPROTO_TCP, "10.0.0.1", q, 1), ERR_EXISTS, "test_ports");
    r = listen_at(&six, SOCK_STREAM, "::", true);
    assert_int_equal(claim(s, WEB, range(IPPROTO_TCP, "10.0.0.1", r, 1), &err), (int)r);
    assert_refused(s, WEB, range(IPPROTO_TCP, "::1", r, 1), ERR_EXISTS, "test_ports");
    d = listen_at(&datagram, SOCK_DGRAM, "0.0.0.0", false);
    assert_refused(s, WEB, range(IPPROTO_UDP, NULL, d, 1), ERR_EXISTS, "/udp of 0.0.0.0 is already in use");
    close(loopback);
    assert_int_equal(claim(s, WEB, range(IPPROTO_TCP, "127.0.0.1", p, 1), &err), (int)p);
    close(everywhere);
    close(six);
    close(datagram);
}

static void test_privileged(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_container_ struct store_container *web = container(s, WEB, "web");
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct had[2], without[2];

    (void)state;
    assert_int_equal(syscall(SYS_capget, &head, had), 0);
    memcpy(without, had, sizeof(had));
    without[0].effective &= ~(1U << CAP_NET_BIND_SERVICE);
    assert_int_equal(syscall(SYS_capset, &head, without), 0);
    assert_refused(s, WEB, range(IPPROTO_TCP, NULL, 80, 1), ERR_PERMISSION, "port 80 of 0.0.0.0: permission denied");
    assert_int_equal(syscall(SYS_capset, &head, had), 0);
}

/* The relay of a container, its own or another's, is in nobody's way: what comes for its port is translated before. */
static void test_relays(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_container_ struct store_container *web = container(s, WEB, "web"), *other = container(s, OTHER, "other");
    port_ranges wanted = {0}, chosen = {0};
    struct err err;
    int relay;
    unsigned p = listen_at(&relay, SOCK_STREAM, "::", true);

    (void)state;
    *VEC_PUSH(&wanted) = range(IPPROTO_TCP, NULL, p - 5, 10);
    assert_fails(ports_claim(s, WEB, &wanted, NULL, NULL, 0, &chosen, &err), ERR_EXISTS, "in use by test_ports");
    assert_ok(ports_claim(s, WEB, &wanted, NULL, NULL, (uint16_t)p, &chosen, &err));
    *wanted.v = range(IPPROTO_TCP, NULL, p + 5, 1);
    assert_ok(ports_claim(s, WEB, &wanted, NULL, NULL, (uint16_t)p, &chosen, &err));
    assert_int_equal(claim(s, OTHER, range(IPPROTO_TCP, NULL, p, 1), &err), (int)p);
    free(wanted.v);
    free(chosen.v);
    close(relay);
}

/* What is no line of ours is passed over. */
static void test_foreign_table(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_container_ struct store_container *web = container(s, WEB, "web");
    port_claims claims;
    struct err err;
    FILE *f;

    (void)state;
    assert_int_equal(claim(s, WEB, range(IPPROTO_TCP, NULL, 8080, 1), &err), 8080);
    f = fopen("state/networks/ports", "a");
    assert_non_null(f);
    fputs("nonsense\n" WEB " 6 - 65535 80 2 - - 0 0\n" WEB " 6 - 81 80 1 - - 0 0\n" WEB " 6 x 82 80 1 - - 0 0\n\n", f);
    fclose(f);
    assert_ok(ports_list(s, WEB, &claims, &err));
    assert_int_equal(claims.n, 2);
    assert_int_equal(claims.v[1].range.host_first, 81);
    port_claims_release(&claims);
}

static void raise_loopback(void)
{
    struct ifreq q = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &q) < 0)
        print_message("lo: %s\n", strerror(errno));
    close(fd);
}

/* A range as a line: what is taken of the host, or what is open. */
static void write_ranges(const char *what, const port_ranges *list, char *to, size_t size)
{
    VEC_FOREACH (r, list) {
        char text[IP_TEXT_MAX];
        size_t len = strlen(to);

        snprintf(to + len, size - len, "%s %s %u %u+%u%s\n", what,
                 ip_is_set(&r->host) ? ip_format(&r->host, text) : "*", r->host_first, r->container_first, r->count,
                 r->routed ? "" : " host");
    }
}

static void test_routed(void **state)
{
    static const struct {
        bool has6, routed4, routed6;
        const char *expected;
    } cases[] = {
        {true, false, false,
         "take * 80 80+1 host\ntake 127.0.0.1 81 81+1 host\ntake 0.0.0.0 90 90+5 host\ntake :: 93 93+9 host\n"},
        {true, true, true, "open :: 0 80+1\nopen :: 0 93+9\nopen 0.0.0.0 0 80+1\nopen 0.0.0.0 0 90+5\n"},
        {true, false, true,
         "take 0.0.0.0 80 80+1 host\ntake 127.0.0.1 81 81+1 host\ntake 0.0.0.0 90 90+5 host\nopen :: 0 80+1\nopen :: 0 "
         "93+9\n"},
        {false, true, false, "take :: 93 93+9 host\nopen 0.0.0.0 0 80+1\nopen 0.0.0.0 0 90+5\n"},
        {true, true, false, "take :: 80 80+1 host\ntake :: 93 93+9 host\nopen 0.0.0.0 0 80+1\nopen 0.0.0.0 0 90+5\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct port_ways w = {.ip4 = ip("172.17.0.2"),
                              .ip6 = cases[i].has6 ? ip("fd00::2") : IP_NONE,
                              .routed4 = cases[i].routed4,
                              .routed6 = cases[i].routed6};
        struct port_range all[] = {range(IPPROTO_TCP, NULL, 80, 1), range(IPPROTO_TCP, "127.0.0.1", 81, 1),
                                   range(IPPROTO_TCP, "0.0.0.0", 90, 5), range(IPPROTO_TCP, "::", 93, 9)};
        port_ranges asked = {all, ARRAY_SIZE(all), ARRAY_SIZE(all)}, host = {0}, open = {0};
        char text[1024] = "";

        ports_route(&asked, &w, &host, &open);
        write_ranges("take", &host, text, sizeof(text));
        for (int pass = 0; pass < 2; pass++) /* IPv6 first: their order means nothing */
            VEC_FOREACH (r, &open)
                if ((r->host.family == AF_INET6) == !pass)
                    write_ranges("open", &(port_ranges){r, 1, 1}, text, sizeof(text));
        assert_string_equal(text, cases[i].expected);
        free(host.v);
        free(open.v);
    }
}

/* Overlapping ranges are one, and what was chosen of the host is told to who asked. */
static void test_routed_again(void **state)
{
    struct port_ways w = {.ip4 = ip("172.17.0.2"), .ip6 = ip("fd00::2"), .routed6 = true};
    struct port_range all[] = {range(IPPROTO_TCP, "::", 70, 11), range(IPPROTO_UDP, NULL, 80, 1),
                               range(IPPROTO_TCP, NULL, 0, 20), range(IPPROTO_TCP, "::", 100, 2)};
    port_ranges asked = {all, ARRAY_SIZE(all), ARRAY_SIZE(all)}, host = {0}, open = {0};
    char text[1024] = "";

    (void)state;
    ports_route(&asked, &w, &host, &open);
    write_ranges("take", &host, text, sizeof(text));
    write_ranges("open", &open, text, sizeof(text));
    assert_string_equal(text, "take 0.0.0.0 80 80+1 host\ntake 0.0.0.0 0 80+20 host\n"
                              "open :: 0 80+1\nopen :: 0 70+30\nopen :: 0 100+2\n");
    host.v[1].host_first = 40000;
    ports_chosen(&asked, &w, &host);
    assert_int_equal(all[0].host_first, 70);
    assert_int_equal(all[1].host_first, 80);
    assert_int_equal(all[2].host_first, 40000);
    free(host.v);
    free(open.v);
}

/* Those that are open are nobody's on the host, and are read back as what they are. */
static void test_routed_claims(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_container_ struct store_container *web = container(s, WEB, "web"), *other = container(s, OTHER, "other");
    struct port_range open = {
        .protocol = IPPROTO_TCP, .host = ip("0.0.0.0"), .container_first = 80, .count = 65000, .routed = true};
    port_claims claims;
    struct err err;

    (void)state;
    assert_int_equal(claim(s, WEB, open, &err), 0);
    assert_int_equal(claim(s, OTHER, open, &err), 0);
    assert_ok(ports_list(s, WEB, &claims, &err));
    assert_int_equal(claims.n, 1);
    assert_true(claims.v[0].range.routed && claims.v[0].range.count == 65000);
    port_claims_release(&claims);
    assert_int_equal(claim(s, OTHER, range(IPPROTO_TCP, NULL, 48123, 1), &err), 48123);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_conflicts, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_twice, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_gone, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_random, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_all_taken, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_host_programs, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_relays, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_privileged, scratch_setup, scratch_teardown),
        cmocka_unit_test(test_routed),
        cmocka_unit_test(test_routed_again),
        cmocka_unit_test_setup_teardown(test_routed_claims, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_foreign_table, scratch_setup, scratch_teardown),
    };

    if (unshare(CLONE_NEWNET) < 0)
        print_message("without root: in the host's own network namespace\n");
    else
        raise_loopback();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
