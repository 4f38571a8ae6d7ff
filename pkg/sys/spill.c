#include "sys/spill.h"

#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { WAITING_MAX = 256 << 10 };

void spill_release(struct spill *s)
{
    buf_free(&s->waiting);
    s->fd = fd_close(s->fd);
    s->written = 0;
}

/* Not every file system knows files without a name: then it is taken away at once. */
static int open_file(void)
{
    char name[] = "/var/tmp/cbox-XXXXXX";
    int fd = open("/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd >= 0)
        return fd;
    fd = mkostemp(name, O_CLOEXEC);
    if (fd >= 0)
        unlink(name);
    return fd;
}

static int flush(struct spill *s)
{
    int r = fd_write_all(s->fd, s->waiting.p, s->waiting.len);

    if (r < 0)
        return r;
    s->written += (int64_t)s->waiting.len;
    if (s->waiting.cap > 2 * WAITING_MAX)
        buf_free(&s->waiting);
    buf_clear(&s->waiting);
    return 0;
}

int spill_add(struct spill *s, const void *data, size_t len)
{
    if (s->fd < 0 && s->waiting.len + len > s->most) {
        s->fd = open_file();
        if (s->fd < 0)
            s->most = SIZE_MAX;
    }
    if (s->fd >= 0 && s->waiting.len + len > WAITING_MAX) {
        int r = flush(s);

        if (r < 0)
            return r;
    }
    buf_add(&s->waiting, data, len);
    return 0;
}

int spill_patch(struct spill *s, int64_t at, const void *data, size_t len)
{
    const char *from = data;

    while (len > 0 && at < s->written) {
        ssize_t n = pwrite(s->fd, from, MIN_OF(len, (size_t)(s->written - at)), at);

        if (n < 0 && errno != EINTR)
            return -errno;
        n = MAX_OF(n, 0);
        at += n;
        from += n;
        len -= (size_t)n;
    }
    if (len > 0)
        memcpy(s->waiting.p + (at - s->written), from, len);
    return 0;
}

void spill_reader_release(struct spill_reader *r)
{
    free(r->window);
    r->window = NULL;
    r->len = 0;
}

static int load(struct spill_reader *r, int64_t at, size_t n)
{
    int e = at + (int64_t)n > r->spill->written ? flush(r->spill) : 0;
    ssize_t got;

    if (e < 0)
        return e;
    if (!r->window || n > r->size) {
        r->size = MAX_OF(n, r->size);
        r->window = mem_resize(r->window, r->size, 1);
    }
    r->len = 0;
    got = fd_pread_all(r->spill->fd, r->window, r->size, at);
    if (got < 0)
        return (int)got;
    r->start = at;
    r->len = (size_t)got;
    return r->len < n ? -EIO : 0;
}

int spill_read(struct spill_reader *r, int64_t at, size_t n, const char **ret)
{
    int e;

    if (at + (int64_t)n > spill_size(r->spill))
        return -EIO;
    if (at >= r->spill->written) {
        *ret = r->spill->waiting.p + (at - r->spill->written);
        return 0;
    }
    e = at >= r->start && at + (int64_t)n <= r->start + (int64_t)r->len ? 0 : load(r, at, n);
    if (e == 0)
        *ret = r->window + (at - r->start);
    return e;
}
