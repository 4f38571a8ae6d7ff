/* Questions that others answer. Each has a socket of its own for every server that it was sent to, connected to it, so
 * with a port that the kernel drew, and an id drawn here: who would forge an answer has to guess both, and to repeat
 * the question. RFC 5452.
 *
 * The servers are asked one after the other, the next one when one is late or refuses; an answer of an earlier one
 * still counts. What an answer over UDP had no room for is asked for again over TCP.
 */
#include "base/log.h"
#include "base/time.h"
#include "network/attach.h"
#include "network/dns_internal.h"
#include "sys/fd.h"

#include <malloc.h>
#include <sys/random.h>

enum { PREFIX = 2, MANY = 16 };

/* The askers' own patience is 5 s (resolv.conf(5), RES_TIMEOUT): they hear of a failure before. */
static const int64_t second = 1000000000, patience = 4500000000, bad_for = 30000000000;

struct dns_ask {
    struct loop_watch watch; /* .fd -1: not asked, or it failed */
    struct dns_pending *pending;
    uint16_t id;
    bool tcp, failed;
    struct buf out, in; /* of TCP, with the length before the message */
};

struct dns_pending {
    struct dns_pending *next;
    struct dns *dns;
    struct dns_client client;
    uint16_t id, udp_max;
    bool edns, tcp, counted_tcp;
    size_t question_end, len;
    uint8_t *query;
    struct dns_server servers[DNS_SERVERS_MAX];
    uint8_t order[DNS_SERVERS_MAX];
    unsigned n, at; /* servers, and how many of them were asked */
    struct dns_ask asks[DNS_SERVERS_MAX];
    int64_t since;
    struct loop_timer timer;
    struct buf best; /* an answer that says it failed, or is truncated: given where nobody has a better one */
};

static void ask_end(struct dns *d, struct dns_ask *a)
{
    if (a->watch.fd >= 0)
        loop_watch(d->loop, &a->watch, 0);
    a->watch.fd = fd_close(a->watch.fd);
    buf_free(&a->out);
    buf_free(&a->in);
}

static void pending_free(struct dns_pending *p)
{
    struct dns *d = p->dns;
    struct dns_pending **place = &d->pending;

    while (*place != p)
        place = &(*place)->next;
    *place = p->next;
    d->n_pending--;
    d->n_pending_tcp -= p->counted_tcp;
    loop_set_timer(d->loop, &p->timer, 0);
    for (unsigned i = 0; i < DNS_SERVERS_MAX; i++)
        ask_end(d, &p->asks[i]);
    buf_free(&p->best);
    free(p->query);
    free(p);
    if (!d->n_pending && d->most_pending > MANY) { /* what a flood took is given back */
        malloc_trim(0);
        d->most_pending = 0;
    }
}

/* ---- the end of it ---- */

/* What does not fit the asker's datagram is there in a form that says so, where one came. A connection may end over it,
 * and then forgets all that waits for it but this. */
static void give(struct dns_pending *p, uint8_t *m, size_t len)
{
    struct dns_client client = p->client;

    if (!client.connection && len > p->udp_max && p->best.len && p->best.len <= p->udp_max) {
        m = (uint8_t *)p->best.p;
        len = p->best.len;
    }
    dns_set_id(m, p->id);
    p->client.connection = NULL;
    dns_give(p->dns, &client, p->udp_max, p->question_end, m, len);
    pending_free(p);
}

static void give_failure(struct dns *d, const struct dns_client *client, const struct dns_query *q, const uint8_t *m)
{
    _cleanup_buf_ struct buf out = BUF_INIT;
    struct dns_answer a;

    dns_answer_begin(&a, q, m, DNS_SERVFAIL, DNS_MESSAGE_MAX, &out);
    dns_answer_end(&a);
    dns_give(d, client, q->udp_max, q->question_end, (const uint8_t *)out.p, out.len);
}

static void give_up(struct dns_pending *p)
{
    struct dns_client client = p->client;
    struct dns_query q;

    if (p->best.len) {
        give(p, (uint8_t *)p->best.p, p->best.len);
        return;
    }
    dns_query_parse(p->query, p->len, &q);
    q.id = p->id;
    p->client.connection = NULL;
    give_failure(p->dns, &client, &q, p->query);
    pending_free(p);
}

/* ---- servers ---- */

/* The one that was asked, as long as the list is the same. */
static struct dns_server *server_of(const struct dns_ask *a)
{
    const struct dns_pending *p = a->pending;
    struct dns_servers *all = &p->dns->servers;
    const struct dns_server *asked = &p->servers[a - p->asks];

    for (unsigned i = 0; i < all->n; i++)
        if (all->v[i].len == asked->len && memcmp(&all->v[i].address, &asked->address, asked->len) == 0)
            return &all->v[i];
    return NULL;
}

/* One that has answered somebody else meanwhile only has a hard question. */
static void note_bad(const struct dns_ask *a)
{
    struct dns_server *s = server_of(a);

    if (s && s->answered < a->pending->since)
        s->bad_until = time_monotonic() + bad_for;
}

static void note_good(const struct dns_ask *a)
{
    struct dns_server *s = server_of(a);

    if (s) {
        s->answered = time_monotonic();
        s->bad_until = 0;
    }
}

/* ---- asking ---- */

struct opening {
    int type;
    const struct dns_server *server;
    int fd;
};

static int open_socket(void *data, struct err *err)
{
    struct opening *o = data;

    o->fd = socket(o->server->address.any.sa_family, o->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return o->fd < 0 ? err_errno(err, errno, "a socket for names") : 0;
}

static int connect_to(const struct dns *d, const struct dns_server *server, int type)
{
    struct opening o = {.type = type, .server = server, .fd = -1};
    struct err why = ERR_INIT;
    int r = server->inside ? network_namespace_within(d->ns, open_socket, &o, &why) : open_socket(&o, &why);
    _cleanup_fd_ int fd = o.fd;

    if (r < 0) {
        log_debug("%s", why.text);
        return -1;
    }
    if (connect(fd, &server->address.any, server->len) < 0 && errno != EINPROGRESS)
        return -1;
    return steal_fd(&fd);
}

static void answer_ready(struct loop_watch *w, uint32_t events);

/* Sends it to a server; false where that fails at once. */
static bool ask(struct dns_pending *p, unsigned i, bool tcp)
{
    struct dns_ask *a = &p->asks[i];
    uint8_t prefix[PREFIX] = {(uint8_t)(p->len >> 8), (uint8_t)p->len};

    ask_end(p->dns, a);
    *a = (struct dns_ask){
        .watch = {.fd = connect_to(p->dns, &p->servers[i], tcp ? SOCK_STREAM : SOCK_DGRAM), .ready = answer_ready},
        .pending = p,
        .tcp = tcp};
    a->watch.data = a;
    if (a->watch.fd < 0 || getrandom(&a->id, sizeof(a->id), 0) != sizeof(a->id))
        return false;
    dns_set_id(p->query, a->id);
    if (tcp) {
        buf_add(&a->out, prefix, sizeof(prefix));
        buf_add(&a->out, p->query, p->len);
    } else if (send(a->watch.fd, p->query, p->len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        return false;
    }
    loop_watch(p->dns->loop, &a->watch, tcp ? EPOLLOUT : EPOLLIN);
    return true;
}

static bool somebody_may_answer(const struct dns_pending *p)
{
    for (unsigned i = 0; i < p->at; i++)
        if (!p->asks[p->order[i]].failed)
            return true;
    return false;
}

/* The next server; where all were asked, those that have not failed once more, since datagrams get lost. */
static void ask_next(struct dns_pending *p)
{
    int64_t now = time_monotonic(), end = p->since + patience;

    while (p->at < p->n) {
        unsigned i = p->order[p->at++];

        if (ask(p, i, p->tcp)) {
            loop_set_timer(p->dns->loop, &p->timer, p->tcp ? now + (end - now) / (p->n - p->at + 1) : now + second);
            return;
        }
        p->asks[i].failed = true;
        note_bad(&p->asks[i]);
        ask_end(p->dns, &p->asks[i]);
    }
    if (now >= end || !somebody_may_answer(p)) {
        give_up(p);
        return;
    }
    for (unsigned i = 0; i < p->n && !p->tcp; i++)
        if (!p->asks[i].failed && !p->asks[i].tcp) {
            dns_set_id(p->query, p->asks[i].id);
            (void)!send(p->asks[i].watch.fd, p->query, p->len, MSG_DONTWAIT | MSG_NOSIGNAL);
        }
    loop_set_timer(p->dns->loop, &p->timer, end);
}

static void late(struct loop_timer *t)
{
    struct dns_pending *p = t->data;

    if (p->at)
        note_bad(&p->asks[p->order[p->at - 1]]);
    ask_next(p);
}

/* ---- answers ---- */

/* It will not answer. The next one is asked, unless another was asked meanwhile. */
static void failed(struct dns_ask *a)
{
    struct dns_pending *p = a->pending;
    bool last = p->at && p->order[p->at - 1] == a - p->asks;

    a->failed = true;
    ask_end(p->dns, a);
    if (last || !somebody_may_answer(p))
        ask_next(p);
}

static void keep(struct dns_pending *p, const uint8_t *m, size_t len)
{
    buf_clear(&p->best);
    buf_add(&p->best, m, len);
}

static bool may_use_tcp(struct dns_pending *p)
{
    if (p->counted_tcp)
        return true;
    if (p->dns->n_pending_tcp >= DNS_PENDING_TCP_MAX)
        return false;
    p->dns->n_pending_tcp++;
    return p->counted_tcp = true;
}

static bool is_failure(const uint8_t *m)
{
    int rcode = dns_flags(m) & DNS_RCODE;

    return rcode == DNS_SERVFAIL || rcode == DNS_NOTIMP || rcode == DNS_REFUSED;
}

/* An answer to what was asked. Who said nothing of EDNS takes no more than what is there already. */
static void take_answer(struct dns_ask *a, uint8_t *m, size_t len)
{
    struct dns_pending *p = a->pending;

    note_good(a);
    if (is_failure(m)) {
        keep(p, m, len);
        failed(a);
    } else if (!a->tcp && dns_flags(m) & DNS_TRUNCATED && p->edns && may_use_tcp(p)) {
        keep(p, m, len);
        if (!ask(p, (unsigned)(a - p->asks), true))
            failed(a);
    } else {
        give(p, m, len);
    }
}

static bool fits(const struct dns_ask *a, const uint8_t *m, size_t len)
{
    return dns_answer_matches(m, len, a->pending->query, a->pending->question_end, a->id);
}

static void datagram_ready(struct dns_ask *a)
{
    uint8_t nothing;
    ssize_t n = recv(a->watch.fd, &nothing, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
    _cleanup_free_ uint8_t *m = n > 0 ? mem_alloc((size_t)n) : NULL;

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0) { /* nobody there: ECONNREFUSED, EHOSTUNREACH */
        note_bad(a);
        failed(a);
        return;
    }
    n = recv(a->watch.fd, m ? m : &nothing, (size_t)n, MSG_DONTWAIT);
    if (n > 0 && fits(a, m, (size_t)n)) /* else it is not the server's, and that one's may still come */
        take_answer(a, m, (size_t)n);
}

/* Where the whole length is known, and there: the message's. */
static size_t whole_message(const struct buf *in)
{
    const uint8_t *p = (const uint8_t *)in->p;
    size_t len = in->len < PREFIX ? 0 : (size_t)p[0] << 8 | p[1];

    return len && in->len >= PREFIX + len ? len : 0;
}

static void stream_ready(struct dns_ask *a)
{
    size_t known = a->in.len < PREFIX ? 0 : (size_t)(uint8_t)a->in.p[0] << 8 | (uint8_t)a->in.p[1];
    size_t want = PREFIX + known - a->in.len;
    void *room;
    ssize_t n;

    if (a->out.len) {
        n = send(a->watch.fd, a->out.p, a->out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0)
            buf_consume(&a->out, (size_t)n);
        if (n >= 0 && !a->out.len)
            loop_watch(a->pending->dns->loop, &a->watch, EPOLLIN);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            failed(a);
        return;
    }
    room = buf_reserve(&a->in, want);
    n = recv(a->watch.fd, room, want, MSG_DONTWAIT);
    if (n > 0)
        buf_grown(&a->in, (size_t)n);
    known = whole_message(&a->in);
    if (known && fits(a, (const uint8_t *)a->in.p + PREFIX, known)) {
        _cleanup_buf_ struct buf in = a->in;

        a->in = BUF_INIT;
        take_answer(a, (uint8_t *)in.p + PREFIX, known);
    } else if (known || n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR) ||
               (a->in.len == PREFIX && !a->in.p[0] && !a->in.p[1])) {
        failed(a);
    }
}

static void answer_ready(struct loop_watch *w, uint32_t events _unused_)
{
    struct dns_ask *a = w->data;

    if (a->tcp)
        stream_ready(a);
    else
        datagram_ready(a);
}

/* ---- a new question ---- */

void dns_forward(struct dns *d, const struct dns_client *client, const struct dns_query *q, const uint8_t *m,
                 size_t len)
{
    struct dns_pending *p;

    dns_servers_refresh(&d->servers);
    if (d->n_pending >= DNS_PENDING_MAX || !d->servers.n ||
        (client->connection && d->n_pending_tcp >= DNS_PENDING_TCP_MAX)) {
        give_failure(d, client, q, m);
        return;
    }
    p = mem_zalloc(1, sizeof(*p));
    *p = (struct dns_pending){.next = d->pending,
                              .dns = d,
                              .client = *client,
                              .id = q->id,
                              .udp_max = q->udp_max,
                              .edns = q->edns,
                              .tcp = client->connection,
                              .question_end = q->question_end,
                              .len = len,
                              .query = mem_dup(m, len),
                              .n = d->servers.n,
                              .since = time_monotonic(),
                              .timer = {.due = late, .data = p}};
    memcpy(p->servers, d->servers.v, sizeof(p->servers));
    dns_servers_order(&d->servers, p->since, p->order);
    for (unsigned i = 0; i < DNS_SERVERS_MAX; i++)
        p->asks[i].watch.fd = -1;
    d->pending = p;
    d->n_pending++;
    d->most_pending = MAX_OF(d->most_pending, d->n_pending);
    if (p->tcp)
        may_use_tcp(p);
    ask_next(p);
}

void dns_forward_end_all(struct dns *d)
{
    while (d->pending)
        pending_free(d->pending);
}

void dns_forward_forget(struct dns *d, const struct dns_connection *connection)
{
    for (struct dns_pending *p = d->pending, *next; p; p = next) {
        next = p->next;
        if (p->client.connection == connection)
            pending_free(p);
    }
}
