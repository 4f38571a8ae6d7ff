#include "event/event.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/time.h"
#include "base/utf8.h"
#include "event/internal.h"
#include "sys/fd.h"
#include "sys/lock.h"
#include "sys/path.h"
#include "json/json.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { ACTION_MAX = 4096 };

static const struct json_field fields[] = {
    JSON_FIELD(struct event, "time", JSON_K_INT64, time, .flags = JSON_REQUIRED),
    JSON_FIELD(struct event, "type", JSON_K_STRING, type, .flags = JSON_REQUIRED),
    JSON_FIELD(struct event, "action", JSON_K_STRING, action, .flags = JSON_REQUIRED),
    JSON_FIELD(struct event, "actor", JSON_K_STRING, actor, .flags = JSON_REQUIRED | JSON_KEEP_EMPTY),
    JSON_FIELD(struct event, "attributes", JSON_K_MAP, attributes),
};

static const struct json_type event_type = {
    .name = "event",
    .size = sizeof(struct event),
    .fields = fields,
    .n_fields = ARRAY_SIZE(fields),
};

int event_parse(const char *line, size_t len, struct event *ret, struct err *err)
{
    return json_parse(line, len, &event_type, ret, err);
}

void event_release(struct event *e)
{
    json_free(&event_type, e);
}

/* ---- the files ---- */

int event_journal_open(const char *state, int *ret_fd, struct err *err)
{
    _cleanup_free_ char *path = str_printf("%s/events", state);
    struct err why = ERR_INIT;
    int r = lock_take(AT_FDCWD, path, LOCK_SHARED, LOCK_WAIT, ret_fd, &why);

    if (r == ERR_NOT_FOUND && path_mkdirs(AT_FDCWD, state, 0700) == 0)
        return lock_take(AT_FDCWD, path, LOCK_SHARED, LOCK_WAIT, ret_fd, err);
    if (r < 0 && err)
        *err = why;
    return r;
}

int event_journal_open_old(const char *state)
{
    _cleanup_free_ char *path = str_printf("%s/events.1", state);

    return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

/* Whoever writes at this moment holds the lock too: then another one cuts it, later. One that grew twice as large
 * because there was always somebody is waited for. */
static void cut(const char *state, int fd, int64_t size)
{
    _cleanup_free_ char *path = str_printf("%s/events", state), *old = str_printf("%s/events.1", state);
    struct stat ours, named;

    if (flock(fd, LOCK_EX | (size < 2 * EVENT_JOURNAL_MAX ? LOCK_NB : 0)) < 0)
        return;
    /* Taking it exclusively gave it up for a moment. */
    if (fstat(fd, &ours) == 0 && stat(path, &named) == 0 && ours.st_ino == named.st_ino && ours.st_dev == named.st_dev)
        (void)rename(path, old);
}

static int append(const char *state, const char *line, size_t len, struct err *err)
{
    _cleanup_fd_ int fd = -1;
    struct stat st;
    ssize_t n;
    int r = event_journal_open(state, &fd, err);

    if (r < 0)
        return r;
    if (fcntl(fd, F_SETFL, O_APPEND) < 0)
        return err_errno(err, errno, "%s/events", state);
    n = write(fd, line, len);
    if (n > 0 && (size_t)n < len) { /* the disk is full: let the next one have a line of its own */
        (void)!write(fd, "\n", 1);
        errno = ENOSPC;
    }
    if (n < 0 || (size_t)n < len)
        r = err_errno(err, errno, "%s/events", state);
    if (fstat(fd, &st) == 0 && st.st_size >= EVENT_JOURNAL_MAX)
        cut(state, fd, st.st_size);
    return r;
}

/* ---- writing ---- */

/* As a document can hold it: what is no UTF-8 becomes U+FFFD, as Go has it. At most `max` bytes, and then "…". */
static char *clean(const char *text, size_t max)
{
    struct buf out = BUF_INIT;

    while (*text) {
        size_t n = utf8_length(text);

        if (out.len + MAX_OF(n, (size_t)3) > max) {
            buf_adds(&out, "…");
            break;
        }
        buf_add(&out, n ? text : "\xef\xbf\xbd", n ? n : 3);
        text += n ? n : 1;
    }
    return out.p ? buf_steal(&out) : str_dup("");
}

static void set_attribute(char ***attributes, const char *assignment)
{
    _cleanup_free_ char *cleaned = clean(assignment, EVENT_LINE_MAX);

    if (*cleaned != '=' && strchr(cleaned, '='))
        strv_env_set(attributes, cleaned);
}

static void set_pairs(char ***attributes, va_list ap)
{
    const char *name, *value;

    while ((name = va_arg(ap, const char *))) {
        _cleanup_free_ char *assignment = NULL;

        value = va_arg(ap, const char *);
        if (!value)
            continue;
        assignment = str_printf("%s=%s", name, value);
        set_attribute(attributes, assignment);
    }
}

static void write_line(const struct event *e, struct buf *line)
{
    buf_clear(line);
    json_dump(&event_type, e, false, line);
    buf_addc(line, '\n');
}

void event_emit(const char *state, const char *type, const char *action, const char *actor, char *const *attributes,
                ...)
{
    _cleanup_free_ char *cleaned = clean(action, ACTION_MAX), *id = clean(actor, ACTION_MAX);
    _cleanup_strv_ char **all = NULL, **pairs = NULL;
    _cleanup_buf_ struct buf line = BUF_INIT;
    struct event e = {.type = (char *)type, .action = cleaned, .actor = id, .time = time_now()};
    struct err err = ERR_INIT;
    va_list ap;

    va_start(ap, attributes);
    set_pairs(&pairs, ap);
    va_end(ap);
    STRV_FOREACH (label, attributes)
        set_attribute(&all, *label);
    STRV_FOREACH (pair, pairs)
        strv_env_set(&all, *pair);
    e.attributes = all;
    write_line(&e, &line);
    if (line.len > EVENT_LINE_MAX) {
        e.attributes = pairs;
        write_line(&e, &line);
    }
    if (line.len > EVENT_LINE_MAX)
        log_debug("an event of %s is too long to be told: %s", id, cleaned);
    else if (append(state, line.p, line.len, &err) < 0)
        log_debug("an event of %s is not told: %s", id, err.text);
}
