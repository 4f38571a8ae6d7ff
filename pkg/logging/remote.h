/* Sending log messages to somebody who listens on a socket: whole messages, in their order, without ever waiting for
 * him while the program runs. While he does not take them, the last ones are kept, and what is lost is told.
 */
#pragma once

#include "logging/internal.h"

#include <sys/socket.h>

struct log_address {
    struct sockaddr_storage to;
    socklen_t len;
    int type; /* SOCK_DGRAM or SOCK_STREAM */
};

/* A socket's path; ERR_LIMIT where it is too long. */
int log_address_unix(const char *path, int type, struct log_address *ret, struct err *err);

/* A host's name or address and port; asks the resolver where it is a name. ERR_NETWORK. */
int log_address_inet(const char *host, const char *port, int type, struct log_address *ret, struct err *err);

/* Whether somebody listens there, as far as that can be told: of datagrams to another host it cannot. ERR_UNSUPPORTED;
 * `name` is for the text. Waits for a few seconds at most. */
int log_address_try(const struct log_address *address, const char *name, struct err *err);

struct log_remote;

struct log_remote *log_remote_new(const struct log_address *address, int64_t max_pending);
void log_remote_send(struct log_remote *r, const char *message, size_t len);

/* Tries again what waits, when it is due; `end`: now, and for a few seconds. */
void log_remote_flush(struct log_remote *r, bool end);

/* When that is due, in time_monotonic()'s time; 0: nothing waits. */
int64_t log_remote_wake(const struct log_remote *r);

/* Whether messages were lost since the last call, and there is somebody again to tell it to: the entry that does. */
enum { LOG_REMOTE_NOTICE_MAX = 80 };
bool log_remote_lost(struct log_remote *r, char text[LOG_REMOTE_NOTICE_MAX], struct logging_entry *ret);

void log_remote_free(struct log_remote *r);

/* What the sink of a driver that sends begins with, and the driver's functions that are the same for all of them. */
struct log_remote_sink {
    struct log_remote *remote;
    struct buf message;
    void (*put)(void *sink, const struct logging_entry *e); /* one as a message, into the empty `message` */
};

void log_remote_sink_release(struct log_remote_sink *s);
void log_remote_sink_entry(void *sink, const struct logging_entry *e);
void log_remote_sink_flush(void *sink, bool end);
int64_t log_remote_sink_wake(const void *sink);
