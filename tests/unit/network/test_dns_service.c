/* The service at work: a "host" with two name servers on its loopback, a "container" beside it, both in namespaces of
 * the test's own. */
#include "messages.h"

#include "../store/store_fixture.h"
#include "network/attach.h"
#include "network/dns.h"
#include "sys/proc.h"

#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

static struct err err;
static bool able;
static int container = -1;

/* ---- the place ---- */

static int raise_loopback(void *data, struct err *e)
{
    struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r = ioctl(fd, SIOCSIFFLAGS, &lo);

    (void)data;
    close(fd);
    return r < 0 ? err_errno(e, errno, "lo") : 0;
}

static int set_up(void **state)
{
    if (scratch_setup(state) < 0)
        return -1;
    able = unshare((getuid() ? CLONE_NEWUSER : 0) | CLONE_NEWNET | CLONE_NEWNS) == 0 &&
           mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && raise_loopback(NULL, &err) == 0 &&
           network_namespace_make(&container, &err) == 0 &&
           network_namespace_within(container, raise_loopback, NULL, &err) == 0;
    if (!able)
        print_message("namespaces: %s\n", err.text);
    return 0;
}

static void write_resolv_conf(const char *text)
{
    static bool mounted;
    FILE *f = fopen("resolv.conf", "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    if (!mounted)
        assert_int_equal(mount("resolv.conf", "/etc/resolv.conf", NULL, MS_BIND, NULL), 0);
    mounted = true;
}

static struct sockaddr_in address(uint32_t ip)
{
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(53), .sin_addr.s_addr = htonl(ip)};
}

/* ---- the host's name servers ---- */

enum { FIRST = 0x7f000035 /* 127.0.0.53 */, SECOND = 0x7f000036, SERVICE = 0x7f00000b, NOBODY = 0x7f000063 };

static void fill(const uint8_t *m, size_t len, int rcode, unsigned records, size_t max, struct buf *out)
{
    struct ip ip = {AF_INET, {192, 0, 2, 0}};
    struct dns_answer a;
    struct dns_query q;

    assert_int_equal(dns_query_parse(m, len, &q), DNS_OK);
    dns_answer_begin(&a, &q, m, rcode, max, out);
    for (unsigned i = 1; i <= records; i++) {
        ip.bytes[3] = (uint8_t)i;
        dns_answer_add_address(&a, &ip, 60);
    }
    dns_answer_end(&a);
}

/* What a server makes of a question over UDP. */
static void serve_datagram(int fd, bool first)
{
    struct sockaddr_in from;
    socklen_t size = sizeof(from);
    uint8_t m[4096];
    ssize_t n = recvfrom(fd, m, sizeof(m), 0, (struct sockaddr *)&from, &size);
    _cleanup_buf_ struct buf out = BUF_INIT;
    const char *name = (const char *)m + DNS_HEADER_LEN + 1;
    unsigned records;

    if (first && (strcmp(name, "dead") == 0))
        return;
    if (strcmp(name, "forged") == 0) { /* another id, another question, then the truth */
        fill(m, (size_t)n, DNS_NXDOMAIN, 0, 512, &out);
        dns_set_id((uint8_t *)out.p, (uint16_t)(dns_id(m) + 1));
        sendto(fd, out.p, out.len, 0, (struct sockaddr *)&from, size);
        dns_set_id((uint8_t *)out.p, dns_id(m));
        out.p[DNS_HEADER_LEN + 1] = 'g';
        sendto(fd, out.p, out.len, 0, (struct sockaddr *)&from, size);
        sendto(fd, out.p, 5, 0, (struct sockaddr *)&from, size);
        buf_clear(&out);
    }
    records = strcmp(name, "big") == 0 || strcmp(name, "long") == 0 ? 60 : first ? 1 : 2;
    fill(m, (size_t)n, first && strcmp(name, "refused") == 0 ? DNS_REFUSED : DNS_OK, records,
         strcmp(name, "long") == 0 ? DNS_MESSAGE_MAX : DNS_UDP_MIN, &out);
    sendto(fd, out.p, out.len, 0, (struct sockaddr *)&from, size);
}

static void serve_connection(int listener)
{
    int fd = accept(listener, NULL, NULL);
    uint8_t m[4096], prefix[2];
    _cleanup_buf_ struct buf out = BUF_INIT;
    size_t len;

    if (read(fd, prefix, 2) == 2) {
        len = (size_t)prefix[0] << 8 | prefix[1];
        assert_int_equal(read(fd, m, len), len);
        fill(m, len, DNS_OK, strcmp((char *)m + DNS_HEADER_LEN + 1, "big") == 0 ? 60 : 3, 65535, &out);
        prefix[0] = (uint8_t)(out.len >> 8);
        prefix[1] = (uint8_t)out.len;
        (void)!write(fd, prefix, 2); /* in two parts */
        (void)!write(fd, out.p, out.len);
    }
    close(fd);
}

static pid_t servers[8];
static int n_servers;

static void start_server(uint32_t ip)
{
    struct sockaddr_in a = address(ip);
    int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
        on = 1;
    struct pollfd fds[] = {{udp, POLLIN, 0}, {tcp, POLLIN, 0}};
    pid_t pid;

    setsockopt(tcp, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    assert_int_equal(bind(udp, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(bind(tcp, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(listen(tcp, 16), 0);
    pid = fork();
    if (pid == 0)
        for (prctl(PR_SET_PDEATHSIG, SIGKILL), setenv("CMOCKA_TEST_ABORT", "1", 1);;) {
            poll(fds, 2, -1);
            if (fds[0].revents)
                serve_datagram(udp, ip == FIRST);
            if (fds[1].revents)
                serve_connection(tcp);
        }
    servers[n_servers++] = pid;
    close(udp);
    close(tcp);
}

static int stop_servers(void **state)
{
    (void)state;
    while (n_servers) {
        kill(servers[--n_servers], SIGKILL);
        waitpid(servers[n_servers], NULL, 0);
    }
    return 0;
}

/* ---- the container's program ---- */

static int open_client(int type)
{
    struct sockaddr_in a = address(SERVICE);
    struct timeval patience = {.tv_sec = 8};
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    return fd;
}

static struct seen take(int fd, bool tcp)
{
    static char m[65536];
    struct buf out = {.p = m};
    uint8_t prefix[2];

    if (tcp) {
        assert_int_equal(recv(fd, prefix, 2, MSG_WAITALL), 2);
        out.len = (size_t)prefix[0] << 8 | prefix[1];
        assert_int_equal(recv(fd, m, out.len, MSG_WAITALL), out.len);
    } else {
        ssize_t n = recv(fd, m, sizeof(m), 0);

        assert_true(n > 0);
        out.len = (size_t)n;
    }
    return read_answer(&out);
}

static void put(int fd, struct message m, uint16_t id, bool tcp)
{
    uint8_t prefix[2] = {(uint8_t)(m.len >> 8), (uint8_t)m.len};

    dns_set_id(m.bytes, id);
    if (tcp)
        assert_int_equal(write(fd, prefix, 2), 2);
    assert_int_equal(write(fd, m.bytes, m.len), m.len);
}

static struct seen ask_once(struct message m)
{
    int fd = open_client(SOCK_DGRAM);
    struct seen s;

    put(fd, m, 77, false);
    s = take(fd, false);
    close(fd);
    assert_true(s.id == 77 && s.response);
    return s;
}

static void assert_records(const char *name, int records)
{
    struct seen s = ask_once(question(name, DNS_A));

    assert_int_equal(s.rcode, DNS_OK);
    assert_int_equal(s.answers, records);
}

/* ---- running it ---- */

struct run {
    struct loop loop;
    struct dns *dns;
    struct loop_watch watch;
    bool over;
};

static void program_ended(struct loop_watch *w, uint32_t events)
{
    struct run *r = w->data;

    (void)events;
    loop_watch(&r->loop, w, 0);
    r->over = true;
}

static void run_in_container(struct run *r, void (*program)(void))
{
    pid_t pid = fork();
    int fd;

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        setenv("CMOCKA_TEST_ABORT", "1", 1); /* a failed assertion ends it, and goes on with no other test */
        signal(SIGABRT, SIG_DFL);
        if (setns(container, CLONE_NEWNET) < 0)
            _exit(2);
        program();
        _exit(0);
    }
    fd = proc_open(pid);
    r->over = false;
    r->watch = (struct loop_watch){.fd = fd, .ready = program_ended, .data = r};
    loop_watch(&r->loop, &r->watch, EPOLLIN);
    while (!r->over)
        assert_ok(loop_step(&r->loop, &err));
    assert_int_equal(proc_wait(fd), 0);
    close(fd);
}

static void with_service(const char *resolv_conf, char *const *asked, bool forward, void (*program)(void))
{
    _cleanup_(store_free_cleanup) struct store *store = open_store();
    struct dns_job job = {.store = store, .ns = container, .servers = asked, .forward = forward};
    struct run r = {.over = false};

    start_server(FIRST);
    start_server(SECOND);
    write_resolv_conf(resolv_conf);
    assert_ok(loop_open(&r.loop, &err));
    job.loop = &r.loop;
    assert_ok(dns_begin(&job, &r.dns, &err));
    run_in_container(&r, program);
    dns_end(r.dns);
    assert_null(r.loop.timers);
    loop_close(&r.loop);
}

#define BOTH "nameserver 127.0.0.53\nnameserver 127.0.0.54\n"
#define NEEDS_NAMESPACES() \
    do {                   \
        (void)state;       \
        if (!able)         \
            skip();        \
    } while (0)

/* ---- tests ---- */

static void ask_in_every_way(void)
{
    struct message strange = question("x", DNS_A);
    struct seen s;

    assert_records("plain", 1);
    assert_records("refused", 2); /* the second server's */
    assert_records("forged", 1);
    s = ask_once(question("big", DNS_A)); /* no EDNS: no more than 512 bytes, so truncated as it came */
    assert_true(s.truncated && s.answers == 30);
    s = ask_once(with_edns(question("big", DNS_A), 4096, 0)); /* fetched over TCP */
    assert_true(!s.truncated && s.answers == 60);
    s = ask_once(with_edns(question("big", DNS_A), 600, 0)); /* the same, but there is no room */
    assert_true(s.truncated && s.answers < 60);
    s = ask_once(question("long", DNS_A)); /* more than was said to be taken */
    assert_true(s.truncated && s.answers == 0);
    strange.bytes[2] = 5 << 3;
    s = ask_once(strange);
    assert_int_equal(s.rcode, DNS_NOTIMP);
}

static void test_forwarding(void **state)
{
    NEEDS_NAMESPACES();
    with_service(BOTH, NULL, true, ask_in_every_way);
}

static void ask_the_dead(void)
{
    time_t begin = time(NULL);

    assert_records("dead", 2); /* after a second */
    for (int i = 0; i < 5; i++)
        assert_records("dead", 2); /* at once: the first has been silent */
    assert_true(time(NULL) - begin <= 3);
}

static void test_dead_server(void **state)
{
    NEEDS_NAMESPACES();
    with_service(BOTH, NULL, true, ask_the_dead);
    stop_servers(state);
    with_service("nameserver 127.0.0.99\n" BOTH, NULL, true, ask_the_dead);
}

static void find_nobody(void)
{
    assert_int_equal(ask_once(question("plain", DNS_A)).rcode, DNS_SERVFAIL);
}

static void test_nobody(void **state)
{
    NEEDS_NAMESPACES();
    with_service("nameserver 127.0.0.99\n", NULL, true, find_nobody);
}

static void find_nothing(void)
{
    assert_int_equal(ask_once(question("plain", DNS_A)).rcode, DNS_NXDOMAIN);
}

static void test_internal(void **state)
{
    NEEDS_NAMESPACES();
    with_service(BOTH, NULL, false, find_nothing);
}

/* Its own loopback was meant: there is no server. */
static void test_inside(void **state)
{
    char *own[] = {(char *)"127.0.0.53", NULL}, *itself[] = {(char *)"127.0.0.11", NULL};

    NEEDS_NAMESPACES();
    with_service(BOTH, own, true, find_nobody);
    stop_servers(state);
    with_service(BOTH, itself, true, find_nobody);
}

static void ask_over_tcp(void)
{
    int fd = open_client(SOCK_STREAM), got = 0;
    struct message bad = question("x", DNS_A);

    for (uint16_t i = 0; i < 20; i++) /* all before the first is answered */
        put(fd, question("plain", DNS_A), i, true);
    put(fd, question("big", DNS_A), 20, true);
    shutdown(fd, SHUT_WR);
    for (int i = 0; i <= 20; i++) {
        struct seen s = take(fd, true);

        assert_int_equal(s.answers, s.id == 20 ? 60 : 3);
        got |= 1 << s.id;
    }
    assert_int_equal(got, (1 << 21) - 1);
    assert_int_equal(read(fd, &got, 1), 0);
    close(fd);
    fd = open_client(SOCK_STREAM); /* an answer is no question */
    bad.bytes[2] |= 0x80;
    put(fd, bad, 1, true);
    assert_int_equal(read(fd, &got, 1), 0);
    close(fd);
    fd = open_client(SOCK_STREAM); /* nor is what is so long */
    assert_int_equal(write(fd, "\xff\xff", 2), 2);
    assert_int_equal(read(fd, &got, 1), 0);
    close(fd);
}

static void test_tcp(void **state)
{
    NEEDS_NAMESPACES();
    with_service(BOTH, NULL, true, ask_over_tcp);
}

/* More connections than there is room for: those that do nothing go. */
static void crowd(void)
{
    int fds[100];

    for (int i = 0; i < 100; i++)
        fds[i] = open_client(SOCK_STREAM);
    put(fds[99], question("plain", DNS_A), 1, true);
    assert_int_equal(take(fds[99], true).answers, 3);
    assert_int_equal(read(fds[0], fds, 1), 0);
}

static void test_crowd(void **state)
{
    NEEDS_NAMESPACES();
    with_service(BOTH, NULL, true, crowd);
}

/* A thousand questions that nobody answers, and one for a living server. */
static void flood(void)
{
    int fd = open_client(SOCK_DGRAM), refused = 0;
    time_t begin = time(NULL);

    for (uint16_t i = 0; i < 1000; i++) {
        put(fd, question("dead", DNS_A), i, false);
        if (i % 50 == 49)
            usleep(1000); /* the socket's own queue is no part of this */
    }
    while (refused < 150 && take(fd, false).rcode == DNS_SERVFAIL)
        refused++;
    assert_int_equal(refused, 150);
    assert_true(time(NULL) - begin <= 2); /* the others wait for four and a half */
    close(fd);
}

static void test_flood(void **state)
{
    NEEDS_NAMESPACES();
    with_service("nameserver 127.0.0.53\n", NULL, true, flood);
}

/* Somebody in the container has port 53 of all addresses. */
static void serve_itself(void)
{
    struct sockaddr_in any = address(INADDR_ANY);
    int udp = socket(AF_INET, SOCK_DGRAM, 0), tcp = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(udp, (struct sockaddr *)&any, sizeof(any)), 0);
    assert_int_equal(bind(tcp, (struct sockaddr *)&any, sizeof(any)), 0);
    assert_int_equal(listen(tcp, 1), 0);
    assert_records("plain", 1);
    ask_over_tcp();
}

static void test_port_is_free(void **state)
{
    NEEDS_NAMESPACES();
    with_service(BOTH, NULL, true, serve_itself);
}

static void change_servers(void)
{
    FILE *f;

    assert_records("plain", 1);
    f = fopen("resolv.conf", "w");
    assert_non_null(f);
    fputs("# another one now\nnameserver 127.0.0.54\n", f);
    fclose(f);
    assert_records("plain", 2);
}

static void test_changed_servers(void **state)
{
    NEEDS_NAMESPACES();
    with_service("nameserver 127.0.0.53\n", NULL, true, change_servers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_forwarding, stop_servers),
        cmocka_unit_test_teardown(test_dead_server, stop_servers),
        cmocka_unit_test_teardown(test_nobody, stop_servers),
        cmocka_unit_test_teardown(test_internal, stop_servers),
        cmocka_unit_test_teardown(test_inside, stop_servers),
        cmocka_unit_test_teardown(test_tcp, stop_servers),
        cmocka_unit_test_teardown(test_crowd, stop_servers),
        cmocka_unit_test_teardown(test_flood, stop_servers),
        cmocka_unit_test_teardown(test_port_is_free, stop_servers),
        cmocka_unit_test_teardown(test_changed_servers, stop_servers),
    };

    return cmocka_run_group_tests(tests, set_up, scratch_teardown);
}
