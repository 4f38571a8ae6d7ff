#include "runtime/events.h"

#include "base/time.h"
#include "runtime/cgroup_internal.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>

/* memory.rst, "OOM Control": an eventfd and the file it is about, both by number. The file may be closed afterwards. */
static int notice_v1(const struct cgroup_member *m, struct err *err)
{
    _cleanup_fd_ int control = openat(m->fd, m->driver->oom_file, O_RDONLY | O_CLOEXEC);
    _cleanup_fd_ int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    char text[32];
    int r;

    if (control < 0 || fd < 0)
        return err_errno(err, errno, "%s/%s", m->dir, m->driver->oom_file);
    snprintf(text, sizeof(text), "%d %d", fd, control);
    r = fd_write_text(m->fd, "cgroup.event_control", text);
    return r < 0 ? err_errno(err, -r, "%s/cgroup.event_control", m->dir) : steal_fd(&fd);
}

static int notice_v2(const struct cgroup_member *m, struct err *err)
{
    _cleanup_free_ char *file = str_printf("%s/%s", m->dir, m->driver->oom_file);
    _cleanup_fd_ int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

    if (fd < 0 || inotify_add_watch(fd, file, IN_MODIFY) < 0)
        return err_errno(err, errno, "watching %s", file);
    return steal_fd(&fd);
}

int events_open(const struct cgroup *cg, int process, struct events *ret, struct err *err)
{
    const struct cgroup_member *m = cgroup_member_find(cg, CGROUP_MEMORY);
    struct events e = {.cg = cg, .process = process, .notice = -1};
    int r;

    if (m) {
        e.notice = m->version == 1 ? notice_v1(m, err) : notice_v2(m, err);
        if (e.notice < 0)
            return e.notice;
    }
    r = cgroup_oom_kills(cg, &e.oom_kills, err);
    if (r < 0) {
        events_release(&e);
        return r;
    }
    *ret = e;
    return 0;
}

void events_release(struct events *e)
{
    e->notice = fd_close(e->notice);
}

/* Whether there were kills that were not told yet. */
static bool more_kills(struct events *e)
{
    uint64_t now;

    if (cgroup_oom_kills(e->cg, &now, NULL) < 0 || now <= e->oom_kills)
        return false;
    e->oom_kills = now;
    return true;
}

/* v1 wakes at the want of memory, before it looks for whom to kill: the count may follow. It does not where the killer
 * is disabled; then the processes wait for memory. */
enum { SUSPECT_MS = 1000, SUSPECT_STEP_MS = 10 };

static bool is_starved(const struct events *e)
{
    const struct cgroup_member *m = cgroup_member_find(e->cg, CGROUP_MEMORY);
    _cleanup_buf_ struct buf text = BUF_INIT;

    return m && m->version == 1 && cgroup_read(m->fd, m->driver->oom_file, &text) == 0 &&
           cgroup_keyed_number(buf_str(&text), "under_oom") == 1;
}

/* Whether a notice came to something by now. */
static bool comes_to_something(struct events *e, bool noticed)
{
    bool told = more_kills(e);

    if (noticed)
        e->suspect_until = time_monotonic() + (int64_t)SUSPECT_MS * 1000000;
    if (!told && e->suspect_until && time_monotonic() >= e->suspect_until) {
        e->suspect_until = 0;
        return is_starved(e);
    }
    if (told)
        e->suspect_until = 0;
    return told;
}

int events_wait(struct events *e, int timeout_ms, enum events_what *ret, struct err *err)
{
    struct pollfd fds[] = {{.fd = e->process, .events = POLLIN}, {.fd = e->notice, .events = POLLIN}};
    char text[4096];
    bool noticed = false;
    int n;

    if (e->suspect_until && (timeout_ms < 0 || timeout_ms > SUSPECT_STEP_MS))
        timeout_ms = SUSPECT_STEP_MS;
    do {
        n = poll(fds, ARRAY_SIZE(fds), timeout_ms);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return err_errno(err, errno, "waiting for events");
    *ret = EVENTS_NONE;
    while (fds[1].revents && read(e->notice, text, sizeof(text)) > 0)
        noticed = true;
    if (comes_to_something(e, noticed))
        *ret = EVENTS_OOM;
    else if (fds[0].revents)
        *ret = EVENTS_END;
    return 0;
}
