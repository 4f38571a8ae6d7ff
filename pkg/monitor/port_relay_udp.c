/* Datagrams: each client has a socket of its own that is connected to the container, so that the answers find the way
 * back; after a while of silence it is forgotten. */
#include "base/log.h"
#include "base/time.h"
#include "monitor/port_relay_internal.h"
#include "network/firewall.h"
#include "sys/fd.h"

#include <sys/socket.h>

enum { DATAGRAM_MAX = 65536, AT_ONCE = 64 /* before others get their turn */ };
#define SILENCE (90LL * 1000000000) /* ns; Docker's */

struct port {
    struct loop_watch watch;
    struct port_relay *relay;
    uint16_t number;
};

struct client {
    struct loop_watch watch; /* to the container */
    struct port *port;
    struct sockaddr_in6 address;
    struct in6_pktinfo at; /* the address of the host that it wrote to */
    int64_t heard;
    struct client *next;
};

struct port_relay_udp {
    struct port ports[PORT_RELAY_UDP_MAX];
    size_t n_ports, n_clients;
    struct client *clients;
    struct loop_timer silence;
    struct loop *loop;
};

static void drop_client(struct port_relay_udp *u, struct client **place)
{
    struct client *c = *place;

    *place = c->next;
    loop_watch(u->loop, &c->watch, 0);
    fd_close(c->watch.fd);
    free(c);
    u->n_clients--;
}

/* Forgets those that were silent; with `one`, the longest silent whether or not it was long. */
static void forget(struct port_relay_udp *u, bool one)
{
    int64_t now = time_monotonic(), first = INT64_MAX;
    struct client **oldest = NULL;

    for (struct client **place = &u->clients; *place;) {
        if (now - (*place)->heard >= SILENCE) {
            drop_client(u, place);
            one = false;
            continue;
        }
        if ((*place)->heard < first) {
            first = (*place)->heard;
            oldest = place;
        }
        place = &(*place)->next;
    }
    if (one && oldest)
        drop_client(u, oldest);
    loop_set_timer(u->loop, &u->silence, u->clients ? now + SILENCE / 3 : 0);
}

static void silence_due(struct loop_timer *t)
{
    forget(t->data, false);
}

/* ---- back to the client ---- */

static void answer(const struct client *c, void *data, size_t len)
{
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
    } control = {0};
    struct iovec part = {data, len};
    struct sockaddr_in6 to = c->address;
    struct msghdr m = {.msg_name = &to,
                       .msg_namelen = sizeof(to),
                       .msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof(control)};

    control.head = (struct cmsghdr){
        .cmsg_level = IPPROTO_IPV6, .cmsg_type = IPV6_PKTINFO, .cmsg_len = CMSG_LEN(sizeof(struct in6_pktinfo))};
    memcpy(CMSG_DATA(&control.head), &c->at, sizeof(c->at));
    sendmsg(c->port->watch.fd, &m, MSG_DONTWAIT);
}

static void client_ready(struct loop_watch *w, uint32_t events _unused_)
{
    _cleanup_free_ char *data = mem_alloc(DATAGRAM_MAX);
    struct client *c = w->data;

    for (int i = 0; i < AT_ONCE; i++) {
        ssize_t n = recv(w->fd, data, DATAGRAM_MAX, MSG_DONTWAIT);

        if (n < 0)
            break; /* where nobody listens, that was said here, and is over */
        c->heard = time_monotonic();
        answer(c, data, (size_t)n);
    }
}

/* ---- to the container ---- */

static struct client *find_client(struct port_relay_udp *u, const struct port *p, const struct sockaddr_in6 *from,
                                  const struct in6_pktinfo *at)
{
    for (struct client *c = u->clients; c; c = c->next)
        if (c->port == p && c->address.sin6_port == from->sin6_port &&
            c->address.sin6_scope_id == from->sin6_scope_id &&
            memcmp(&c->address.sin6_addr, &from->sin6_addr, sizeof(from->sin6_addr)) == 0 &&
            memcmp(&c->at.ipi6_addr, &at->ipi6_addr, sizeof(at->ipi6_addr)) == 0)
            return c;
    return NULL;
}

static struct client *new_client(struct port_relay_udp *u, struct port *p, const struct sockaddr_in6 *from,
                                 const struct in6_pktinfo *at)
{
    struct sockaddr_storage target;
    socklen_t len;
    _cleanup_fd_ int fd = -1;
    struct client *c;

    if (!port_relay_target(p->relay, IPPROTO_UDP, p->number, &target, &len))
        return NULL;
    if (u->n_clients >= PORT_RELAY_CLIENTS_MAX)
        forget(u, true);
    fd = socket(target.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&target, len) < 0)
        return NULL;
    c = mem_zalloc(1, sizeof(*c));
    c->watch = (struct loop_watch){.fd = steal_fd(&fd), .ready = client_ready, .data = c};
    c->port = p;
    c->address = *from;
    c->at = *at;
    c->next = u->clients;
    u->clients = c;
    u->n_clients++;
    loop_watch(u->loop, &c->watch, EPOLLIN);
    if (!u->silence.at)
        loop_set_timer(u->loop, &u->silence, time_monotonic() + SILENCE / 3);
    return c;
}

/* One datagram; false where there is none. */
static bool pass_on(struct port_relay_udp *u, struct port *p, char *data)
{
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
    } control;
    struct iovec part = {data, DATAGRAM_MAX};
    struct sockaddr_in6 from = {0};
    struct in6_pktinfo at = {0};
    struct msghdr m = {.msg_name = &from,
                       .msg_namelen = sizeof(from),
                       .msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof(control)};
    ssize_t n = recvmsg(p->watch.fd, &m, MSG_DONTWAIT);
    struct client *c;

    if (n < 0)
        return false;
    for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h))
        if (h->cmsg_level == IPPROTO_IPV6 && h->cmsg_type == IPV6_PKTINFO && h->cmsg_len >= CMSG_LEN(sizeof(at)))
            memcpy(&at, CMSG_DATA(h), sizeof(at));
    c = find_client(u, p, &from, &at);
    if (!c)
        c = new_client(u, p, &from, &at);
    if (!c)
        return true;
    c->heard = time_monotonic();
    send(c->watch.fd, data, (size_t)n, MSG_DONTWAIT);
    return true;
}

static void port_ready(struct loop_watch *w, uint32_t events _unused_)
{
    _cleanup_free_ char *data = mem_alloc(DATAGRAM_MAX);
    struct port *p = w->data;

    for (int i = 0; i < AT_ONCE && pass_on(p->relay->udp, p, data); i++)
        continue;
}

/* ---- its life ---- */

static void open_port(struct port_relay *r, const struct ip *host, uint16_t number)
{
    struct sockaddr_storage us;
    socklen_t len = ip_sockaddr(host, number, &us);
    _cleanup_fd_ int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct port *p;
    int on = 1;

    if (fd < 0 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0 ||
        setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) < 0 ||
        bind(fd, (struct sockaddr *)&us, len) < 0) {
        log_debug("relay of UDP port %u: %s", number, strerror(errno));
        return;
    }
    p = &r->udp->ports[r->udp->n_ports++];
    *p = (struct port){{.fd = steal_fd(&fd), .ready = port_ready, .data = p}, r, number};
    loop_watch(r->loop, &p->watch, EPOLLIN);
}

void port_relay_udp_begin(struct port_relay *r)
{
    VEC_FOREACH (range, &r->ports) {
        struct ip host;

        if (range->protocol != IPPROTO_UDP || !firewall_relayed(range, ip_is_set(&r->ip6), &host))
            continue;
        if (!r->udp) {
            r->udp = mem_zalloc(1, sizeof(*r->udp));
            r->udp->loop = r->loop;
            r->udp->silence = (struct loop_timer){.due = silence_due, .data = r->udp};
        }
        for (unsigned i = 0; i < range->count && r->udp->n_ports < PORT_RELAY_UDP_MAX; i++)
            open_port(r, &host, (uint16_t)(range->host_first + i));
    }
}

void port_relay_udp_free(struct port_relay *r)
{
    struct port_relay_udp *u = r->udp;

    if (!u)
        return;
    while (u->clients)
        drop_client(u, &u->clients);
    for (size_t i = 0; i < u->n_ports; i++) {
        loop_watch(u->loop, &u->ports[i].watch, 0);
        fd_close(u->ports[i].watch.fd);
    }
    loop_set_timer(u->loop, &u->silence, 0);
    free(u);
    r->udp = NULL;
}
