#include "layer/source.h"

#include "sys/fd.h"

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

/* A page in part is not forgotten, so the next time begins with the whole one, however large it may be. */
enum { DROP_STEP = 4 << 20, DROP_KEPT = 1 << 20 };

struct layer_source {
    int fd;
    int notice_fd;     /* -1: nothing more will be announced */
    bool given_up;     /* its end came before the last message */
    bool sequential;   /* read with read(2) */
    const char *start; /* of a sequential one, read already */
    size_t start_len;
    int cancel_fd;
    int64_t offset;
    int64_t dropped;   /* the page cache was asked to forget what is before it */
    int64_t available; /* -1: the end of the file is the end of the blob */
    unsigned char partial[sizeof(int64_t)];
    size_t n_partial; /* bytes of a message that came in two pieces */
};

static struct layer_source *source_new(int fd, int notice_fd, int64_t available)
{
    struct layer_source *s = mem_zalloc(1, sizeof(*s));

    *s = (struct layer_source){.fd = fd, .notice_fd = notice_fd, .available = available};
    s->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return s;
}

struct layer_source *layer_source_file(int fd)
{
    return source_new(fd, -1, -1);
}

struct layer_source *layer_source_pipe(int fd)
{
    struct layer_source *s = source_new(fd, -1, -1);

    s->sequential = true;
    return s;
}

void layer_source_begin_with(struct layer_source *s, const void *start, size_t len)
{
    s->start = start;
    s->start_len = len;
}

struct layer_source *layer_source_growing(int fd, int notice_fd)
{
    fd_set_nonblock(notice_fd, 1);
    return source_new(fd, notice_fd, 0);
}

void layer_source_free(struct layer_source *s)
{
    if (!s)
        return;
    fd_close(s->cancel_fd);
    free(s);
}

void layer_source_cancel(struct layer_source *s)
{
    uint64_t one = 1;

    (void)!write(s->cancel_fd, &one, sizeof(one));
}

static int source_wait(struct layer_source *s, struct err *err)
{
    struct pollfd p[] = {{.fd = s->cancel_fd, .events = POLLIN}, {.fd = s->notice_fd, .events = POLLIN}};

    while (poll(p, ARRAY_SIZE(p), -1) < 0)
        if (errno != EINTR)
            return err_errno(err, errno, "waiting for more of the layer");
    return p[0].revents ? err_set(err, ERR_INTERRUPTED, "reading the layer was cancelled") : 0;
}

static int source_take_message(struct layer_source *s, int64_t total, struct err *err)
{
    bool last = total < 0;

    if (last)
        total = ~total;
    if (total < s->available)
        return err_set(err, ERR_INTERNAL, "the layer's file is announced to shrink");
    s->available = total;
    if (last)
        s->notice_fd = -1;
    return 0;
}

/* Takes what is on the pipe: 1, or 0 when there was nothing. */
static int source_take_some(struct layer_source *s, struct err *err)
{
    unsigned char raw[4096];
    int64_t total;
    ssize_t n;

    memcpy(raw, s->partial, s->n_partial);
    n = read(s->notice_fd, raw + s->n_partial, sizeof(raw) - s->n_partial);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : err_errno(err, errno, "reading how much of the layer is there");
    if (n == 0) {
        s->given_up = true;
        s->notice_fd = -1;
        return 0;
    }
    n += (ssize_t)s->n_partial;
    s->n_partial = (size_t)n % sizeof(total);
    for (ssize_t at = 0; at + (ssize_t)sizeof(total) <= n && s->notice_fd >= 0; at += (ssize_t)sizeof(total)) {
        int r;

        memcpy(&total, raw + at, sizeof(total));
        r = source_take_message(s, total, err);
        if (r < 0)
            return r;
    }
    memcpy(s->partial, raw + n - (ssize_t)s->n_partial, s->n_partial);
    return 1;
}

/* Takes everything that is on the pipe, so that its writer never finds it full. */
static int source_take_all(struct layer_source *s, struct err *err)
{
    int r = 1;

    while (r == 1 && s->notice_fd >= 0)
        r = source_take_some(s, err);
    return r;
}

/* Nobody reads the compressed bytes again soon: the page cache takes the files that come out of them where they lay. */
static void drop_behind(struct layer_source *s)
{
    if (s->sequential || s->offset - s->dropped < DROP_STEP)
        return;
    posix_fadvise(s->fd, s->dropped, s->offset - s->dropped, POSIX_FADV_DONTNEED);
    s->dropped = s->offset & -(int64_t)DROP_KEPT;
}

static ssize_t take_start(struct layer_source *s, void *data, size_t size)
{
    size_t n = MIN_OF(size, s->start_len);

    memcpy(data, s->start, n);
    s->start += n;
    s->start_len -= n;
    s->offset += (int64_t)n;
    return (ssize_t)n;
}

ssize_t layer_source_read(struct layer_source *s, void *data, size_t size, struct err *err)
{
    ssize_t n;
    int r = source_take_all(s, err);

    if (r >= 0 && s->start_len)
        return take_start(s, data, size);
    while (r >= 0 && s->available >= 0 && s->offset == s->available) {
        if (s->given_up)
            return err_set(err, ERR_INTERRUPTED, "the layer's download was given up after %lld bytes",
                           (long long)s->available);
        if (s->notice_fd < 0)
            return 0;
        r = source_wait(s, err);
        if (r == 0)
            r = source_take_all(s, err);
    }
    if (r < 0)
        return r;
    if (s->available >= 0 && (int64_t)size > s->available - s->offset)
        size = (size_t)(s->available - s->offset);
    n = s->sequential ? fd_read_all(s->fd, data, size) : fd_pread_all(s->fd, data, size, s->offset);
    if (n < 0)
        return err_errno(err, (int)-n, "reading the layer's compressed bytes");
    if (s->available >= 0 && (size_t)n < size)
        return err_set(err, ERR_CORRUPT, "the layer's file ends after %lld bytes, %lld were announced",
                       (long long)(s->offset + n), (long long)s->available);
    s->offset += n;
    drop_behind(s);
    return n;
}

int layer_source_announce(int notice_fd, int64_t total, int last)
{
    int64_t message = last ? ~total : total;

    for (;;) {
        struct pollfd p = {.fd = notice_fd, .events = POLLOUT};

        if (write(notice_fd, &message, sizeof(message)) == (ssize_t)sizeof(message))
            return 0;
        if (errno == EAGAIN && !last)
            return 0;
        if (errno != EAGAIN && errno != EINTR)
            return -errno;
        if (errno == EAGAIN)
            poll(&p, 1, -1);
    }
}
