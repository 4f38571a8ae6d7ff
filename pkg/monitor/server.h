/* Who talks to a monitor: its socket and the connections to it. */
#pragma once

#include "monitor/monitor.h"
#include "sys/frame.h"
#include "sys/loop.h"

#include <stdbool.h>

struct stream_tap;
struct server;

struct connection {
    struct server *server;
    struct loop_watch watch;
    struct stream_tap *taps[2]; /* of output and errors */
    bool follows;               /* the run that is: what it lets go of is not the next one's */
    bool input;                 /* it was given the program's input */
    struct connection *next;
};

struct server {
    struct loop *loop;
    struct loop_watch listener; /* .fd -1: it does not listen */
    struct connection *connections;
    void (*asked)(void *data, struct connection *from, const struct frame *frame);
    void (*gone)(void *data, struct connection *c); /* it is freed afterwards */
    void *data;
};

/* Makes the socket <state>/monitor/ID, in the place of one that was left. ERR_IO. */
int server_listen(struct server *s, struct store *store, const char *id, struct err *err);

/* Nobody connects any more; the connections that there are stay. */
void server_close(struct server *s, struct store *store, const char *id);

/* Takes over one end of a connection; NULL where it has none to take (no memory of the kernel's). */
struct connection *server_adopt(struct server *s, int fd);
void server_drop(struct server *s, struct connection *c);

/* Sends to one, or to all. One that does not read what it is sent is dropped, not waited for. */
void server_tell(struct server *s, struct connection *c, uint32_t type, const void *data, size_t len, const int *fds,
                 size_t n_fds);
void server_tell_all(struct server *s, uint32_t type, const void *data, size_t len, const int *fds, size_t n_fds);

void server_release(struct server *s);
