#include "network/dns_internal.h"

#include "base/log.h"
#include "base/strv.h"
#include "sys/fd.h"

#include <fcntl.h>

static void networks_release(struct dns_networks_known *k)
{
    VEC_FOREACH (n, &k->list) {
        free(n->id);
        free(n->name);
        free(n->subnets.v);
        if (n->table)
            endpoint_table_free(n->table);
    }
    free(k->list.v);
    k->list.v = NULL;
    k->list.n = k->list.cap = 0;
}

/* Its name, and the subnets of a bridge: those of macvlan and ipvlan have other machines in them, with names of their
 * own. */
static void describe(struct store *s, struct dns_network *n)
{
    _cleanup_network_ struct store_network network = {0};
    struct ip_net subnet;

    if (store_network_find(s, n->id, &network, NULL) < 0)
        return;
    str_replace(&n->name, str_dup(network.name));
    if (!str_eq(network.driver, "bridge"))
        return;
    VEC_FOREACH (i, &network.subnets)
        if (i->subnet && ip_net_parse(i->subnet, &subnet, NULL) == 0)
            *VEC_PUSH(&n->subnets) = subnet;
}

static int open_networks(struct store *s, char *const *ids, struct dns_networks_known *ret, struct err *err)
{
    struct dns_networks_known known = {.names = endpoint_table_names, .reverse = endpoint_table_reverse};
    int r = 0;

    STRV_FOREACH (id, ids) {
        struct dns_network *n = VEC_PUSH(&known.list);

        *n = (struct dns_network){.id = str_dup(*id), .name = str_dup("")};
        r = endpoint_table_open(s, *id, &n->table, err);
        if (r < 0) {
            networks_release(&known);
            return r;
        }
        describe(s, n);
    }
    *ret = known;
    return 0;
}

int dns_networks(struct dns *d, char *const *networks, bool forward, struct err *err)
{
    struct dns_networks_known known;
    int r = open_networks(d->store, networks, &known, err);

    if (r < 0)
        return r;
    networks_release(&d->known);
    d->known = known;
    d->forward = forward;
    return 0;
}

/* ---- questions ---- */

static void send_datagram(struct dns *d, const struct dns_client *client, const uint8_t *m, size_t len)
{
    if (sendto(d->udp.fd, m, len, MSG_DONTWAIT, (const struct sockaddr *)&client->address, sizeof(client->address)) < 0)
        log_debug("answering a name: %s", strerror(errno)); /* it will be asked for again */
}

void dns_give(struct dns *d, const struct dns_client *client, size_t max, size_t question_end, const uint8_t *m,
              size_t len)
{
    _cleanup_buf_ struct buf cut = BUF_INIT;

    if (client->connection) {
        dns_tcp_give(client->connection, m, len);
        return;
    }
    if (len > max) {
        dns_answer_cut(m, MIN_OF(question_end, len), &cut);
        m = (const uint8_t *)cut.p;
        len = cut.len;
    }
    send_datagram(d, client, m, len);
}

static void refuse(struct dns *d, const struct dns_client *client, const struct dns_query *q, const uint8_t *m,
                   int rcode)
{
    _cleanup_buf_ struct buf out = BUF_INIT;
    struct dns_answer a;

    dns_answer_begin(&a, q, m, rcode, DNS_MESSAGE_MAX, &out);
    dns_answer_end(&a);
    dns_give(d, client, q->udp_max, q->question_end, (const uint8_t *)out.p, out.len);
}

void dns_asked(struct dns *d, const struct dns_client *client, const uint8_t *m, size_t len)
{
    _cleanup_buf_ struct buf out = BUF_INIT;
    struct dns_query q;
    int rcode = dns_query_parse(m, len, &q);
    size_t max = client->connection ? DNS_MESSAGE_MAX : q.udp_max;

    if (rcode < 0)
        return;
    if (rcode > 0)
        refuse(d, client, &q, m, rcode);
    else if (dns_local_answer(&d->known, &q, m, max, d->forward, &out))
        dns_give(d, client, max, q.question_end, (const uint8_t *)out.p, out.len);
    else
        dns_forward(d, client, &q, m, len);
}

static void datagram_ready(struct loop_watch *w, uint32_t events _unused_)
{
    struct dns *d = w->data;
    struct dns_client client = {0};
    socklen_t size = sizeof(client.address);
    uint8_t m[DNS_QUERY_MAX + 1]; /* a longer one is seen to be too long */
    ssize_t n = recvfrom(w->fd, m, sizeof(m), MSG_DONTWAIT, (struct sockaddr *)&client.address, &size);

    if (n >= 0 && size == sizeof(client.address) && client.address.sin_family == AF_INET)
        dns_asked(d, &client, m, (size_t)n);
}

/* ---- the whole ---- */

int dns_begin(const struct dns_job *job, struct dns **ret, struct err *err)
{
    struct dns *d = mem_zalloc(1, sizeof(*d));
    int r;

    *d = (struct dns){.loop = job->loop,
                      .store = job->store,
                      .ns = fcntl(job->ns, F_DUPFD_CLOEXEC, 3),
                      .udp = {.fd = -1, .ready = datagram_ready, .data = d},
                      .listener = {.fd = -1, .ready = dns_tcp_ready, .data = d},
                      .accept_again = {.due = dns_tcp_accept_again, .data = d}};
    r = d->ns < 0 ? err_errno(err, errno, "the container's network namespace")
                  : dns_networks(d, job->networks, job->forward, err);
    if (r == 0)
        r = dns_sockets_open(d, err);
    if (r < 0) {
        dns_end(d);
        return err_wrap(err, "answering names");
    }
    dns_servers_init(&d->servers, job->servers);
    loop_watch(d->loop, &d->udp, EPOLLIN);
    loop_watch(d->loop, &d->listener, EPOLLIN);
    *ret = d;
    return 0;
}

static void watch_end(struct dns *d, struct loop_watch *w)
{
    if (w->fd >= 0)
        loop_watch(d->loop, w, 0);
    w->fd = fd_close(w->fd);
}

void dns_end(struct dns *d)
{
    dns_forward_end_all(d);
    dns_tcp_end_all(d);
    watch_end(d, &d->udp);
    watch_end(d, &d->listener);
    networks_release(&d->known);
    fd_close(d->ns);
    free(d);
}
