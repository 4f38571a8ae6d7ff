#include "logging/remote.h"

#include "base/log.h"
#include "base/time.h"
#include "sys/fd.h"

#include <inttypes.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/un.h>

#define RETRY     INT64_C(200000000)
#define END_LIMIT INT64_C(3000000000)
enum { TRY_LIMIT_MS = 3000 };

struct log_remote {
    struct log_address address;
    size_t max_pending;
    int fd;             /* -1: not connected */
    struct buf pending; /* each message behind its length, a uint32_t */
    size_t sent;        /* of the first of them */
    uint64_t lost;
    int64_t retry; /* time_monotonic() */
};

int log_address_unix(const char *path, int type, struct log_address *ret, struct err *err)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof(to.sun_path))
        return err_set(err, ERR_LIMIT, "%s: the path of a socket is at most %zu bytes long", path,
                       sizeof(to.sun_path) - 1);
    strcpy(to.sun_path, path);
    *ret = (struct log_address){.len = sizeof(to), .type = type};
    memcpy(&ret->to, &to, sizeof(to));
    return 0;
}

int log_address_inet(const char *host, const char *port, int type, struct log_address *ret, struct err *err)
{
    const struct addrinfo hints = {.ai_socktype = type};
    struct addrinfo *found;
    int r = getaddrinfo(host, port, &hints, &found);

    if (r)
        return err_set(err, ERR_NETWORK, "%s: %s", host, r == EAI_SYSTEM ? strerror(errno) : gai_strerror(r));
    *ret = (struct log_address){.len = found->ai_addrlen, .type = type};
    memcpy(&ret->to, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return 0;
}

/* Of a connection that is being made: 0 once it is, or an errno. */
static int await_connection(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
    int error = 0;
    socklen_t len = sizeof(error);

    if (poll(&poll_fd, 1, TRY_LIMIT_MS) <= 0)
        return ETIMEDOUT;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0 ? errno : error;
}

int log_address_try(const struct log_address *address, const char *name, struct err *err)
{
    _cleanup_fd_ int fd = socket(address->to.ss_family, address->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int error = 0;

    if (fd < 0 || connect(fd, (const struct sockaddr *)&address->to, address->len) < 0)
        error = errno;
    if (error == EINPROGRESS)
        error = await_connection(fd);
    return error ? err_set(err, ERR_UNSUPPORTED, "%s: %s", name, strerror(error)) : 0;
}

struct log_remote *log_remote_new(const struct log_address *address, int64_t max_pending)
{
    struct log_remote *r = mem_zalloc(1, sizeof(*r));

    r->address = *address;
    r->max_pending = (size_t)MAX_OF(max_pending, LOGGING_PENDING_MAX);
    r->fd = -1;
    return r;
}

static void disconnect(struct log_remote *r, int error)
{
    log_debug("logging: %s", strerror(error));
    r->fd = fd_close(r->fd);
    r->sent = 0; /* on another connection a message begins anew */
}

static bool connect_now(struct log_remote *r)
{
    if (r->fd >= 0)
        return true;
    r->fd = socket(r->address.to.ss_family, r->address.type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (r->fd < 0)
        return false;
    if (connect(r->fd, (const struct sockaddr *)&r->address.to, r->address.len) == 0 || errno == EINPROGRESS)
        return true;
    disconnect(r, errno);
    return false;
}

/* As much of a message as is taken: bytes, or -1 where he takes none now. */
static ssize_t put(struct log_remote *r, const char *message, size_t len)
{
    ssize_t n = connect_now(r) ? send(r->fd, message, len, MSG_NOSIGNAL) : -1;

    if (n < 0 && r->fd >= 0 && errno == EMSGSIZE)
        return (ssize_t)len; /* will never be taken */
    if (n < 0 && r->fd >= 0 && errno != EAGAIN && errno != ENOTCONN && errno != EINTR)
        disconnect(r, errno);
    return n;
}

/* How much a message takes that waits at this place of the buffer, with its length before it. */
static size_t size_at(const struct log_remote *r, size_t at)
{
    uint32_t len;

    memcpy(&len, r->pending.p + at, sizeof(len));
    return sizeof(len) + len;
}

/* Sends what waits, as far as it goes. */
static void catch_up(struct log_remote *r)
{
    while (r->pending.len) {
        size_t len = size_at(r, 0) - sizeof(uint32_t);
        ssize_t n = put(r, r->pending.p + sizeof(uint32_t) + r->sent, len - r->sent);

        if (n < 0) {
            r->retry = time_monotonic() + RETRY;
            return;
        }
        r->sent += (size_t)n;
        if (r->sent == len) {
            buf_consume(&r->pending, sizeof(uint32_t) + len);
            r->sent = 0;
        }
    }
    r->retry = 0;
    buf_free(&r->pending);
}

/* Forgets the oldest message that waits, but not one that is half sent. */
static bool drop_oldest(struct log_remote *r)
{
    size_t at = r->sent ? size_at(r, 0) : 0, n;

    if (at == r->pending.len)
        return false;
    n = size_at(r, at);
    memmove(r->pending.p + at, r->pending.p + at + n, r->pending.len - at - n);
    r->pending.len -= n;
    r->lost++;
    return true;
}

/* Keeps a message, of which `sent` bytes are gone, for later. */
static void hold(struct log_remote *r, const char *message, size_t message_len, size_t sent)
{
    uint32_t len = (uint32_t)message_len;

    while (r->pending.len + sizeof(len) + len > r->max_pending && drop_oldest(r))
        ;
    if (!r->pending.len)
        r->sent = sent;
    buf_add(&r->pending, &len, sizeof(len));
    buf_add(&r->pending, message, len);
    if (!r->retry)
        r->retry = time_monotonic() + RETRY;
}

void log_remote_send(struct log_remote *r, const char *message, size_t len)
{
    ssize_t n;

    if (r->pending.len && time_monotonic() >= r->retry)
        catch_up(r);
    n = r->pending.len ? -1 : put(r, message, len);
    if (n < (ssize_t)len)
        hold(r, message, len, n < 0 ? 0 : (size_t)n);
}

void log_remote_flush(struct log_remote *r, bool end)
{
    int64_t limit = time_monotonic() + END_LIMIT;

    if (r->pending.len && (end || time_monotonic() >= r->retry))
        catch_up(r);
    while (end && r->pending.len && time_monotonic() < limit) {
        struct pollfd fd = {.fd = r->fd, .events = POLLOUT};

        poll(&fd, 1, r->fd < 0 ? 50 : 500);
        catch_up(r);
    }
}

int64_t log_remote_wake(const struct log_remote *r)
{
    return r->pending.len ? r->retry : 0;
}

bool log_remote_lost(struct log_remote *r, char text[LOG_REMOTE_NOTICE_MAX], struct logging_entry *ret)
{
    if (!r->lost || r->pending.len)
        return false;
    *ret = (struct logging_entry){.time = time_now(), .stream = LOGGING_STDERR, .text = text};
    ret->len = (size_t)snprintf(text, LOG_REMOTE_NOTICE_MAX, "cbox: %" PRIu64 " line%s of output not kept\n", r->lost,
                                r->lost == 1 ? "" : "s");
    r->lost = 0;
    return true;
}

void log_remote_free(struct log_remote *r)
{
    fd_close(r->fd);
    buf_free(&r->pending);
    free(r);
}

/* ---- sinks ---- */

static void send_entry(struct log_remote_sink *s, const struct logging_entry *e)
{
    buf_clear(&s->message);
    s->put(s, e);
    log_remote_send(s->remote, s->message.p, s->message.len);
}

static void tell_lost(struct log_remote_sink *s)
{
    char text[LOG_REMOTE_NOTICE_MAX];
    struct logging_entry e;

    if (log_remote_lost(s->remote, text, &e))
        send_entry(s, &e);
}

void log_remote_sink_entry(void *sink, const struct logging_entry *e)
{
    tell_lost(sink);
    send_entry(sink, e);
}

void log_remote_sink_flush(void *sink, bool end)
{
    struct log_remote_sink *s = sink;

    log_remote_flush(s->remote, end);
    tell_lost(s);
}

int64_t log_remote_sink_wake(const void *sink)
{
    return log_remote_wake(((const struct log_remote_sink *)sink)->remote);
}

void log_remote_sink_release(struct log_remote_sink *s)
{
    log_remote_free(s->remote);
    buf_free(&s->message);
}
