/* Against the kernel, in a network namespace of the test's own. */
#include "../runtime/forked.h"

#include "netlink/link.h"

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>

static struct ip_net net(const char *text)
{
    struct ip_net n = {0};
    struct err err = ERR_INIT;

    MUST(ip_net_parse(text, &n, &err) == 0);
    return n;
}

static bool holds(const ip_nets *nets, const char *text)
{
    struct ip_net wanted = net(text);

    VEC_FOREACH (n, nets)
        if (n->bits == wanted.bits && ip_equal(&n->address, &wanted.address))
            return true;
    return false;
}

static int call(int fd, struct netlink_batch *b)
{
    return netlink_call(fd, b, NULL, NULL, NULL);
}

static int enter(void)
{
    int fd;

    MUST(unshare(CLONE_NEWNET) == 0);
    fd = netlink_open(NETLINK_ROUTE);
    MUST(fd >= 0);
    return fd;
}

static void make_and_find(void)
{
    static const uint8_t mac[IP_MAC_LEN] = {2, 0x42, 10, 0, 0, 1};
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
    int fd = enter();
    struct link l;
    links all = {0};

    MUST(link_find(fd, "none0", 0, &l) == -ENODEV && link_index(fd, "none0") == -ENODEV);
    MUST(link_find(fd, "a-name-too-long-", 0, &l) == -EINVAL && link_find(fd, "", 0, &l) == -EINVAL);
    link_bridge_add(&b, "br0", "cbox test", mac, 1400);
    MUST(call(fd, &b) == 0);
    link_bridge_add(&b, "br0", "cbox test", mac, 1400); /* that it is there is no error */
    MUST(call(fd, &b) == 0);
    MUST(link_find(fd, "br0", 0, &l) == 0);
    MUST(strcmp(l.kind, "bridge") == 0 && strcmp(l.alias, "cbox test") == 0 && l.mtu == 1400 && (l.flags & IFF_UP));
    MUST(memcmp(l.mac, mac, sizeof(mac)) == 0 && link_index(fd, "br0") == l.index);

    link_veth_add(&b, &(struct link_veth){
                          .name = "v0", .peer = "v1", .peer_mac = mac, .mtu = 1400, .master = l.index, .peer_ns = -1});
    link_change_add(&b, &(struct link_change){.name = "v0", .up = true});
    link_change_add(&b, &(struct link_change){.name = "v1", .up = true});
    MUST(call(fd, &b) == 0);
    MUST(link_settle(fd, "v0") == 0 && link_settle(fd, "br0") == 0);
    MUST(link_find(fd, "v0", 0, &l) == 0 && l.master == link_index(fd, "br0") && l.peer == link_index(fd, "v1"));
    MUST(link_find(fd, "br0", 0, &l) == 0 && (l.flags & IFF_RUNNING));
    link_change_add(&b, &(struct link_change){.name = "v0", .master = LINK_NO_MASTER});
    MUST(call(fd, &b) == 0);
    link_lan_add(
        &b,
        &(struct link_lan){
            .kind = "macvlan", .name = "m0", .mode = MACVLAN_MODE_PRIVATE, .ns = -1, .parent = link_index(fd, "v1")});
    MUST(call(fd, &b) == 0);
    MUST(link_list(fd, &all) == 0 && all.n == 5);
    MUST(link_find(fd, "v0", 0, &l) == 0 && l.master == 0);
    link_delete_add(&b, link_index(fd, "m0"));
    MUST(call(fd, &b) == 0 && link_index(fd, "m0") == -ENODEV);
}

/* Not every kernel has these. */
static void parents(void)
{
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
    int fd = enter();
    struct link l;

    link_dummy_add(&b, "d0", "cbox dummy");
    if (call(fd, &b) == -EOPNOTSUPP)
        _exit(0);
    MUST(link_find(fd, "d0", 0, &l) == 0 && strcmp(l.kind, "dummy") == 0 && (l.flags & IFF_UP));
    link_vlan_add(&b, "d0.50", "cbox vlan", l.index, 50);
    if (call(fd, &b) == 0)
        MUST(link_find(fd, "d0.50", 0, &l) == 0 && strcmp(l.kind, "vlan") == 0 && strcmp(l.alias, "cbox vlan") == 0);
    link_lan_add(
        &b, &(struct link_lan){.kind = "ipvlan", .name = "i0", .mode = IPVLAN_MODE_L3, .ns = -1, .parent = l.peer});
    if (call(fd, &b) == 0)
        MUST(link_find(fd, "i0", 0, &l) == 0 && strcmp(l.kind, "ipvlan") == 0);
}

static void addresses_and_routes(void)
{
    struct ip_net four = net("10.7.0.1/16"), six = net("fd00:7::1/64"), far = net("10.99.1.0/24"),
                  any = net("0.0.0.0/0");
    struct ip_net any6 = net("::/0");
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
    struct ip gateway = ip_add(&four.address, 1), gateway6 = ip_add(&six.address, 1);
    int fd = enter(), index, way;
    ip_nets nets = {0};

    link_veth_add(&b, &(struct link_veth){.name = "d0", .peer = "d1", .peer_ns = -1});
    link_change_add(&b, &(struct link_change){.name = "d0", .up = true});
    link_change_add(&b, &(struct link_change){.name = "d1", .up = true});
    MUST(call(fd, &b) == 0);
    index = link_index(fd, "d0");
    MUST(link_default(fd, AF_INET, &way) == 0 && way == 0);
    link_address_add(&b, index, &four, false);
    link_address_add(&b, index, &six, false);
    link_route_add(&b, index, &far, &gateway, 0);
    link_route_add(&b, index, &any, &gateway, 0);
    link_route_add(&b, index, &any6, &gateway6, 0);
    MUST(call(fd, &b) == 0);
    MUST(link_default(fd, AF_INET, &way) == 0 && way == index);
    MUST(link_default(fd, AF_INET6, &way) == 0 && way == index);
    MUST(link_routed(fd, &nets) == 0);
    MUST(holds(&nets, "10.7.0.0/16") && holds(&nets, "10.7.0.1/16") && holds(&nets, "10.99.1.0/24"));
    MUST(holds(&nets, "fd00:7::/64") && holds(&nets, "fd00:7::1/64"));
    MUST(!holds(&nets, "0.0.0.0/0") && !holds(&nets, "::/0"));

    link_route_add(&b, link_index(fd, "d1"), &any, NULL, 0); /* takes the place of the other */
    MUST(call(fd, &b) == 0);
    MUST(link_default(fd, AF_INET, &way) == 0 && way == link_index(fd, "d1"));
    nets.n = 0;
    MUST(link_addresses(fd, index, &nets) == 0 && holds(&nets, "10.7.0.1/16"));
    nets.n = 0;
    MUST(link_addresses(fd, link_index(fd, "d1"), &nets) == 0 && !holds(&nets, "10.7.0.1/16"));
    link_address_delete_add(&b, index, &four);
    link_route_delete_add(&b, link_index(fd, "d1"), &any, NULL);
    MUST(call(fd, &b) == 0);
    nets.n = 0;
    MUST(link_addresses(fd, 0, &nets) == 0 && !holds(&nets, "10.7.0.1/16") && holds(&nets, "fd00:7::1/64"));
}

static void failures(void)
{
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
    int fd = enter();
    size_t failed = 0;

    link_veth_add(&b, &(struct link_veth){.name = "d0", .peer = "d1", .peer_ns = -1});
    link_change_add(&b, &(struct link_change){.name = "none0", .up = true});
    link_veth_add(&b, &(struct link_veth){.name = "d2", .peer = "d3", .peer_ns = -1});
    MUST(netlink_call(fd, &b, NULL, NULL, &failed) == -ENODEV && failed == 1);
    MUST(link_index(fd, "d2") > 0); /* what came behind was done */
}

static void skip_without_root(void)
{
    if (geteuid() == 0)
        return;
    print_message("a network namespace of its own takes root\n");
    skip();
}

static void test_make_and_find(void **state)
{
    (void)state;
    skip_without_root();
    assert_child(make_and_find());
}

static void test_parents(void **state)
{
    (void)state;
    skip_without_root();
    assert_child(parents());
}

static void test_addresses_and_routes(void **state)
{
    (void)state;
    skip_without_root();
    assert_child(addresses_and_routes());
}

static void test_failures(void **state)
{
    (void)state;
    skip_without_root();
    assert_child(failures());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_make_and_find),
        cmocka_unit_test(test_parents),
        cmocka_unit_test(test_addresses_and_routes),
        cmocka_unit_test(test_failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
