/* Reading the journal, and following it while it is written and cut. inotify(7). */
#include "event/event.h"

#include "base/buf.h"
#include "base/time.h"
#include "event/internal.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>

enum { CHUNK = 32 << 10 };

struct reader {
    const char *state;
    const struct event_query *query;
    int (*take)(const struct event *e, void *data, struct err *err);
    void *data;

    int fd, old;     /* the journal, and the one before it */
    int watch;       /* of the journal */
    struct buf rest; /* the beginning of a line whose end was not there yet */
    bool skipping;   /* up to the end of the line: it is too long, or began before we did */
};

static void reader_release(struct reader *rd)
{
    fd_close(rd->fd);
    fd_close(rd->old);
    fd_close(rd->watch);
    buf_free(&rd->rest);
}

/* ---- lines ---- */

static int take_line(struct reader *rd, const char *line, size_t len, struct err *err)
{
    _cleanup_event_ struct event e = {0};

    if (event_parse(line, len, &e, NULL) < 0)
        return 0;
    if (e.time < rd->query->since || (rd->query->until && e.time > rd->query->until))
        return 0;
    return rd->take(&e, rd->data, err);
}

/* Takes the lines that are whole out of what was read, and keeps the rest. */
static int take_lines(struct reader *rd, struct err *err)
{
    char *from = rd->rest.p, *end = from + rd->rest.len, *newline;
    int r = 0;

    while (r == 0 && (newline = memchr(from, '\n', (size_t)(end - from)))) {
        if (!rd->skipping)
            r = take_line(rd, from, (size_t)(newline - from), err);
        rd->skipping = false;
        from = newline + 1;
    }
    buf_consume(&rd->rest, (size_t)(from - rd->rest.p));
    if (rd->rest.len > EVENT_LINE_MAX)
        rd->skipping = true;
    if (rd->skipping)
        buf_clear(&rd->rest);
    return r;
}

/* Everything that `fd` has at this moment. */
static int drain(struct reader *rd, int fd, struct err *err)
{
    int r = 0;

    while (r == 0) {
        ssize_t n = read(fd, buf_reserve(&rd->rest, CHUNK), CHUNK);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, errno, "%s/events", rd->state);
        if (n == 0)
            break;
        buf_grown(&rd->rest, (size_t)n);
        r = take_lines(rd, err);
    }
    return r;
}

/* To the end of a file that nobody writes to any more. */
static int drain_ended(struct reader *rd, int fd, struct err *err)
{
    int r = fd < 0 ? 0 : drain(rd, fd, err);

    buf_clear(&rd->rest);
    rd->skipping = false;
    return r;
}

/* ---- files ---- */

/* Opens both files, as they are at one moment, and watches the journal: what is written from now on wakes us. */
static int open_files(struct reader *rd, struct err *err)
{
    char path[32];
    int r = event_journal_open(rd->state, &rd->fd, err);

    if (r < 0)
        return r;
    rd->old = event_journal_open_old(rd->state);
    rd->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (rd->watch < 0)
        return err_errno(err, errno, "watching %s/events", rd->state);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", rd->fd);
    if (inotify_add_watch(rd->watch, path, IN_MODIFY | IN_MOVE_SELF | IN_ATTRIB) < 0)
        return err_errno(err, errno, "watching %s/events", rd->state);
    flock(rd->fd, LOCK_UN);
    return 0;
}

/* From the end: what the last line's end is missing of was begun before. */
static void start_at_end(struct reader *rd)
{
    off_t end = lseek(rd->fd, 0, SEEK_END);

    if (end > 0) {
        rd->skipping = true;
        lseek(rd->fd, end - 1, SEEK_SET);
    }
}

static bool same_file(int a, int b)
{
    struct stat sa, sb;

    return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 && sa.st_ino == sb.st_ino && sa.st_dev == sb.st_dev;
}

/* The journal was cut (or removed by somebody): goes on with what came after it, perhaps two files. Whoever cut it held
 * its lock alone, so it has ended. */
static int go_on(struct reader *rd, bool renamed, struct err *err)
{
    _cleanup_fd_ int before = steal_fd(&rd->fd), watch = steal_fd(&rd->watch);
    int r;

    rd->old = fd_close(rd->old);
    r = open_files(rd, err);
    if (r < 0)
        return r;
    if (same_file(rd->fd, before)) { /* it only got another mode */
        lseek(rd->fd, lseek(before, 0, SEEK_CUR), SEEK_SET);
        return 0;
    }
    r = drain_ended(rd, before, err);
    if (r == 0 && renamed && rd->old >= 0 && !same_file(rd->old, before))
        r = drain_ended(rd, rd->old, err);
    return r;
}

/* What happened to the journal's file, all of it that is known. */
static uint32_t watched(int watch)
{
    char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    uint32_t mask = 0;
    ssize_t n;

    while ((n = read(watch, buffer, sizeof(buffer))) > 0)
        for (char *p = buffer; p < buffer + n;) {
            const struct inotify_event *e = (const void *)p;

            mask |= e->mask;
            p += sizeof(*e) + e->len;
        }
    return mask;
}

/* 1 when there is something, 0 when the time is over. */
static int await(struct reader *rd, struct err *err)
{
    struct pollfd p = {.fd = rd->watch, .events = POLLIN};

    for (;;) {
        int64_t left = rd->query->until ? rd->query->until - time_now() : 0;
        struct timespec ts = {.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
        int n;

        if (rd->query->until && left <= 0)
            return 0;
        n = ppoll(&p, 1, rd->query->until ? &ts : NULL, NULL);
        if (n > 0)
            return 1;
        if (n < 0 && errno != EINTR)
            return err_errno(err, errno, "waiting for events");
    }
}

static int follow(struct reader *rd, struct err *err)
{
    for (;;) {
        int more = await(rd, err);
        uint32_t mask = more > 0 ? watched(rd->watch) : 0; /* before the reading: what comes later wakes us again */
        int r = more < 0 ? more : drain(rd, rd->fd, err);

        if (r == 0 && mask & ~(uint32_t)IN_MODIFY) {
            r = go_on(rd, mask & IN_MOVE_SELF, err);
            if (r == 0)
                r = drain(rd, rd->fd, err);
        }
        if (r || !more)
            return r;
    }
}

int event_read(const char *state, const struct event_query *query,
               int (*take)(const struct event *e, void *data, struct err *err), void *data, struct err *err)
{
    _cleanup_(reader_release) struct reader rd = {
        .state = state, .query = query, .take = take, .data = data, .fd = -1, .old = -1, .watch = -1};
    int r = open_files(&rd, err);

    if (r < 0)
        return r;
    if (query->since)
        r = drain_ended(&rd, rd.old, err);
    else
        start_at_end(&rd);
    if (r == 0)
        r = drain(&rd, rd.fd, err);
    return r ? r : follow(&rd, err);
}
