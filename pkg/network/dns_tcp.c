/* The container's programs over TCP: several questions a connection, also before the first is answered. RFC 7766. */
#include "base/log.h"
#include "base/time.h"
#include "network/dns_internal.h"
#include "sys/fd.h"

#include <sys/socket.h>

enum {
    PREFIX = 2,         /* the length of a message stands before it */
    OUT_MAX = 64 << 10, /* who does not read is not read from beyond this */
    WAITING_MAX = 64,   /* questions of one connection */
    IN_MAX = PREFIX + DNS_QUERY_MAX,
};
static const int64_t patience = 10000000000; /* ns without a whole question or a byte of an answer going out */
static const int64_t rest = 1000000000;

struct dns_connection {
    struct dns_connection *next;
    struct dns *dns;
    struct loop_watch watch;
    struct loop_timer timer;
    struct buf in, out;
    unsigned waiting; /* questions whose answers are to come */
    bool at_end;      /* no more questions come */
    bool busy;        /* work() is at it, and will see what came of it */
    bool over;        /* for work() to end */
};

static void touch(struct dns_connection *c)
{
    loop_set_timer(c->dns->loop, &c->timer, time_monotonic() + patience);
}

static void end(struct dns_connection *c)
{
    struct dns *d = c->dns;
    struct dns_connection **place = &d->connections;

    while (*place != c)
        place = &(*place)->next;
    *place = c->next;
    d->n_connections--;
    dns_forward_forget(d, c);
    loop_set_timer(d->loop, &c->timer, 0);
    loop_watch(d->loop, &c->watch, 0);
    fd_close(c->watch.fd);
    buf_free(&c->in);
    buf_free(&c->out);
    free(c);
}

static void write_out(struct dns_connection *c)
{
    ssize_t n = send(c->watch.fd, c->out.p, c->out.len, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (n > 0) {
        buf_consume(&c->out, (size_t)n);
        touch(c);
    } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
        c->over = true;
    }
    if (!c->out.len)
        buf_free(&c->out); /* it may have been long, and the connection may stay */
}

static bool takes_more(const struct dns_connection *c)
{
    return !c->over && c->out.len < OUT_MAX && c->waiting < WAITING_MAX;
}

/* The next question, if all of it is there. */
static bool take_message(struct dns_connection *c)
{
    const struct dns_client client = {.connection = c};
    const uint8_t *p = (const uint8_t *)c->in.p;
    size_t len = c->in.len < PREFIX ? 0 : (size_t)p[0] << 8 | p[1];

    if (c->in.len < PREFIX)
        return false;
    if (len > DNS_QUERY_MAX || len < DNS_HEADER_LEN)
        c->over = true;
    if (c->over || c->in.len < PREFIX + len)
        return false;
    if (dns_flags(p + PREFIX) & DNS_RESPONSE) { /* never answered: nobody has to wait for it */
        c->over = true;
        return false;
    }
    c->waiting++;
    dns_asked(c->dns, &client, p + PREFIX, len);
    buf_consume(&c->in, PREFIX + len);
    touch(c);
    return true;
}

/* Does what can be done now, and waits for the rest. */
static void work(struct dns_connection *c)
{
    bool reads;

    c->busy = true;
    do {
        while (takes_more(c) && take_message(c))
            ;
        if (!c->over && c->out.len)
            write_out(c);
    } while (!c->out.len && takes_more(c) && take_message(c));
    c->busy = false;
    if (c->over || (c->at_end && !c->waiting && !c->out.len)) {
        end(c);
        return;
    }
    reads = !c->at_end && takes_more(c);
    loop_watch(c->dns->loop, &c->watch, (reads ? EPOLLIN : 0) | (c->out.len ? EPOLLOUT : 0));
}

void dns_tcp_give(struct dns_connection *c, const uint8_t *m, size_t len)
{
    uint8_t prefix[PREFIX] = {(uint8_t)(len >> 8), (uint8_t)len};

    c->waiting--;
    if (!c->over) {
        buf_add(&c->out, prefix, sizeof(prefix));
        buf_add(&c->out, m, len);
    }
    if (!c->busy) /* else who reads goes on with it */
        work(c);
}

static void connection_ready(struct loop_watch *w, uint32_t events)
{
    struct dns_connection *c = w->data;
    void *room = events & ~(uint32_t)EPOLLOUT ? buf_reserve(&c->in, IN_MAX - c->in.len) : NULL;
    ssize_t n = room ? recv(w->fd, room, IN_MAX - c->in.len, MSG_DONTWAIT) : 0;

    if (n > 0)
        buf_grown(&c->in, (size_t)n);
    else if (room && n == 0)
        c->at_end = true;
    else if (n < 0 && errno != EAGAIN && errno != EINTR)
        c->over = true;
    work(c);
}

static void out_of_time(struct loop_timer *t)
{
    end(t->data);
}

/* Where there are too many, the one goes that was idle longest. */
static void make_room(struct dns *d)
{
    struct dns_connection *oldest = d->connections;

    for (struct dns_connection *c = d->connections; c; c = c->next)
        if (c->timer.at < oldest->timer.at)
            oldest = c;
    if (d->n_connections >= DNS_CONNECTIONS_MAX)
        end(oldest);
}

/* Who waits would be told of again at once: where there are no more descriptors, they have to wait. */
static void accept_failed(struct dns *d, int error)
{
    log_debug("a connection for names: %s", strerror(error));
    if (error == EAGAIN || error == EINTR || error == ECONNABORTED)
        return;
    loop_watch(d->loop, &d->listener, 0);
    loop_set_timer(d->loop, &d->accept_again, time_monotonic() + rest);
}

void dns_tcp_accept_again(struct loop_timer *t)
{
    struct dns *d = t->data;

    loop_watch(d->loop, &d->listener, EPOLLIN);
}

void dns_tcp_ready(struct loop_watch *w, uint32_t events _unused_)
{
    struct dns *d = w->data;
    int fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct dns_connection *c;

    if (fd < 0) {
        accept_failed(d, errno);
        return;
    }
    make_room(d);
    c = mem_zalloc(1, sizeof(*c));
    *c = (struct dns_connection){.next = d->connections,
                                 .dns = d,
                                 .watch = {.fd = fd, .ready = connection_ready, .data = c},
                                 .timer = {.due = out_of_time, .data = c},
                                 .in = BUF_INIT_MAX(IN_MAX)};
    d->connections = c;
    d->n_connections++;
    touch(c);
    loop_watch(d->loop, &c->watch, EPOLLIN);
}

void dns_tcp_end_all(struct dns *d)
{
    loop_set_timer(d->loop, &d->accept_again, 0);
    while (d->connections)
        end(d->connections);
}
