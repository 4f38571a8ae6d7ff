#include "forked.h"

#include "netlink/link.h"
#include "runtime/netdev.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>

static int host, container; /* network namespaces */
static pid_t inside;        /* a process in the second */

static void enter(int ns)
{
    MUST(setns(ns, CLONE_NEWNET) == 0);
}

/* A pair of interfaces; false where the kernel has none. */
static bool make_pair(const char *name, const char *peer)
{
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
    int fd = netlink_open(NETLINK_ROUTE);

    MUST(fd >= 0);
    link_veth_add(&b, &(struct link_veth){.name = name, .peer = peer, .peer_ns = -1});
    return netlink_call(fd, &b, NULL, NULL, NULL) == 0;
}

static void give_address(const char *name, int family, const char *text, unsigned char prefix, unsigned char scope)
{
    struct ifaddrmsg head = {(unsigned char)family, prefix, 0, scope, if_nametoindex(name)};
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
    unsigned char bytes[16];
    int fd = netlink_open(NETLINK_ROUTE);

    MUST(fd >= 0 && head.ifa_index && inet_pton(family, text, bytes) == 1);
    netlink_begin(&b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head));
    netlink_add(&b, IFA_LOCAL, bytes, family == AF_INET ? 4 : 16);
    netlink_add(&b, IFA_ADDRESS, bytes, family == AF_INET ? 4 : 16);
    MUST(netlink_call(fd, &b, NULL, NULL, NULL) == 0);
}

/* Whether the interface has the address here, and is up. */
static bool has(const char *name, const char *address)
{
    struct ifaddrs *all;
    bool found = false;

    MUST(getifaddrs(&all) == 0);
    for (struct ifaddrs *a = all; a; a = a->ifa_next) {
        char text[INET6_ADDRSTRLEN] = "";

        if (!a->ifa_addr || strcmp(a->ifa_name, name) != 0 || !(a->ifa_flags & IFF_UP))
            continue;
        if (a->ifa_addr->sa_family == AF_INET)
            inet_ntop(AF_INET, &((struct sockaddr_in *)(void *)a->ifa_addr)->sin_addr, text, sizeof(text));
        if (a->ifa_addr->sa_family == AF_INET6)
            inet_ntop(AF_INET6, &((struct sockaddr_in6 *)(void *)a->ifa_addr)->sin6_addr, text, sizeof(text));
        found |= strcmp(text, address) == 0;
    }
    freeifaddrs(all);
    return found;
}

/* Two namespaces; the process is in `host`, which has the interfaces a0 and b0 with addresses. */
static void prepare(void)
{
    pid_t us = getpid();

    MUST(unshare(CLONE_NEWNET) == 0);
    container = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    inside = fork();
    if (inside == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        if (getppid() == us) /* or it was over before */
            pause();
        _exit(0);
    }
    MUST(unshare(CLONE_NEWNET) == 0);
    host = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    MUST(container >= 0 && host >= 0);
    MUST(make_pair("a0", "a1") && make_pair("b0", "b1"));
    give_address("a0", AF_INET, "10.1.2.3", 24, RT_SCOPE_UNIVERSE);
    give_address("a0", AF_INET, "169.254.7.7", 16, RT_SCOPE_LINK);
    give_address("a0", AF_INET6, "2001:db8::7", 64, RT_SCOPE_UNIVERSE);
    give_address("b0", AF_INET, "10.9.9.9", 32, RT_SCOPE_UNIVERSE);
}

static int move(const char *first, const char *first_name, const char *second, const char *second_name, struct err *err)
{
    struct oci_linux l = {0};

    *VEC_PUSH(&l.net_devices) = (struct oci_net_device){(char *)first, (char *)first_name};
    if (second)
        *VEC_PUSH(&l.net_devices) = (struct oci_net_device){(char *)second, (char *)second_name};
    *err = ERR_INIT;
    return netdev_move(&l, inside, err);
}

/* config-linux.md, "Network Devices": moved, addresses of global scope kept, up; under its name or another. */
static void move_two(void)
{
    struct err err;

    prepare();
    MUST(move("a0", NULL, "b0", "eth7", &err) == 0);
    MUST(!if_nametoindex("a0") && !if_nametoindex("b0"));
    enter(container);
    MUST(has("a0", "10.1.2.3") && has("a0", "2001:db8::7") && !has("a0", "169.254.7.7"));
    MUST(has("eth7", "10.9.9.9") && !if_nametoindex("b0"));
}

/* "If a network device with the specified name already exists in the container namespace, the runtime MUST generate an
 * error", and what was moved before it is back. */
static void name_taken(void)
{
    struct err err;

    prepare();
    enter(container);
    MUST(make_pair("eth0", "x1"));
    enter(host);
    MUST(move("b0", "first", "a0", "eth0", &err) == ERR_EXISTS);
    MUST(strstr(err.text, "linux.netDevices.a0.name"));
    MUST(if_nametoindex("a0") && if_nametoindex("b0"));
    MUST(!has("a0", "10.1.2.3")); /* it was down before */
    enter(container);
    MUST(if_nametoindex("eth0") && !if_nametoindex("first") && !if_nametoindex("a0"));
}

/* "unless the user has provided a template". */
static void name_template(void)
{
    struct err err;

    prepare();
    enter(container);
    MUST(make_pair("eth0", "a0"));
    enter(host);
    MUST(move("a0", "eth%d", NULL, NULL, &err) == 0);
    enter(container);
    MUST(has("eth1", "10.1.2.3"));
}

static void refusals(void)
{
    struct err err;

    prepare();
    MUST(move("c0", NULL, NULL, NULL, &err) == ERR_NOT_FOUND || err.kind == ERR_IO);
    MUST(strstr(err.text, "linux.netDevices.c0"));
    MUST(move("lo", "lo7", NULL, NULL, &err) < 0);
    MUST(strstr(err.text, "linux.netDevices.lo"));
    MUST(move("an-interface-with-a-long-name", NULL, NULL, NULL, &err) == ERR_INVALID);
}

static void probe(void)
{
    MUST(unshare(CLONE_NEWNET) == 0);
    MUST(make_pair("a0", "a1"));
}

#define network_test(name)                                                      \
    static void test_##name(void **state _unused_)                              \
    {                                                                           \
        pid_t pid = fork();                                                     \
        int status;                                                             \
                                                                                \
        if (pid == 0) {                                                         \
            probe();                                                            \
            _exit(0);                                                           \
        }                                                                       \
        waitpid(pid, &status, 0);                                               \
        if (status) {                                                           \
            print_message("no right to make network namespaces, or no veth\n"); \
            skip();                                                             \
        }                                                                       \
        assert_child(name());                                                   \
    }

network_test(move_two) network_test(name_taken) network_test(name_template) network_test(refusals)

    int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_move_two),
        cmocka_unit_test(test_name_taken),
        cmocka_unit_test(test_name_template),
        cmocka_unit_test(test_refusals),
    };

    return cmocka_run_group_tests_name("runtime/netdev", tests, NULL, NULL);
}
