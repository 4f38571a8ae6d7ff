#include "monitor/port_relay_internal.h"

#include "base/log.h"
#include "network/firewall.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#ifndef IP6T_SO_ORIGINAL_DST
#define IP6T_SO_ORIGINAL_DST 80 /* linux/netfilter_ipv6/ip6_tables.h */
#endif

enum {
    CHUNK = 1 << 16,  /* bytes: what a pipe holds */
    ROUNDS = 16,      /* of a busy connection, before others get their turn */
    FILES_MAX = 8192, /* descriptors: six a connection */
    BACKLOG = SOMAXCONN,
    TRIES = 100,
};

/* One way of a connection: from one socket into a pipe, and out of it into the other. */
struct way {
    int pipe[2];
    size_t pending;
    bool ended; /* nothing more comes */
    bool shut;  /* and the other side knows */
};

struct port_relay_connection {
    struct port_relay *relay;
    struct loop_watch side[2]; /* the client, the container */
    struct way way[2];         /* from the client, from the container */
    bool connecting;
    struct port_relay_connection *next, **place;
};

/* ---- a connection ---- */

static void accept_more(struct port_relay *r)
{
    if (r->listener.fd >= 0)
        loop_watch(r->loop, &r->listener, r->n_connections < PORT_RELAY_TCP_MAX ? EPOLLIN : 0);
}

static void close_connection(struct port_relay_connection *c)
{
    for (int i = 0; i < 2; i++) {
        loop_watch(c->relay->loop, &c->side[i], 0);
        fd_close(c->side[i].fd);
        fd_close(c->way[i].pipe[0]);
        fd_close(c->way[i].pipe[1]);
    }
    *c->place = c->next;
    if (c->next)
        c->next->place = c->place;
    c->relay->n_connections--;
    accept_more(c->relay);
    free(c);
}

/* 1: something was moved; 0: not at the moment; -errno. */
static int move_once(struct way *w, int from, int to)
{
    bool moved = false;
    ssize_t n;

    if (!w->pending && !w->ended) {
        n = splice(from, NULL, w->pipe[1], NULL, CHUNK, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return -errno;
        w->ended = n == 0;
        w->pending = n > 0 ? (size_t)n : 0;
        moved = n >= 0;
    }
    if (w->pending) {
        n = splice(w->pipe[0], NULL, to, NULL, w->pending, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return -errno;
        w->pending -= n > 0 ? (size_t)n : 0;
        moved = n > 0;
    }
    if (w->ended && !w->pending && !w->shut) {
        shutdown(to, SHUT_WR);
        w->shut = true;
    }
    return moved;
}

static int move(struct way *w, int from, int to)
{
    int r = 1;

    for (int i = 0; i < ROUNDS && r > 0 && !w->shut; i++)
        r = move_once(w, from, to);
    return r;
}

static void expect(struct port_relay_connection *c)
{
    for (int i = 0; i < 2; i++) {
        const struct way *from = &c->way[i], *to = &c->way[1 - i];
        bool in = !from->ended && !from->pending && !c->connecting, out = to->pending || (c->connecting && i == 1);

        loop_watch(c->relay->loop, &c->side[i], (in ? EPOLLIN : 0U) | (out ? EPOLLOUT : 0U));
    }
}

static void connection_ready(struct loop_watch *w, uint32_t events _unused_)
{
    struct port_relay_connection *c = w->data;
    int failed = 0;
    socklen_t len = sizeof(failed);

    if (c->connecting) {
        c->connecting = false;
        if (getsockopt(c->side[1].fd, SOL_SOCKET, SO_ERROR, &failed, &len) < 0 || failed) {
            close_connection(c);
            return;
        }
    }
    for (int i = 0; i < 2; i++)
        if (move(&c->way[i], c->side[i].fd, c->side[1 - i].fd) < 0) {
            close_connection(c);
            return;
        }
    if (c->way[0].shut && c->way[1].shut)
        close_connection(c);
    else
        expect(c);
}

/* ---- accepting ---- */

bool port_relay_target(const struct port_relay *r, uint8_t protocol, uint16_t port, struct sockaddr_storage *ret,
                       socklen_t *ret_len)
{
    VEC_FOREACH (range, &r->ports) {
        if (range->protocol != protocol || port < range->host_first || port >= range->host_first + range->count)
            continue;
        *ret_len = ip_sockaddr(ip_is_set(&r->ip4) ? &r->ip4 : &r->ip6,
                               (uint16_t)(range->container_first + port - range->host_first), ret);
        return true;
    }
    return false;
}

/* Connects to where the client wanted to go; -1 where that is nowhere. */
static int connect_on(const struct port_relay *r, int client)
{
    struct sockaddr_in6 meant = {0};
    struct sockaddr_storage target;
    socklen_t len = sizeof(meant);
    _cleanup_fd_ int fd = -1;
    int on = 1;

    if (getsockopt(client, IPPROTO_IPV6, IP6T_SO_ORIGINAL_DST, &meant, &len) < 0 ||
        !port_relay_target(r, IPPROTO_TCP, ntohs(meant.sin6_port), &target, &len))
        return -1;
    fd = socket(target.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || (connect(fd, (struct sockaddr *)&target, len) < 0 && errno != EINPROGRESS))
        return -1;
    /* what arrives goes on at once; and of a peer that vanished one hears some day */
    for (int i = 0; i < 2; i++) {
        setsockopt(i ? fd : client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        setsockopt(i ? fd : client, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    }
    return steal_fd(&fd);
}

static void begin_connection(struct port_relay *r, int client)
{
    struct port_relay_connection *c = mem_zalloc(1, sizeof(*c));

    c->relay = r;
    c->connecting = true;
    c->way[0] = c->way[1] = (struct way){.pipe = {-1, -1}};
    c->side[0] = (struct loop_watch){.fd = client, .ready = connection_ready, .data = c};
    c->side[1] = (struct loop_watch){.fd = connect_on(r, client), .ready = connection_ready, .data = c};
    c->next = r->connections;
    c->place = &r->connections;
    if (c->next)
        c->next->place = &c->next;
    r->connections = c;
    r->n_connections++;
    if (c->side[1].fd < 0 || pipe2(c->way[0].pipe, O_CLOEXEC | O_NONBLOCK) < 0 ||
        pipe2(c->way[1].pipe, O_CLOEXEC | O_NONBLOCK) < 0)
        close_connection(c);
    else
        expect(c);
}

/* A monitor has few descriptors until it needs more; what it starts has limits of its own. */
static void allow_files(void)
{
    struct rlimit l;

    if (getrlimit(RLIMIT_NOFILE, &l) < 0 || l.rlim_cur >= FILES_MAX)
        return;
    l.rlim_cur = MIN_OF(l.rlim_max, (rlim_t)FILES_MAX);
    setrlimit(RLIMIT_NOFILE, &l);
}

static void listener_ready(struct loop_watch *w, uint32_t events _unused_)
{
    struct port_relay *r = w->data;
    int client;

    if (!r->n_connections)
        allow_files();
    client = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client >= 0)
        begin_connection(r, client);
    else if (errno == EMFILE || errno == ENFILE)
        loop_watch(r->loop, w, 0); /* until a connection ends */
    if (client >= 0)
        accept_more(r);
}

/* ---- its life ---- */

/* Which of the ports are for it, and whether at other addresses than ::1. */
static bool is_needed(const port_ranges *ports, bool has_ip6, bool *ret_tcp, bool *ret_outside)
{
    bool needed = false;

    *ret_tcp = *ret_outside = false;
    VEC_FOREACH (range, ports) {
        struct ip host;

        if (!firewall_relayed(range, has_ip6, &host))
            continue;
        needed = true;
        if (range->protocol == IPPROTO_TCP) {
            *ret_tcp = true;
            *ret_outside |= !ip_is_loopback(&host);
        }
    }
    return needed;
}

/* Listens at a port that the kernel chooses: 0, or -errno. */
static int listen_anywhere(const struct in6_addr *at, int *ret_fd, uint16_t *ret_port)
{
    struct sockaddr_in6 us = {.sin6_family = AF_INET6, .sin6_addr = *at};
    _cleanup_fd_ int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    socklen_t len = sizeof(us);
    int on = 1;

    if (fd < 0 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0 ||
        bind(fd, (struct sockaddr *)&us, sizeof(us)) < 0 || listen(fd, BACKLOG) < 0 ||
        getsockname(fd, (struct sockaddr *)&us, &len) < 0)
        return -errno;
    *ret_fd = steal_fd(&fd);
    *ret_port = ntohs(us.sin6_port);
    return 0;
}

static bool is_published(const port_ranges *ports, uint16_t port)
{
    VEC_FOREACH (range, ports)
        if (range->protocol == IPPROTO_TCP && port >= range->host_first && port < range->host_first + range->count)
            return true;
    return false;
}

/* At a port that is none of those which it is for: a connection that needed no translation would be taken for one that
 * was not meant to come here. */
static int listen_for(struct port_relay *r, const port_ranges *ports, bool outside, struct err *err)
{
    int fd = -1, e = 0;

    for (int i = 0; i < TRIES && (i == 0 || is_published(ports, r->port)); i++) {
        fd_close(fd);
        fd = -1;
        e = listen_anywhere(outside ? &in6addr_any : &in6addr_loopback, &fd, &r->port);
        if (e == -EAFNOSUPPORT || e == -EADDRNOTAVAIL)
            return 0; /* a host without IPv6 has nobody to pass on */
        if (e < 0)
            return err_errno(err, -e, "published ports: listening for ::1");
    }
    r->listener = (struct loop_watch){.fd = fd, .ready = listener_ready, .data = r};
    return 0;
}

int port_relay_open(struct loop *loop, const port_ranges *ports, const struct ip *ip4, const struct ip *ip6,
                    struct port_relay **ret, struct err *err)
{
    bool tcp, outside;
    struct port_relay *relay;
    int r;

    *ret = NULL;
    if (!is_needed(ports, ip_is_set(ip6), &tcp, &outside))
        return 0;
    relay = mem_zalloc(1, sizeof(*relay));
    relay->loop = loop;
    relay->ip4 = *ip4;
    relay->ip6 = *ip6;
    relay->listener.fd = -1;
    r = tcp ? listen_for(relay, ports, outside, err) : 0;
    if (r < 0)
        port_relay_free(relay);
    else
        *ret = relay;
    return r;
}

uint16_t port_relay_port(const struct port_relay *r)
{
    return r ? r->port : 0;
}

void port_relay_begin(struct port_relay *r, const port_ranges *chosen)
{
    if (!r || r->ports.n)
        return;
    VEC_FOREACH (range, chosen)
        *VEC_PUSH(&r->ports) = *range;
    accept_more(r);
    port_relay_udp_begin(r);
}

void port_relay_free(struct port_relay *r)
{
    if (!r)
        return;
    if (r->listener.fd >= 0) {
        loop_watch(r->loop, &r->listener, 0);
        r->listener.fd = fd_close(r->listener.fd);
    }
    while (r->connections)
        close_connection(r->connections);
    port_relay_udp_free(r);
    free(r->ports.v);
    free(r);
}
