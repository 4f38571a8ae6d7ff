/* links BRIDGE [ADDRESS]: what a container's network costs at the least: a network namespace, a veth on the bridge, an
 * address, all up, a default route; no more, no checks. With `wait` as third argument it stays until it is killed. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct {
    struct nlmsghdr m;
    char rest[1024];
} q;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void begin(int type, int flags, const void *fixed, size_t len)
{
    memset(&q, 0, sizeof(q));
    q.m.nlmsg_type = type;
    q.m.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
    memcpy(q.rest, fixed, len);
    q.m.nlmsg_len = NLMSG_LENGTH(len);
}

static struct rtattr *add(int type, const void *data, size_t len)
{
    struct rtattr *a = (void *)((char *)&q + NLMSG_ALIGN(q.m.nlmsg_len));

    a->rta_type = type;
    a->rta_len = RTA_LENGTH(len);
    if (len)
        memcpy(RTA_DATA(a), data, len);
    q.m.nlmsg_len = NLMSG_ALIGN(q.m.nlmsg_len) + RTA_ALIGN(a->rta_len);
    return a;
}

static void end(struct rtattr *nest)
{
    nest->rta_len = (char *)&q + q.m.nlmsg_len - (char *)nest;
}

static void call(int fd, const char *what)
{
    struct {
        struct nlmsghdr m;
        struct nlmsgerr e;
        char rest[1024];
    } answer;

    if (send(fd, &q, q.m.nlmsg_len, 0) < 0 || recv(fd, &answer, sizeof(answer), 0) < 0)
        fail(what);
    if (answer.m.nlmsg_type == NLMSG_ERROR && answer.e.error) {
        fprintf(stderr, "%s: %s\n", what, strerror(-answer.e.error));
        exit(1);
    }
}

static void up(int fd, int index)
{
    begin(RTM_NEWLINK, 0, &(struct ifinfomsg){.ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP},
          sizeof(struct ifinfomsg));
    call(fd, "up");
}

int main(int argc, char **argv)
{
    int host = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), inside, ns, master, near;
    struct rtattr *info, *data, *peer;
    struct in_addr address, gateway;
    char name[IF_NAMESIZE];

    if (argc < 2 || host < 0)
        return 2;
    inet_pton(AF_INET, argc > 2 ? argv[2] : "10.99.0.2", &address);
    gateway.s_addr = htonl((ntohl(address.s_addr) & 0xffff0000) + 1);
    master = if_nametoindex(argv[1]);
    near = 0x40000000 | getpid();
    snprintf(name, sizeof(name), "bare%d", getpid());
    if (unshare(CLONE_NEWNET) < 0 || (ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)) < 0)
        fail("namespace");
    inside = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

    begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &(struct ifinfomsg){.ifi_index = near}, sizeof(struct ifinfomsg));
    add(IFLA_IFNAME, name, strlen(name) + 1);
    add(IFLA_MASTER, &master, sizeof(master));
    info = add(IFLA_LINKINFO, NULL, 0);
    add(IFLA_INFO_KIND, "veth", 4);
    data = add(IFLA_INFO_DATA, NULL, 0);
    peer = add(VETH_INFO_PEER, &(struct ifinfomsg){.ifi_index = 2}, sizeof(struct ifinfomsg));
    add(IFLA_IFNAME, "eth0", 5);
    add(IFLA_NET_NS_FD, &ns, sizeof(ns));
    end(peer);
    end(data);
    end(info);
    call(host, "veth");
    up(inside, 1);
    begin(RTM_NEWADDR, NLM_F_CREATE, &(struct ifaddrmsg){.ifa_family = AF_INET, .ifa_prefixlen = 16, .ifa_index = 2},
          sizeof(struct ifaddrmsg));
    add(IFA_LOCAL, &address, sizeof(address));
    add(IFA_ADDRESS, &address, sizeof(address));
    call(inside, "address");
    up(inside, 2);
    up(host, near);
    begin(RTM_NEWROUTE, NLM_F_CREATE,
          &(struct rtmsg){.rtm_family = AF_INET, .rtm_table = RT_TABLE_MAIN, .rtm_type = RTN_UNICAST},
          sizeof(struct rtmsg));
    add(RTA_GATEWAY, &gateway, sizeof(gateway));
    call(inside, "route");
    if (argc > 3)
        execvp(argv[3], argv + 3);
    return 0;
}
