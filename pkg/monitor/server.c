#include "monitor/server.h"

#include "monitor/socket.h"
#include "sys/fd.h"

#include <sys/socket.h>

void server_drop(struct server *s, struct connection *c)
{
    struct connection **place = &s->connections;

    while (*place && *place != c)
        place = &(*place)->next;
    if (*place)
        *place = c->next;
    s->gone(s->data, c);
    loop_watch(s->loop, &c->watch, 0);
    fd_close(c->watch.fd);
    free(c);
}

static void connection_ready(struct loop_watch *w, uint32_t events _unused_)
{
    struct connection *c = w->data;
    struct frame frame;
    int r = frame_receive(w->fd, &frame);

    if (r == -EAGAIN)
        return;
    if (r <= 0) {
        server_drop(c->server, c);
        return;
    }
    c->server->asked(c->server->data, c, &frame);
    frame_release(&frame);
}

struct connection *server_adopt(struct server *s, int fd)
{
    struct connection *c = mem_zalloc(1, sizeof(*c));

    fd_set_nonblock(fd, 1);
    *c = (struct connection){
        .server = s, .watch = {.fd = fd, .ready = connection_ready, .data = c}, .next = s->connections};
    s->connections = c;
    loop_watch(s->loop, &c->watch, EPOLLIN);
    return c;
}

static bool accept_one(struct server *s)
{
    int fd = accept4(s->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    return fd >= 0 && server_adopt(s, fd);
}

static void listener_ready(struct loop_watch *w, uint32_t events _unused_)
{
    accept_one(w->data);
}

int server_listen(struct server *s, struct store *store, const char *id, struct err *err)
{
    int fd, r = monitor_socket_make(store, id, &fd, err);

    if (r < 0)
        return r;
    s->listener = (struct loop_watch){.fd = fd, .ready = listener_ready, .data = s};
    loop_watch(s->loop, &s->listener, EPOLLIN);
    return 0;
}

void server_close(struct server *s, struct store *store, const char *id)
{
    if (s->listener.fd < 0)
        return;
    monitor_sweep(store, id);
    while (accept_one(s)) /* who came in time hears of the end */
        ;
    loop_watch(s->loop, &s->listener, 0);
    s->listener.fd = fd_close(s->listener.fd);
}

void server_tell(struct server *s, struct connection *c, uint32_t type, const void *data, size_t len, const int *fds,
                 size_t n_fds)
{
    if (frame_send(c->watch.fd, type, data, len, fds, n_fds) < 0)
        server_drop(s, c);
}

void server_tell_all(struct server *s, uint32_t type, const void *data, size_t len, const int *fds, size_t n_fds)
{
    for (struct connection *c = s->connections, *next; c; c = next) {
        next = c->next;
        server_tell(s, c, type, data, len, fds, n_fds);
    }
}

void server_release(struct server *s)
{
    while (s->connections)
        server_drop(s, s->connections);
    if (s->listener.fd >= 0)
        loop_watch(s->loop, &s->listener, 0);
    s->listener.fd = fd_close(s->listener.fd);
}
