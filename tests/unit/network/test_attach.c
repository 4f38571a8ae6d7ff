/* Containers' namespaces on networks, in a network namespace of the test's own as the host's. Takes root. */
#include "../runtime/forked.h"

#include "attachments.h"
#include "netlink/link.h"
#include "sys/fd.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>

enum { PORT = 4321, SOON = 700 /* ms: less than what a lost question for an address costs */ };

static struct store *store;
static int host; /* a socket of the host's */

static int call(int fd, struct netlink_batch *b)
{
    return netlink_call(fd, b, NULL, NULL, NULL);
}

static void begin(void)
{
    char state[] = "state-XXXXXX";
    struct err err = ERR_INIT;
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;

    MUST(unshare(CLONE_NEWNET) == 0);
    MUST(mkdtemp(state) && store_open("root", state, &store, &err) == 0);
    host = netlink_open(NETLINK_ROUTE);
    link_change_add(&b, &(struct link_change){.name = "lo", .up = true});
    MUST(host >= 0 && call(host, &b) == 0);
}

static int new_namespace(void)
{
    struct err err = ERR_INIT;
    int ns = -1;

    MUST(network_namespace_make(&ns, &err) == 0);
    return ns;
}

#define MUST_ATTACH(ns, a, n)                             \
    do {                                                  \
        struct err err_ = ERR_INIT;                       \
        if (network_attach(store, ns, a, n, &err_) < 0)   \
            fprintf(stderr, "%s\n", err_.text), _exit(1); \
    } while (0)

static int open_netlink(void *data, struct err *err)
{
    (void)err;
    *(int *)data = netlink_open(NETLINK_ROUTE);
    return 0;
}

static int netlink_inside(int ns)
{
    struct err err = ERR_INIT;
    int fd = -1;

    MUST(network_namespace_within(ns, open_netlink, &fd, &err) == 0 && fd >= 0);
    return fd;
}

/* ---- who reaches whom ---- */

struct way {
    int receiver;
    struct ip to;
    char text[IP_TEXT_MAX];
};

static struct sockaddr_storage address_of(const struct ip *a, socklen_t *len)
{
    struct sockaddr_storage s = {0};
    struct sockaddr_in *four = (void *)&s;
    struct sockaddr_in6 *six = (void *)&s;

    s.ss_family = a->family;
    *len = a->family == AF_INET ? sizeof(*four) : sizeof(*six);
    if (a->family == AF_INET) {
        four->sin_port = htons(PORT);
        memcpy(&four->sin_addr, a->bytes, 4);
    } else {
        six->sin6_port = htons(PORT);
        memcpy(&six->sin6_addr, a->bytes, 16);
    }
    return s;
}

static int listen_there(void *data, struct err *err)
{
    struct way *w = data;
    struct timeval patience = {0, SOON * 1000L};
    socklen_t len;
    struct sockaddr_storage s = address_of(&w->to, &len);
    int on = 1;

    (void)err;
    w->receiver = socket(w->to.family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    MUST(w->receiver >= 0 && setsockopt(w->receiver, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0);
    MUST(bind(w->receiver, (struct sockaddr *)&s, len) == 0);
    MUST(setsockopt(w->receiver, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0);
    return 0;
}

static int send_from(void *data, struct err *err)
{
    struct way *w = data;
    socklen_t len;
    struct sockaddr_storage s = address_of(&w->to, &len);
    int fd = socket(w->to.family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    (void)err;
    MUST(fd >= 0);
    sendto(fd, "x", 1, 0, (struct sockaddr *)&s, len);
    close(fd);
    return 0;
}

static void within(int ns, int (*fn)(void *, struct err *), struct way *w)
{
    struct err err = ERR_INIT;

    if (ns < 0)
        fn(w, &err);
    else
        MUST(network_namespace_within(ns, fn, w, &err) == 0);
}

/* A datagram from one namespace (-1: the host's) to an address in another arrives, and soon. */
static bool reaches(int from, int to_ns, const char *to)
{
    struct way w = {0};
    char c;
    bool came;

    MUST(ip_parse(to, &w.to, NULL) == 0);
    within(to_ns, listen_there, &w);
    within(from, send_from, &w);
    came = recv(w.receiver, &c, 1, 0) == 1;
    close(w.receiver);
    return came;
}

/* The first byte of a file, as seen from inside. */
struct look {
    const char *path;
    char byte;
};

static int look_inside(void *data, struct err *err)
{
    struct look *l = data;
    int fd = open(l->path, O_RDONLY | O_CLOEXEC);

    (void)err;
    l->byte = 0;
    if (fd >= 0 && read(fd, &l->byte, 1) != 1)
        l->byte = 0;
    close(fd);
    return 0;
}

static char look(int ns, const char *path)
{
    struct look l = {path, 0};
    struct err err = ERR_INIT;

    if (ns < 0)
        look_inside(&l, &err);
    else
        MUST(network_namespace_within(ns, look_inside, &l, &err) == 0);
    return l.byte;
}

/* ---- what there is ---- */

static const struct net_case first_case = {.bridge = "cbox0", .subnet4 = "172.17.0.0/16", .gateway4 = "172.17.0.1"};
static const struct net_case second_case = {.bridge = "cbox-1",
                                            .subnet4 = "10.1.0.0/24",
                                            .gateway4 = "10.1.0.1",
                                            .subnet6 = "fd00:1::/64",
                                            .gateway6 = "fd00:1::1"};

static bool has_address(int fd, const char *interface, const char *text)
{
    struct ip_net wanted;
    ip_nets nets = {0};
    bool found = false;

    MUST(ip_net_parse(text, &wanted, NULL) == 0);
    MUST(link_addresses(fd, link_index(fd, interface), &nets) == 0);
    VEC_FOREACH (n, &nets)
        found |= n->bits == wanted.bits && ip_equal(&n->address, &wanted.address);
    free(nets.v);
    return found;
}

static int default_of(int fd, uint16_t family)
{
    int index = 0;

    MUST(link_default(fd, family, &index) == 0);
    return index;
}

static void one_network(void)
{
    struct store_network n = make_network("bridge", &first_case);
    struct endpoint e[] = {make_endpoint("cb1", "172.17.0.2", NULL), make_endpoint("cb2", "172.17.0.3", NULL)};
    struct attachment a[] = {{.network = &n, .endpoint = &e[0], .interface = "eth0", .gateway4 = true},
                             {.network = &n, .endpoint = &e[1], .interface = "eth0", .gateway4 = true}};
    int ns[2], fd;
    struct link l;

    begin();
    for (int i = 0; i < 2; i++) {
        ns[i] = new_namespace();
        MUST_ATTACH(ns[i], &a[i], 1);
    }
    MUST(reaches(-1, ns[0], "172.17.0.2") && reaches(-1, ns[1], "172.17.0.3"));
    MUST(reaches(ns[0], -1, "172.17.0.1") && reaches(ns[0], ns[1], "172.17.0.3") &&
         reaches(ns[1], ns[0], "172.17.0.2"));
    MUST(reaches(ns[0], ns[0], "127.0.0.1") && reaches(ns[0], ns[0], "::1"));

    fd = netlink_inside(ns[0]);
    MUST(link_find(fd, "eth0", 0, &l) == 0 && memcmp(l.mac, e[0].mac, IP_MAC_LEN) == 0 && (l.flags & IFF_UP));
    MUST(has_address(fd, "eth0", "172.17.0.2/16") && default_of(fd, AF_INET) == l.index);
    MUST(look(ns[0], "/proc/sys/net/ipv6/conf/eth0/disable_ipv6") == '1');
    MUST(link_find(host, "cbox0", 0, &l) == 0 && strcmp(l.kind, "bridge") == 0 &&
         strncmp(l.alias, "cbox 0123", 9) == 0);
    MUST(memcmp(l.mac, "\x02\x42\xac\x11\x00\x01", IP_MAC_LEN) == 0 && has_address(host, "cbox0", "172.17.0.1/16"));
    MUST(look(-1, "/proc/sys/net/ipv4/conf/cbox0/route_localnet") == '0');
    MUST(look(-1, "/proc/sys/net/ipv6/conf/cbox0/disable_ipv6") == '1');
    MUST(look(-1, "/proc/sys/net/ipv4/ip_forward") == '1' && look(-1, "/proc/sys/net/ipv6/conf/all/forwarding") == '0');
    MUST(network_links_remove(&n, NULL) == 0 && link_index(host, "cbox0") == -ENODEV);
    MUST(network_links_remove(&n, NULL) == 0);
}

static void two_networks(void)
{
    struct store_network n[] = {make_network("bridge", &first_case), make_network("second", &second_case)};
    struct endpoint e[] = {make_endpoint("cb1", "172.17.0.2", NULL), make_endpoint("cb2", "10.1.0.2", "fd00:1::2")};
    const char *const sysctls[] = {"net.ipv4.conf.IFNAME.log_martians=1", NULL}, *const local[] = {"169.254.9.9", NULL};
    struct attachment a[] = {{.network = &n[0], .endpoint = &e[0], .interface = "eth0"},
                             {.network = &n[1],
                              .endpoint = &e[1],
                              .interface = "eth1",
                              .gateway4 = true,
                              .gateway6 = true,
                              .addresses = (char **)local,
                              .sysctls = (char **)sysctls}};
    int ns, fd;
    struct link v;
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;

    begin();
    link_veth_add(&b, &(struct link_veth){.name = "wan0", .peer = "wan1", .peer_ns = -1});
    MUST(call(host, &b) == 0 && look(-1, "/proc/sys/net/ipv6/conf/wan0/accept_ra") == '1');
    ns = new_namespace();
    MUST_ATTACH(ns, a, 2);
    fd = netlink_inside(ns);
    MUST(reaches(ns, -1, "172.17.0.1") && reaches(ns, -1, "10.1.0.1") && reaches(ns, -1, "fd00:1::1"));
    MUST(reaches(-1, ns, "10.1.0.2") && reaches(-1, ns, "fd00:1::2") && reaches(-1, ns, "172.17.0.2"));
    MUST(default_of(fd, AF_INET) == link_index(fd, "eth1") && default_of(fd, AF_INET6) == link_index(fd, "eth1"));
    MUST(look(ns, "/proc/sys/net/ipv4/conf/eth1/log_martians") == '1' && has_address(fd, "eth1", "169.254.9.9/16"));
    MUST(look(-1, "/proc/sys/net/ipv6/conf/all/forwarding") == '1');
    MUST(look(-1, "/proc/sys/net/ipv6/conf/wan0/accept_ra") == '2');
    MUST(look(-1, "/proc/sys/net/ipv6/conf/cbox-1/accept_ra") == '0');
    MUST(has_address(host, "cbox-1", "fe80::1/64"));

    /* One leaves, and comes back with the default route. */
    MUST(network_detach(store, ns, &a[1], &a[0], NULL, NULL) == 0);
    MUST(link_index(fd, "eth1") == -ENODEV && default_of(fd, AF_INET) == link_index(fd, "eth0"));
    MUST(link_find(host, "cb2", 0, &v) == -ENODEV);
    MUST(network_detach(store, ns, &a[1], &a[0], NULL, NULL) == 0);
    MUST_ATTACH(ns, &a[1], 1);
    MUST(default_of(fd, AF_INET) == link_index(fd, "eth1") && reaches(ns, -1, "fd00:1::1"));
}

/* Somebody took the bridge down, its address away, and what a container's end has left behind is in the way. */
static void healing(void)
{
    struct store_network n = make_network("second", &second_case);
    struct endpoint e = make_endpoint("cb1", "10.1.0.2", "fd00:1::2"),
                    next = make_endpoint("cb2", "10.1.0.3", "fd00:1::3");
    struct attachment a = {.network = &n, .endpoint = &e, .interface = "eth0", .gateway4 = true, .gateway6 = true};
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
    struct ip_net gateway;
    int ns, other, bridge;

    begin();
    MUST(fd_write_text(AT_FDCWD, "/proc/sys/net/ipv6/conf/all/disable_ipv6", "1") == 0);
    MUST(ip_net_parse("10.1.0.1/24", &gateway, NULL) == 0);
    ns = new_namespace();
    MUST_ATTACH(ns, &a, 1);
    bridge = link_index(host, "cbox-1");
    link_change_add(&b, &(struct link_change){.index = bridge, .down = true});
    link_address_delete_add(&b, bridge, &gateway);
    MUST(call(host, &b) == 0 && !has_address(host, "cbox-1", "10.1.0.1/24"));
    MUST(fd_write_text(AT_FDCWD, "/proc/sys/net/ipv6/conf/cbox-1/disable_ipv6", "1") == 0);
    a.endpoint = &next;
    other = new_namespace();
    MUST_ATTACH(other, &a, 1);
    MUST(has_address(host, "cbox-1", "10.1.0.1/24") && has_address(host, "cbox-1", "fd00:1::1/64"));
    MUST(reaches(other, -1, "10.1.0.1") && reaches(other, ns, "10.1.0.2") && reaches(-1, ns, "fd00:1::2"));

    other = new_namespace(); /* the same again, while the old namespace is there */
    MUST_ATTACH(other, &a, 1);
    MUST(reaches(other, -1, "10.1.0.1") && reaches(-1, other, "10.1.0.3") && reaches(ns, other, "fd00:1::3"));
}

static void failures(void)
{
    struct store_network n = make_network("first", &first_case);
    struct endpoint e = make_endpoint("cb1", "172.17.0.2", NULL);
    const char *const sysctls[] = {"net.ipv4.conf.IFNAME.no_such=1", NULL};
    struct attachment a = {.network = &n, .endpoint = &e, .interface = "eth0", .gateway4 = true};
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
    struct err err = ERR_INIT;
    int ns, fd;

    begin();
    link_veth_add(&b, &(struct link_veth){.name = "cbox0", .peer = "x0", .peer_ns = -1});
    MUST(call(host, &b) == 0);
    ns = new_namespace();
    MUST(network_attach(store, ns, &a, 1, &err) == ERR_EXISTS &&
         strstr(err.text, "network first: there is an interface"));
    link_delete_add(&b, link_index(host, "cbox0"));
    MUST(call(host, &b) == 0);

    a.sysctls = (char **)sysctls;
    err = ERR_INIT;
    MUST(network_attach(store, ns, &a, 1, &err) == ERR_NOT_FOUND && strstr(err.text, "no_such"));
    fd = netlink_inside(ns);
    MUST(link_index(fd, "eth0") == -ENODEV && link_index(host, "cb1") == -ENODEV);
    a.sysctls = NULL;
    MUST_ATTACH(ns, &a, 1);
    e.link = (char *)"cb2";
    err = ERR_INIT;
    MUST(network_attach(store, ns, &a, 1, &err) == ERR_EXISTS && strstr(err.text, "has an interface eth0 already"));
    MUST(link_index(fd, "eth0") > 0 && link_index(host, "cb1") > 0 && link_index(host, "cb2") == -ENODEV);
}

static void lans(void)
{
    struct net_case c = {.driver = "macvlan", .bridge = "dm-0123456789ab", .subnet4 = "10.3.0.0/24", .internal = true};
    struct store_network n = make_network("lan", &c);
    struct endpoint e[] = {make_endpoint("", "10.3.0.2", NULL), make_endpoint("", "10.3.0.3", NULL)};
    const char *const options[] = {"parent=none0", NULL};
    struct attachment a = {.network = &n, .interface = "eth0"};
    struct err err = ERR_INIT;
    int ns[2];

    begin();
    for (int i = 0; i < 2; i++) {
        ns[i] = new_namespace();
        a.endpoint = &e[i];
        MUST_ATTACH(ns[i], &a, 1);
    }
    MUST(reaches(ns[0], ns[1], "10.3.0.3") && reaches(ns[1], ns[0], "10.3.0.2"));
    MUST(network_attach(store, ns[0], &a, 1, &err) == ERR_EXISTS);
    MUST(link_index(netlink_inside(ns[0]), "eth0") > 0 && reaches(ns[1], ns[0], "10.3.0.2"));
    MUST(network_links_remove(&n, &err) == 0 && link_index(host, "dm-0123456789ab") == -ENODEV);
    n.internal = false;
    n.options = (char **)options;
    n.bridge = (char *)"none0";
    err = ERR_INIT;
    MUST(network_attach(store, ns[0], &a, 1, &err) == ERR_NOT_FOUND && strstr(err.text, "has no interface none0"));
}

/* Two containers on a network of such a kind reach each other; 0 where this kernel has none. */
static bool lan_works(const char *driver, const char *parent, const char *option, const char *made)
{
    _cleanup_free_ char *parent_option = str_printf("parent=%s", parent);
    char *options[] = {parent_option, (char *)option, NULL};
    struct net_case c = {
        .driver = driver, .bridge = parent, .subnet4 = "10.4.0.0/24", .gateway4 = "10.4.0.1", .options = options};
    struct store_network n = make_network("lan", &c);
    struct endpoint e[] = {make_endpoint("", "10.4.0.2", NULL), make_endpoint("", "10.4.0.3", NULL)};
    struct attachment a = {.network = &n, .interface = "eth0", .gateway4 = true};
    struct err err = ERR_INIT;
    int ns[2], fd;

    for (int i = 0; i < 2; i++) {
        ns[i] = new_namespace();
        a.endpoint = &e[i];
        if (network_attach(store, ns[i], &a, 1, &err) == ERR_UNSUPPORTED)
            return false;
        MUST(!err.kind);
    }
    fd = netlink_inside(ns[1]);
    MUST(reaches(ns[0], ns[1], "10.4.0.3") && reaches(ns[1], ns[0], "10.4.0.2"));
    MUST(default_of(fd, AF_INET) == link_index(fd, "eth0"));
    for (int i = 0; i < 2; i++)
        MUST(network_detach(store, ns[i], &a, NULL, NULL, &err) == 0);
    MUST(link_index(fd, "eth0") == -ENODEV && link_index(host, made ? made : parent) > 0);
    MUST(network_links_remove(&n, &err) == 0 && link_index(host, "wan0") > 0);
    MUST(!made || link_index(host, made) == -ENODEV);
    return true;
}

static void lan_kinds(void)
{
    static const struct {
        const char *driver, *parent, *option, *made;
    } kinds[] = {
        {"macvlan", "wan0", NULL, NULL},
        {"macvlan", "wan0.50", NULL, "wan0.50"},
        {"ipvlan", "wan0", NULL, NULL},
        {"ipvlan", "wan0", "ipvlan_mode=l3", NULL},
        {"ipvlan", "wan0.7", "ipvlan_mode=l3s", "wan0.7"},
    };
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;

    begin();
    link_veth_add(&b, &(struct link_veth){.name = "wan0", .peer = "wan1", .peer_ns = -1});
    link_change_add(&b, &(struct link_change){.name = "wan0", .up = true});
    link_change_add(&b, &(struct link_change){.name = "wan1", .up = true});
    MUST(call(host, &b) == 0);
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (!lan_works(kinds[i].driver, kinds[i].parent, kinds[i].option, kinds[i].made))
            printf("this kernel has no %s on %s\n", kinds[i].driver, kinds[i].parent);
    fflush(stdout);
}

/* A bridge has 1023 ports. */
static void full_bridge(void)
{
    struct store_network n = make_network("bridge", &first_case);
    struct endpoint e[] = {make_endpoint("cb1", "172.17.0.2", NULL), make_endpoint("cb2", "172.17.0.3", NULL),
                           make_endpoint("cb3", "172.17.0.4", NULL)};
    struct attachment a = {.network = &n, .interface = "eth0", .gateway4 = true};
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
    int ns[3], r = 0;
    struct link l;

    begin();
    for (int i = 0; i < 3; i++) {
        ns[i] = new_namespace();
        a.endpoint = &e[i];
        MUST_ATTACH(ns[i], &a, 1);
        for (int k = 0; i == 0 && r == 0; k++) {
            char name[LINK_NAME_MAX], peer[LINK_NAME_MAX];

            snprintf(name, sizeof(name), "p%d", k % 10000);
            snprintf(peer, sizeof(peer), "q%d", k % 10000);
            link_veth_add(&b, &(struct link_veth){
                                  .name = name, .peer = peer, .master = link_index(host, "cbox0"), .peer_ns = -1});
            r = call(host, &b);
        }
    }
    MUST(r == -EXFULL && link_find(host, "cbox0.1", 0, &l) == 0 && strncmp(l.alias, "cbox 0123", 9) == 0);
    for (int i = 0; i < 3; i++)
        MUST(reaches(-1, ns[i], i == 0 ? "172.17.0.2" : i == 1 ? "172.17.0.3" : "172.17.0.4"));
    MUST(reaches(ns[0], ns[1], "172.17.0.3") && reaches(ns[1], ns[2], "172.17.0.4") &&
         reaches(ns[2], -1, "172.17.0.1"));
    MUST(network_links_remove(&n, NULL) == 0 && link_index(host, "cbox0.1") == -ENODEV);
}

static void run_as_root(void (*body)(void))
{
    if (geteuid() != 0) {
        print_message("network namespaces take root\n");
        skip();
    }
    assert_child(body());
}

#define ROOT_TEST(name)                   \
    static void test_##name(void **state) \
    {                                     \
        (void)state;                      \
        run_as_root(name);                \
    }
ROOT_TEST(one_network)
ROOT_TEST(two_networks)
ROOT_TEST(healing)
ROOT_TEST(failures)
ROOT_TEST(lans)
ROOT_TEST(lan_kinds)
ROOT_TEST(full_bridge)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_network, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_two_networks, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_healing, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_failures, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_lans, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_lan_kinds, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_full_bridge, scratch_setup, scratch_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
