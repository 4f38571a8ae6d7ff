/* The inside of dns.h: sockets in the container's namespace, questions that wait for an answer from elsewhere. */
#pragma once

#include "network/dns.h"
#include "network/dns_local.h"
#include "network/dns_servers.h"

#include <netinet/in.h>

enum {
    DNS_PENDING_MAX = 128,    /* questions of a container that wait for others, with up to three sockets each, */
    DNS_PENDING_TCP_MAX = 32, /* over TCP among them, whose answers take up to 64 KiB each */
    DNS_CONNECTIONS_MAX = 32,
};

/* Who asked: a UDP address, or a connection. */
struct dns_connection;
struct dns_client {
    struct sockaddr_in address;
    struct dns_connection *connection; /* NULL: UDP */
};

struct dns {
    struct loop *loop;
    struct store *store;
    int ns;
    bool forward;
    struct dns_networks_known known;
    struct dns_servers servers;
    struct loop_watch udp, listener;
    struct loop_timer accept_again;
    struct dns_connection *connections;
    unsigned n_connections;
    struct dns_pending *pending;
    unsigned n_pending, n_pending_tcp, most_pending;
};

/* Sockets of both protocols in the container's namespace; their ports in host order (dns_sockets.c). */
int dns_sockets_open(struct dns *d, struct err *err);

/* A question came: it is answered, now or later, or it is none. `m` is the caller's. */
void dns_asked(struct dns *d, const struct dns_client *client, const uint8_t *m, size_t len);
/* Gives an answer to who asked, cut where it is too long for them. */
void dns_give(struct dns *d, const struct dns_client *client, size_t max, size_t question_end, const uint8_t *m,
              size_t len);

/* Asks others (dns_forward.c). */
void dns_forward(struct dns *d, const struct dns_client *client, const struct dns_query *q, const uint8_t *m,
                 size_t len);
void dns_forward_end_all(struct dns *d);
/* Forgets what a connection waits for. */
void dns_forward_forget(struct dns *d, const struct dns_connection *connection);

/* Connections of the container's programs (dns_tcp.c). */
void dns_tcp_ready(struct loop_watch *w, uint32_t events);
void dns_tcp_accept_again(struct loop_timer *t);
void dns_tcp_give(struct dns_connection *c, const uint8_t *m, size_t len);
void dns_tcp_end_all(struct dns *d);
