#include "relay.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIRECT_MAX = 1 << 20, BYTES = 16384 };

/* splice(2) has no end that blocks then; it refuses files that are appended to. */
static bool can_go_direct(int from, int to)
{
    struct stat source, sink;

    return from >= 0 && to >= 0 && fstat(from, &source) == 0 && fstat(to, &sink) == 0 && S_ISFIFO(source.st_mode) &&
           (S_ISFIFO(sink.st_mode) || (S_ISREG(sink.st_mode) && !(fcntl(to, F_GETFL) & O_APPEND)));
}

void relay_begin(struct relay *r, int from, int to)
{
    struct stat st;

    r->from = from;
    r->to = to;
    r->whole = to >= 0 && fstat(to, &st) == 0 && S_ISREG(st.st_mode);
    r->direct = can_go_direct(from, to);
    r->full = false;
    r->keys = NULL;
    r->begin = r->end = 0;
}

bool relay_is_over(const struct relay *r)
{
    return r->from < 0;
}

bool relay_is_pending(const struct relay *r)
{
    return r->begin < r->end || r->full;
}

void relay_watch(const struct relay *r, struct pollfd fds[2])
{
    bool pending = relay_is_pending(r);

    fds[0] = (struct pollfd){.fd = pending ? -1 : r->from, .events = POLLIN};
    /* Without an event to wait for, POLLERR still tells of a reader that went away. */
    fds[1] = (struct pollfd){.fd = r->to, .events = pending ? POLLOUT : 0};
}

static void end(struct relay *r)
{
    relay_begin(r, -1, -1);
}

void relay_release(struct relay *r)
{
    free(r->bytes);
    *r = RELAY_NONE;
}

static void take(struct relay *r)
{
    ssize_t n;

    if (!r->bytes)
        r->bytes = mem_alloc(BYTES);
    n = read(r->from, r->bytes, BYTES - DETACH_KEYS_MAX);
    r->begin = 0;
    r->end = n > 0 ? (size_t)n : 0;
    if (r->keys && n > 0)
        r->end = detach_keys_filter(r->keys, r->bytes, r->end, &r->detached);
    if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
        end(r);
}

static void give(struct relay *r)
{
    size_t len = r->end - r->begin;
    ssize_t n;

    if (!r->whole)
        len = MIN_OF(len, (size_t)PIPE_BUF);
    n = write(r->to, r->bytes + r->begin, len);
    if (n >= 0)
        r->begin += (size_t)n;
    else if (errno != EINTR && errno != EAGAIN)
        end(r);
}

/* What had `room` was no obstacle: somebody else has read what there was. */
static void splice_on(struct relay *r, bool room)
{
    ssize_t n = splice(r->from, NULL, r->to, NULL, DIRECT_MAX, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);

    r->full = n < 0 && errno == EAGAIN && !room;
    if (n < 0 && errno == EINVAL) /* a file system that cannot */
        r->direct = false;
    else if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
        end(r);
}

void relay_move(struct relay *r, const struct pollfd fds[2])
{
    if (relay_is_over(r))
        return;
    if (r->direct && (fds[0].revents || fds[1].revents & POLLOUT)) {
        splice_on(r, fds[1].revents & POLLOUT);
        return;
    }
    if (fds[0].fd >= 0 && fds[0].revents)
        take(r);
    if (relay_is_over(r))
        return;
    if (relay_is_pending(r) && fds[1].revents & POLLOUT)
        give(r);
    else if (fds[1].revents & (POLLERR | POLLHUP | POLLNVAL))
        end(r);
}
