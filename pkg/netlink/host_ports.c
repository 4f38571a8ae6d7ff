#include "netlink/host_ports.h"

#include "base/strv.h"
#include "netlink/message.h"
#include "sys/dir.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <sys/socket.h>

enum {
    TCP_STATE_CLOSE = 7, /* net/tcp_states.h: a socket of UDP that is not connected */
    TCP_STATE_LISTEN = 10,
    COMMAND_MAX = 64,
};

/* ---- sockets ---- */

static bool is_v6_only(const struct nlmsghdr *m)
{
    const struct nlattr *a = netlink_find(m, sizeof(struct inet_diag_msg), INET_DIAG_SKV6ONLY);
    size_t len = 0;
    const uint8_t *value = a ? netlink_data(a, &len) : NULL;

    return len >= 1 && *value;
}

struct reading {
    uint8_t protocol;
    host_ports *to;
};

static void take_socket(void *data, const struct nlmsghdr *m)
{
    const struct reading *reading = data;
    const struct inet_diag_msg *s = NLMSG_DATA(m);
    struct host_port *p;

    if (m->nlmsg_type != SOCK_DIAG_BY_FAMILY || m->nlmsg_len < NLMSG_LENGTH(sizeof(*s)) || !s->id.idiag_sport ||
        (s->idiag_family != AF_INET && s->idiag_family != AF_INET6))
        return;
    p = VEC_PUSH(reading->to);
    p->protocol = reading->protocol;
    p->port = ntohs(s->id.idiag_sport);
    p->address.family = s->idiag_family;
    memcpy(p->address.bytes, s->id.idiag_src, ip_len(s->idiag_family));
    p->v6_only = s->idiag_family == AF_INET6 && is_v6_only(m);
    p->inode = s->idiag_inode;
}

int host_ports_read(uint8_t protocol, host_ports *ret)
{
    _cleanup_fd_ int fd = netlink_open(NETLINK_SOCK_DIAG);
    struct reading reading = {protocol, ret};
    int r = fd < 0 ? fd : 0;

    for (int i = 0; i < 2 && r == 0; i++) {
        _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
        struct inet_diag_req_v2 q = {
            .sdiag_family = i ? AF_INET6 : AF_INET,
            .sdiag_protocol = protocol,
            .idiag_states = 1U << (protocol == IPPROTO_UDP ? TCP_STATE_CLOSE : TCP_STATE_LISTEN),
        };

        netlink_begin(&b, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &q, sizeof(q));
        r = netlink_call(fd, &b, take_socket, &reading, NULL);
        if (r == -EINTR)
            r = 0; /* sockets come and go: this is what was there */
    }
    /* a kernel without SCTP, or without looking at its sockets, has none that matter */
    return r == -ENOENT && protocol == IPPROTO_SCTP ? 0 : r;
}

/* ---- whose it is ---- */

static bool has_socket(int proc, const char *pid, const char *wanted)
{
    _cleanup_free_ char *name = str_printf("%s/fd", pid);
    _cleanup_dir_ DIR *d = dir_open(proc, name);
    struct dirent *e;

    while (d && (e = readdir(d))) {
        char target[64];
        ssize_t n = readlinkat(dirfd(d), e->d_name, target, sizeof(target) - 1);

        if (n < 0)
            continue;
        target[n] = 0;
        if (str_eq(target, wanted))
            return true;
    }
    return false;
}

char *host_port_owner(uint32_t inode)
{
    _cleanup_free_ char *wanted = str_printf("socket:[%u]", inode);
    _cleanup_dir_ DIR *proc = dir_open(AT_FDCWD, "/proc");
    struct dirent *e;

    while (inode && proc && (e = readdir(proc))) {
        _cleanup_buf_ struct buf command = BUF_INIT_MAX(COMMAND_MAX);
        _cleanup_free_ char *path = NULL;
        struct err ignored = ERR_INIT;

        if (strspn(e->d_name, "0123456789") != strlen(e->d_name) || !has_socket(dirfd(proc), e->d_name, wanted))
            continue;
        path = str_printf("%s/comm", e->d_name);
        if (fd_read_file(dirfd(proc), path, &command, &ignored) < 0)
            continue;
        return str_printf("%.*s (pid %s)", (int)strcspn(buf_str(&command), "\n"), buf_str(&command), e->d_name);
    }
    return NULL;
}

/* ---- connections ---- */

struct forgetting {
    uint8_t protocol;
    const struct ip *address;
    uint16_t first, last;
    struct netlink_batch *deletions;
};

static const void *find_in(const struct nlattr *nest, uint16_t type, size_t len)
{
    const struct nlattr *a = nest ? netlink_find_in(nest, type) : NULL;
    size_t have = 0;
    const void *data = a ? netlink_data(a, &have) : NULL;

    return have >= len ? data : NULL;
}

/* Whether its first packet was for one of the ports. */
static bool is_meant(const struct forgetting *f, uint8_t family, const struct nlattr *tuple)
{
    const struct nlattr *proto = tuple ? netlink_find_in(tuple, CTA_TUPLE_PROTO) : NULL;
    const struct nlattr *ip = tuple ? netlink_find_in(tuple, CTA_TUPLE_IP) : NULL;
    const uint8_t *number = find_in(proto, CTA_PROTO_NUM, 1);
    const uint8_t *port = find_in(proto, CTA_PROTO_DST_PORT, 2);
    const void *to = find_in(ip, family == AF_INET ? CTA_IP_V4_DST : CTA_IP_V6_DST, ip_len(family));
    uint16_t n = port ? (uint16_t)(port[0] << 8 | port[1]) : 0;

    if (!number || *number != f->protocol || !to || n < f->first || n > f->last)
        return false;
    return !f->address || !ip_is_set(f->address) ||
           (f->address->family == family &&
            (ip_is_any(f->address) || memcmp(f->address->bytes, to, ip_len(family)) == 0));
}

static void take_connection(void *data, const struct nlmsghdr *m)
{
    static const uint16_t same[] = {CTA_TUPLE_ORIG, CTA_ID, CTA_ZONE};
    const struct forgetting *f = data;
    const struct nfgenmsg *head = NLMSG_DATA(m);

    if (m->nlmsg_type != (NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW) ||
        m->nlmsg_len < NLMSG_LENGTH(sizeof(*head)) ||
        (head->nfgen_family != AF_INET && head->nfgen_family != AF_INET6) ||
        !is_meant(f, head->nfgen_family, netlink_find(m, sizeof(*head), CTA_TUPLE_ORIG)))
        return;
    netlink_begin(f->deletions, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE, 0, head, sizeof(*head));
    netlink_tolerate(f->deletions, ENOENT); /* it may end by itself meanwhile */
    for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
        const struct nlattr *a = netlink_find(m, sizeof(*head), same[i]);
        size_t len;
        const void *value = a ? netlink_data(a, &len) : NULL;

        if (value)
            netlink_add(f->deletions, a->nla_type, value, len);
    }
}

int conntrack_forget(uint8_t protocol, const struct ip *address, uint16_t first, uint16_t last)
{
    _cleanup_fd_ int fd = netlink_open(NETLINK_NETFILTER);
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT, deletions = NETLINK_BATCH_INIT;
    struct forgetting f = {protocol, address, first, last, &deletions};
    struct nfgenmsg head = {.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0};
    int r;

    if (fd < 0)
        return fd;
    netlink_begin(&b, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET, NLM_F_DUMP, &head, sizeof(head));
    r = netlink_call(fd, &b, take_connection, &f, NULL);
    if ((r == 0 || r == -EINTR) && deletions.seq)
        r = netlink_call(fd, &deletions, NULL, NULL, NULL);
    return r == -EINTR ? 0 : r;
}
