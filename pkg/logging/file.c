#include "logging/file.h"

#include "base/log.h"
#include "base/time.h"
#include "logging/lines.h"
#include "logging/rotate.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
    WRITE_SIZE = 64 << 10,         /* of many lines at once */
    SMALL_BATCH = 4 << 10,         /* after one the buffer of large ones is given back */
    RESERVE = LOGGING_PENDING_MAX, /* behind the end of the file */
    RESERVE_STEP_MIN = 4 << 10,    /* at once: a growing part of the file */
    RESERVE_STEP_MAX = 1 << 20,
};
#define RETRY INT64_C(500000000)

struct log_file {
    int dir;
    char *name, *path, *attributes;
    const struct logging_format *format;
    struct log_rotation rotation;
    int64_t max_size;
    size_t max_pending;

    int fd;                 /* -1: not opened yet */
    int64_t size, reserved; /* of the file; up to where its blocks are there */
    bool reserves;          /* the file system can */
    bool discard;           /* logging_options */
    struct buf out;         /* lines of this batch */

    /* While nothing can be written: */
    int failure;        /* errno; 0: all is well */
    struct buf pending; /* the last lines */
    uint64_t lost;      /* lines that are in neither */
    int64_t retry;      /* time_monotonic() */
};

struct log_file *log_file_new(int dir, const char *path, char *name, char *attributes,
                              const struct logging_format *format, const struct logging_settings *settings,
                              bool discard)
{
    struct log_file *f = mem_zalloc(1, sizeof(*f));

    f->dir = dir;
    f->name = name;
    f->path = str_printf("%s/%s", path, name);
    f->attributes = attributes;
    f->format = format;
    f->rotation = (struct log_rotation){
        .dir = dir, .name = f->name, .max_file = settings->max_file, .compress = settings->compress, .child = -1};
    f->max_size = settings->max_size;
    f->max_pending = (size_t)settings->max_pending;
    f->fd = -1;
    f->reserves = true;
    f->discard = discard;
    return f;
}

static int open_file(struct log_file *f)
{
    _cleanup_fd_ int fd =
        openat(f->dir, f->name, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0640);
    struct stat st;
    int64_t end;

    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    end = log_lines_end(fd); /* what a power cut left behind it is no line */
    if (end < 0)
        return (int)end;
    if (end < st.st_size && ftruncate(fd, end) < 0)
        return -errno;
    f->size = f->reserved = end;
    f->reserves = true;
    f->fd = steal_fd(&fd);
    return 0;
}

/* Gives back what is reserved. */
static void close_file(struct log_file *f)
{
    if (f->fd >= 0 && f->reserved > f->size && ftruncate(f->fd, f->size) < 0)
        log_debug("%s: %s", f->path, strerror(errno));
    f->fd = fd_close(f->fd);
}

/* Room for `len` bytes and what is kept behind them; more at once in a file that grows. */
static int reserve(struct log_file *f, size_t len)
{
    int64_t need = f->size + (int64_t)len + RESERVE, step = MIN_OF(f->size / 4 + RESERVE_STEP_MIN, RESERVE_STEP_MAX);

    if (!f->reserves || need <= f->reserved)
        return 0;
    if (fallocate(f->fd, FALLOC_FL_KEEP_SIZE, f->size, need - f->size + step) < 0) {
        if (errno != EOPNOTSUPP && errno != ENOSYS)
            return -errno;
        f->reserves = false;
        return 0;
    }
    f->reserved = need + step;
    return 0;
}

/* Writes lines, or none of them. */
static int put(struct log_file *f, const char *lines, size_t len)
{
    int r = fd_write_all(f->fd, lines, len);

    if (r == 0)
        f->size += (int64_t)len;
    else if (ftruncate(f->fd, f->size) < 0)
        log_debug("%s: %s", f->path, strerror(errno));
    else
        f->reserved = f->size;
    return r;
}

static int append(struct log_file *f, const char *lines, size_t len)
{
    int r = f->fd < 0 ? open_file(f) : 0;

    if (r == 0 && f->max_size && f->size >= f->max_size) {
        close_file(f);
        log_rotate(&f->rotation);
        r = open_file(f);
    }
    if (r == 0)
        r = reserve(f, len);
    return r < 0 ? r : put(f, lines, len);
}

static uint64_t count_lines(const char *p, size_t len)
{
    uint64_t n = 0;

    for (const char *end = len ? p + len : p; p != end && (p = memchr(p, '\n', (size_t)(end - p))); p++)
        n++;
    return n;
}

/* Leaves at most `max` bytes of whole lines, the last ones. */
static void keep_last(struct log_file *f, size_t max)
{
    size_t over = f->pending.len > max ? f->pending.len - max : 0;
    const char *newline = over ? memchr(f->pending.p + over - 1, '\n', f->pending.len - over + 1) : NULL;

    if (!over)
        return;
    over = newline ? (size_t)(newline - f->pending.p) + 1 : f->pending.len;
    f->lost += count_lines(f->pending.p, over);
    buf_consume(&f->pending, over);
}

static void hold(struct log_file *f, const char *lines, size_t len)
{
    /* No more is copied than can stay. */
    if (len > f->max_pending) {
        const char *from = memchr(lines + len - f->max_pending - 1, '\n', f->max_pending + 1);
        size_t over = (size_t)(from - lines) + 1;

        f->lost += count_lines(f->pending.p, f->pending.len) + count_lines(lines, over);
        buf_clear(&f->pending);
        lines += over;
        len -= over;
    }
    keep_last(f, f->max_pending - len);
    buf_add(&f->pending, lines, len);
}

static void fail(struct log_file *f, int error)
{
    if (!f->failure)
        log_debug("%s: %s", f->path, strerror(-error));
    f->failure = -error;
    f->retry = time_monotonic() + RETRY;
}

/* Says in the log what is missing from it. */
static void tell_lost(struct log_file *f, struct buf *out)
{
    char text[160];
    int len = snprintf(text, sizeof(text), "cbox: %" PRIu64 " line%s of output not kept: %s\n", f->lost,
                       f->lost == 1 ? "" : "s", strerror(f->failure));
    struct logging_entry entry = {.time = time_now(), .stream = LOGGING_STDERR, .text = text, .len = (size_t)len};

    if (f->lost)
        f->format->encode(&entry, f->attributes, out);
}

/* Writes what was held back. */
static void catch_up(struct log_file *f)
{
    _cleanup_buf_ struct buf all = BUF_INIT;
    int r;

    tell_lost(f, &all);
    buf_add(&all, f->pending.p, f->pending.len);
    r = append(f, all.p, all.len);
    if (r < 0) {
        fail(f, r);
        return;
    }
    f->failure = 0;
    f->lost = 0;
    buf_free(&f->pending);
}

/* The program has ended and the disk is still full: into what is reserved goes as much of the end as it holds. */
static void put_last(struct log_file *f)
{
    enum { NOTICE_MAX = 512 };
    _cleanup_buf_ struct buf all = BUF_INIT;
    int64_t room = f->reserved - f->size - NOTICE_MAX - (int64_t)strlen(f->attributes);

    if (f->fd < 0 || room <= 0)
        return;
    keep_last(f, (size_t)room);
    tell_lost(f, &all);
    buf_add(&all, f->pending.p, f->pending.len);
    if (put(f, all.p, all.len) < 0)
        return;
    f->failure = 0;
    f->lost = 0;
    buf_free(&f->pending);
}

static void write_out(struct log_file *f)
{
    int r;

    if (f->failure && time_monotonic() >= f->retry)
        catch_up(f);
    if (!f->out.len)
        return;
    r = f->failure ? -f->failure : append(f, f->out.p, f->out.len);
    if (r < 0) {
        if (!f->failure)
            fail(f, r);
        hold(f, f->out.p, f->out.len);
    }
    if (f->out.len > SMALL_BATCH || f->out.cap <= SMALL_BATCH)
        buf_clear(&f->out);
    else
        buf_free(&f->out);
}

void log_file_entry(void *file, const struct logging_entry *entry)
{
    struct log_file *f = file;

    f->format->encode(entry, f->attributes, &f->out);
    if (f->out.len >= WRITE_SIZE || (f->max_size && f->size + (int64_t)f->out.len >= f->max_size))
        write_out(f);
}

void log_file_flush(void *file, bool end)
{
    struct log_file *f = file;

    write_out(f);
    if (f->rotation.child >= 0)
        log_rotation_look(&f->rotation);
    if (!f->failure || !end)
        return;
    catch_up(f);
    if (f->failure)
        put_last(f);
}

int64_t log_file_wake(const void *file)
{
    const struct log_file *f = file;

    return f->failure ? f->retry : log_rotation_wake(&f->rotation);
}

void log_file_close(void *file)
{
    struct log_file *f = file;

    close_file(f);
    log_rotation_end(&f->rotation, !f->discard);
    buf_free(&f->out);
    buf_free(&f->pending);
    free(f->attributes);
    free(f->path);
    free(f->name);
    free(f);
}
