/* Connections to ::1 that are passed on: the relay runs in a process of its own, in a network namespace with rules that
 * lead there; the test is the client and the "container". */
#include "../unit.h"

#include "monitor/port_relay.h"
#include "netlink/nft.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { TCP_PORT = 8080, UDP_PORT = 5353, SERVICE = 80, PATIENCE = 5000 /* ms */ };

static struct ip ip(const char *text)
{
    struct ip a = IP_NONE;
    struct err err;

    assert_ok(ip_parse(text, &a, &err));
    return a;
}

/* The relay, in a child, for the ports; what it listens at is in `ret_port`. */
static pid_t start(const struct port_range *range, uint16_t *ret_port)
{
    struct ip four = ip("127.0.0.1"), none = IP_NONE;
    port_ranges ports = {(struct port_range *)range, 1, 1};
    struct port_relay *relay = NULL;
    struct loop loop;
    struct err err;
    int ready[2];
    pid_t pid;

    assert_ok(loop_open(&loop, &err));
    assert_ok(port_relay_open(&loop, &ports, &four, &none, &relay, &err));
    *ret_port = port_relay_port(relay);
    assert_int_equal(pipe(ready), 0);
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        signal(SIGPIPE, SIG_IGN);
        port_relay_begin(relay, &ports);
        close(ready[0]);
        close(ready[1]);
        while (loop_step(&loop, &err) == 0)
            continue;
        _exit(1);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], ready, 1), 0);
    close(ready[0]);
    port_relay_free(relay);
    loop_close(&loop);
    return pid;
}

static void stop(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static int patient(int fd)
{
    struct timeval t = {PATIENCE / 1000, 0};

    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
    return fd;
}

static int serve(int type, unsigned port)
{
    struct sockaddr_in us = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = patient(socket(AF_INET, type | SOCK_CLOEXEC, 0)), on = 1;

    us.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    assert_int_equal(bind(fd, (struct sockaddr *)&us, sizeof(us)), 0);
    if (type == SOCK_STREAM)
        assert_int_equal(listen(fd, 128), 0);
    return fd;
}

static int call(int type, unsigned port)
{
    struct sockaddr_in6 to = {
        .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = patient(socket(AF_INET6, type | SOCK_CLOEXEC, 0));

    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

static void redirect(unsigned first, unsigned last, unsigned to)
{
    _cleanup_free_ char *text =
        str_printf("table inet t\ndelete table inet t\ntable inet t { chain o { type nat hook output "
                   "priority -100; ip6 daddr ::1 tcp dport %u-%u redirect to :%u; }\n }",
                   first, last, to);
    struct err err;

    assert_ok(nft_run(text, &err));
}

static void assert_reads(int fd, const char *text)
{
    char got[64] = {0};
    ssize_t n = recv(fd, got, sizeof(got) - 1, 0);

    assert_int_equal(n, (ssize_t)strlen(text));
    assert_string_equal(got, text);
}

static void test_tcp(void **state)
{
    struct port_range range = {IPPROTO_TCP, IP_NONE, TCP_PORT, SERVICE, 10, 0};
    uint16_t port;
    pid_t pid = start(&range, &port);
    int service = serve(SOCK_STREAM, SERVICE + 3), client, inside;

    (void)state;
    assert_true(port);
    redirect(TCP_PORT, TCP_PORT + 9, port);
    client = call(SOCK_STREAM, TCP_PORT + 3);
    inside = patient(accept(service, NULL, NULL));
    assert_int_equal(send(client, "question", 8, 0), 8);
    assert_reads(inside, "question");
    shutdown(client, SHUT_WR);
    assert_reads(inside, ""); /* an end one way leaves the other way open */
    assert_int_equal(send(inside, "answer", 6, 0), 6);
    assert_reads(client, "answer");
    close(inside);
    assert_reads(client, "");
    close(client);
    client = call(SOCK_STREAM, TCP_PORT + 4); /* where nobody listens */
    assert_true(recv(client, &port, 1, 0) <= 0 && errno != EAGAIN);
    close(client);
    client = call(SOCK_STREAM, port); /* its own port is none that was published */
    assert_true(recv(client, &port, 1, 0) <= 0 && errno != EAGAIN);
    close(client);
    close(service);
    stop(pid);
}

/* More than fits into what is between, both ways at once, in many connections. */
static void test_amounts(void **state)
{
    enum { CONNECTIONS = 50, BYTES = 1 << 20 };
    struct port_range range = {IPPROTO_TCP, IP_NONE, TCP_PORT, SERVICE, 1, 0};
    int clients[CONNECTIONS], inside[CONNECTIONS], service = serve(SOCK_STREAM, SERVICE), status;
    static char data[BYTES], back[BYTES];
    uint16_t port;
    pid_t pid = start(&range, &port), echo;

    (void)state;
    redirect(TCP_PORT, TCP_PORT, port);
    for (size_t i = 0; i < BYTES; i++)
        data[i] = (char)(i * 31 + i / 4096);
    for (int i = 0; i < CONNECTIONS; i++) {
        clients[i] = call(SOCK_STREAM, TCP_PORT);
        inside[i] = patient(accept(service, NULL, NULL));
    }
    echo = fork();
    if (echo == 0) {
        for (int i = 0; i < CONNECTIONS; i++) {
            size_t n = 0;
            ssize_t r;

            while (n < BYTES && (r = recv(inside[i], back + n, BYTES - n, 0)) > 0)
                n += (size_t)r;
            if (send(inside[i], back, n, 0) != (ssize_t)n)
                _exit(1);
        }
        _exit(0);
    }
    for (int i = 0; i < CONNECTIONS; i++) {
        assert_int_equal(send(clients[i], data, BYTES, 0), BYTES);
        memset(back, 0, BYTES);
        assert_int_equal(recv(clients[i], back, BYTES, MSG_WAITALL), BYTES);
        assert_memory_equal(back, data, BYTES);
        close(clients[i]);
        close(inside[i]);
    }
    assert_int_equal(waitpid(echo, &status, 0), echo);
    assert_int_equal(status, 0);
    close(service);
    stop(pid);
}

static void test_udp(void **state)
{
    struct port_range range = {IPPROTO_UDP, IP_NONE, UDP_PORT, SERVICE, 100, 0};
    struct sockaddr_in from[2];
    socklen_t len = sizeof(from[0]);
    int service = serve(SOCK_DGRAM, SERVICE + 1), one, two, free_port;
    struct sockaddr_in6 beyond = {.sin6_family = AF_INET6, .sin6_port = htons(UDP_PORT + PORT_RELAY_UDP_MAX)};
    uint16_t port;
    pid_t pid = start(&range, &port);
    char got[8] = {0};

    (void)state;
    assert_int_equal(port, 0); /* no TCP */
    one = call(SOCK_DGRAM, UDP_PORT + 1);
    two = call(SOCK_DGRAM, UDP_PORT + 1);
    assert_int_equal(send(one, "a", 1, 0), 1);
    assert_int_equal(recvfrom(service, got, sizeof(got), 0, (struct sockaddr *)&from[0], &len), 1);
    assert_int_equal(*got, 'a');
    assert_int_equal(send(two, "b", 1, 0), 1);
    assert_int_equal(recvfrom(service, got, sizeof(got), 0, (struct sockaddr *)&from[1], &len), 1);
    assert_int_equal(*got, 'b');
    assert_int_not_equal(from[0].sin_port, from[1].sin_port);
    assert_int_equal(sendto(service, "to two", 6, 0, (struct sockaddr *)&from[1], len), 6);
    assert_int_equal(sendto(service, "to one", 6, 0, (struct sockaddr *)&from[0], len), 6);
    assert_reads(one, "to one"); /* connected: from where it was sent to */
    assert_reads(two, "to two");
    assert_int_equal(send(one, "again", 5, 0), 5);
    assert_int_equal(recvfrom(service, got, sizeof(got), 0, (struct sockaddr *)&from[1], &len), 5);
    assert_int_equal(from[0].sin_port, from[1].sin_port);
    free_port = socket(AF_INET6, SOCK_DGRAM, 0);
    assert_int_equal(bind(free_port, (struct sockaddr *)&beyond, sizeof(beyond)), 0);
    close(free_port);
    close(one);
    close(two);
    close(service);
    stop(pid);
}

/* What the kernel translates needs nobody. */
static void test_none(void **state)
{
    struct ip four = ip("172.17.0.2"), six = ip("fd00::2");
    struct port_range ranges[] = {{IPPROTO_TCP, ip("127.0.0.1"), 80, 80, 1, 0},
                                  {IPPROTO_TCP, ip("2001:db8::1"), 80, 80, 1, 0},
                                  {IPPROTO_SCTP, IP_NONE, 80, 80, 1, 0}};
    port_ranges ports = {ranges, ARRAY_SIZE(ranges), ARRAY_SIZE(ranges)};
    struct port_relay *relay;
    struct loop loop;
    struct err err;

    (void)state;
    assert_ok(loop_open(&loop, &err));
    assert_ok(port_relay_open(&loop, &ports, &four, &six, &relay, &err));
    assert_null(relay);
    assert_int_equal(port_relay_port(relay), 0);
    port_relay_begin(relay, &ports);
    port_relay_free(relay);
    loop_close(&loop);
}

static int own_namespace(void)
{
    struct ifreq q = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int fd;

    if (unshare(CLONE_NEWNET) < 0)
        return -1;
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return fd < 0 || ioctl(fd, SIOCSIFFLAGS, &q) < 0 ? -1 : close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tcp),
        cmocka_unit_test(test_amounts),
        cmocka_unit_test(test_udp),
        cmocka_unit_test(test_none),
    };

    if (own_namespace() < 0) {
        print_message("skipped: needs root for a network namespace\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
