#include "logging/internal.h"

#include "base/log.h"
#include "base/time.h"
#include "logging/files.h"
#include "logging/lines.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

enum { OPEN_TRIES = 20 };
#define POLL_EVERY INT64_C(200000000) /* where the kernel does not tell of changes */

struct reading {
    struct log_files files;
    const struct logging_format *format;
    const struct logging_query *query;
    int (*take)(const struct logging_entry *entry, void *data);
    void *data;
    struct log_opened opened; /* the file that is being read */
    struct log_lines lines;
    int inotify;
};

static void reading_release(struct reading *r)
{
    log_lines_release(&r->lines);
    log_opened_release(&r->opened);
    fd_close(r->inotify);
}

/* Goes on with another file, from `offset`. */
static void switch_to(struct reading *r, struct log_opened *file, int64_t offset)
{
    log_opened_release(&r->opened);
    r->opened = *file;
    *file = (struct log_opened){.fd = -1};
    r->lines.fd = r->opened.fd;
    r->lines.offset = offset;
    r->lines.from = r->lines.to = 0;
    r->lines.too_long = false;
}

static int take_line(struct reading *r, char *line, size_t len)
{
    const struct logging_query *q = r->query;
    struct logging_entry entry;
    int result = 0;

    if (!r->format->decode(line, len, q->details, &entry))
        return 0;
    if (entry.time >= q->since && (!q->until || entry.time <= q->until))
        result = r->take(&entry, r->data);
    strv_free(entry.attributes);
    return result;
}

/* All whole lines that are there: 0, or what `take` said. */
static int drain(struct reading *r, struct err *err)
{
    char *line;
    size_t len;
    int n, result = 0;

    while (result == 0 && (n = log_lines_next(&r->lines, &line, &len)) != 0) {
        if (n < 0)
            return err_errno(err, -n, "reading %s", r->files.name);
        result = take_line(r, line, len);
    }
    return result;
}

/* ---- what is there already ---- */

typedef VEC(struct log_opened) opened_list;

static void opened_list_release(opened_list *l)
{
    VEC_FOREACH (file, l)
        log_opened_release(file);
    free(l->v);
    *l = (opened_list){0};
}

static bool is_newest(const struct reading *r, const struct log_opened *file)
{
    struct stat st;

    if (fstatat(r->files.dir, r->files.name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return file->fd < 0;
    return file->fd >= 0 && st.st_ino == file->as.st_ino && st.st_dev == file->as.st_dev;
}

/* Opens from the newest on to older ones, as far as the last lines that were asked for go (`*ret_offset`: where they
 * begin in the oldest of them) or the times. What cannot be read is passed over. */
static int open_back(struct reading *r, opened_list *list, int64_t *ret_offset, struct err *err)
{
    int64_t missing = r->query->tail, n = log_files_count(&r->files);

    *ret_offset = 0;
    for (int64_t i = 0; i <= n && missing != 0; i++) {
        struct log_opened file;
        struct err why = ERR_INIT;
        int found = log_files_open(&r->files, i, &file, &why);

        if (found < 0 && i == 0) {
            *err = why;
            return found;
        }
        if (found < 0)
            log_warning("%s", why.text);
        if (found <= 0 && i > 0)
            continue;
        if (found > 0 && r->query->since && i > 0 &&
            file.as.st_mtim.tv_sec < r->query->since / INT64_C(1000000000) - 1) {
            log_opened_release(&file);
            break;
        }
        *VEC_PUSH(list) = file;
        if (missing > 0 && file.fd >= 0)
            *ret_offset = log_lines_tail(file.fd, &missing);
    }
    return 0;
}

/* The same at one moment: not while files were renamed. */
static int open_all(struct reading *r, opened_list *list, int64_t *ret_offset, struct err *err)
{
    int result = 0;

    for (int tries = 0; tries < OPEN_TRIES && result == 0; tries++) {
        opened_list_release(list);
        result = open_back(r, list, ret_offset, err);
        if (list->n && is_newest(r, &list->v[0]))
            break;
    }
    return result;
}

/* Stands behind the last line of the newest file: for those who want none that is there. */
static int skip_all(struct reading *r, struct err *err)
{
    struct log_opened file;
    int found = log_files_open(&r->files, 0, &file, err);

    if (found > 0)
        switch_to(r, &file, MAX_OF(log_lines_end(file.fd), 0));
    return MIN_OF(found, 0);
}

static int read_past(struct reading *r, struct err *err)
{
    opened_list list = {0};
    int64_t offset;
    int result;

    if (r->query->tail == 0)
        return skip_all(r, err);
    result = open_all(r, &list, &offset, err);
    for (size_t i = list.n; i-- > 0 && result == 0; offset = 0) {
        if (list.v[i].fd >= 0)
            switch_to(r, &list.v[i], MAX_OF(offset, 0));
        result = drain(r, err);
    }
    opened_list_release(&list);
    return result;
}

/* ---- what is being written ---- */

/* The file that comes behind the one that was read to its end, if there is one: 1, 0, or a negative kind. Where too
 * many were rotated meanwhile, the oldest. */
static int next_file(struct reading *r, struct err *err)
{
    struct log_opened file = {.fd = -1};
    int64_t at = log_files_find(&r->files, r->opened.fd);
    int64_t next = at < 0 ? log_files_count(&r->files) : at - 1;
    int found = at == 0 ? 0 : log_files_open(&r->files, next, &file, err);

    if (found > 0)
        switch_to(r, &file, 0);
    return found;
}

/* Until something may have happened. */
static void wait_for_more(struct reading *r)
{
    char events[4096];
    struct pollfd fds[] = {{.fd = r->inotify, .events = POLLIN}, {.fd = r->query->wake, .events = POLLIN}};
    int64_t left = r->query->until ? MAX_OF(r->query->until - time_now(), 0) : INT64_MAX;

    if (r->inotify < 0)
        left = MIN_OF(left, POLL_EVERY);
    if (poll(fds, 2, left == INT64_MAX ? -1 : (int)MIN_OF(left / 1000000 + 1, INT32_MAX)) > 0 && fds[0].revents &&
        read(r->inotify, events, sizeof(events)) < 0)
        log_debug("inotify: %s", strerror(errno));
}

static int follow(struct reading *r, struct err *err)
{
    const struct logging_query *q = r->query;

    for (;;) {
        bool over = (q->ended && q->ended(q->data)) || (q->until && time_now() > q->until);
        bool newest = is_newest(r, &r->opened);
        /* A file that is no longer the newest gets no more lines: what is read now is all of it. */
        int result = drain(r, err), found = 0;

        if (result == 0 && !newest)
            result = found = next_file(r, err);
        if (result < 0 || (result > 0 && !found))
            return result;
        if (found)
            continue;
        if (over || (q->idle && q->idle(q->data)))
            return 0;
        wait_for_more(r);
    }
}

static int watch(const struct reading *r)
{
    char path[64];
    _cleanup_fd_ int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

    snprintf(path, sizeof(path), "/proc/self/fd/%d", r->files.dir);
    if (fd < 0 || inotify_add_watch(fd, path, IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) < 0) {
        log_debug("inotify: %s", strerror(errno));
        return -1;
    }
    return steal_fd(&fd);
}

int logging_read(const struct logging_options *options, const struct logging_query *query,
                 int (*take)(const struct logging_entry *entry, void *data), void *data, struct err *err)
{
    _cleanup_free_ char *name = NULL;
    _cleanup_(reading_release) struct reading r = {
        .query = query, .take = take, .data = data, .opened = {.fd = -1}, .lines = {.fd = -1}, .inotify = -1};
    const struct logging_driver *driver;
    struct logging_settings settings;
    int result = logging_settings_parse(options->driver, options->options, &driver, &settings, err);

    if (result < 0)
        return result;
    if (!driver->file_name) {
        if (!driver->open || settings.cache_disabled)
            return err_set(err, ERR_UNSUPPORTED, "configured logging driver does not support reading");
        driver = &logging_local;
        settings.max_file = settings.cache_max_file;
        settings.max_size = settings.cache_max_size;
    }
    name = driver->file_name(options->container.id);
    r.files = (struct log_files){options->dir, name, settings.max_file, settings.max_size};
    r.format = driver->format;
    if (query->follow)
        r.inotify = watch(&r);
    result = read_past(&r, err);
    if (result == 0 && query->follow)
        result = follow(&r, err);
    return MIN_OF(result, 0);
}
