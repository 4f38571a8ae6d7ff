/* The end of a container: what happened, killing, removal. */
#include "runtime/cgroup_internal.h"

#include "base/time.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>

uint64_t cgroup_keyed_number(const char *text, const char *key)
{
    for (const char *line = text; *line;) {
        const char *rest = str_after(line, key);

        if (rest && *rest == ' ')
            return strtoull(rest, NULL, 10);
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    return 0;
}

int cgroup_oom_kills(const struct cgroup *cg, uint64_t *ret, struct err *err)
{
    const struct cgroup_member *m = cgroup_member_find(cg, CGROUP_MEMORY);
    _cleanup_buf_ struct buf text = BUF_INIT;
    int r;

    *ret = 0;
    if (!m)
        return 0;
    r = cgroup_read(m->fd, m->driver->oom_file, &text);
    if (r < 0)
        return err_errno(err, -r, "reading %s/%s", m->dir, m->driver->oom_file);
    *ret = cgroup_keyed_number(buf_str(&text), "oom_kill");
    return 0;
}

/* ---- waiting ---- */

struct cgroup_patience cgroup_patience_of(int64_t ms)
{
    return (struct cgroup_patience){.until = time_monotonic() + ms * 1000000, .step = 50000};
}

bool cgroup_patience_wait(struct cgroup_patience *p)
{
    struct timespec ts = {.tv_nsec = (long)p->step};

    if (time_monotonic() >= p->until)
        return false;
    nanosleep(&ts, NULL);
    p->step = MIN_OF(p->step * 2, (int64_t)20000000);
    return true;
}

/* ---- killing ---- */

struct killing {
    int signal;
    size_t n; /* processes that got it */
};

static int kill_one_cgroup(int dirfd, void *arg)
{
    struct killing *killing = arg;
    cgroup_pid_list pids = {0};
    int r = cgroup_read_pids(dirfd, &pids);

    VEC_FOREACH (pid, &pids)
        kill(*pid, killing->signal);
    killing->n += pids.n;
    free(pids.v);
    return r;
}

static int thaw_one(int dirfd, _unused_ void *arg)
{
    return fd_write_text(dirfd, "freezer.state", "THAWED");
}

void cgroup_let_die(struct cgroup *cg)
{
    VEC_FOREACH (m, &cg->members)
        if (m->version == 1 && m->controllers & 1U << CGROUP_FREEZER)
            cgroup_for_tree(m->dir, thaw_one, NULL);
}

/* The hierarchy whose list of processes is the container's: that of the freezer, or whichever there is. */
static const struct cgroup_member *listing_member(const struct cgroup *cg)
{
    const struct cgroup_member *m = cgroup_member_find(cg, CGROUP_FREEZER);

    return m ? m : cg->members.v;
}

int cgroup_signal(struct cgroup *cg, int signal, struct err *err)
{
    const struct cgroup_member *m = listing_member(cg);
    struct killing killing = {.signal = signal};
    int r = m ? cgroup_for_tree(m->dir, kill_one_cgroup, &killing) : 0;

    if (signal == SIGKILL)
        cgroup_let_die(cg);
    return r < 0 && r != -ENOENT ? err_errno(err, -r, "reading the processes of cgroup %s", m->dir) : 0;
}

/* Freezing keeps them from forking away from under the list. */
int cgroup_kill_by_list(struct cgroup *cg, struct err *err)
{
    const struct cgroup_member *m = listing_member(cg);
    struct cgroup_patience patience = cgroup_patience_of(2000);

    if (!m)
        return 0;
    do {
        struct killing killing = {.signal = SIGKILL};
        int r;

        VEC_FOREACH (f, &cg->members)
            f->driver->freeze(f, true);
        r = cgroup_for_tree(m->dir, kill_one_cgroup, &killing);
        VEC_FOREACH (f, &cg->members)
            f->driver->freeze(f, false);
        cgroup_let_die(cg);
        if (r == -ENOENT || (r == 0 && killing.n == 0))
            return 0;
        if (r < 0)
            return err_errno(err, -r, "killing cgroup %s", m->dir);
    } while (cgroup_patience_wait(&patience));
    return err_set(err, ERR_BUSY, "killing cgroup %s: processes are left", m->dir);
}

int cgroup_kill(struct cgroup *cg, struct err *err)
{
    VEC_FOREACH (m, &cg->members) {
        int r = m->driver->kill(m, err);

        if (r == ERR_UNSUPPORTED)
            continue;
        cgroup_let_die(cg); /* on a hybrid host the freezer is v1's */
        return r;
    }
    return cgroup_kill_by_list(cg, err);
}

/* ---- removal ---- */

bool cgroup_try_remove(const struct cgroup *cg)
{
    VEC_FOREACH (m, &cg->members)
        if (rmdir(m->dir) < 0 && errno != ENOENT)
            return false;
    return true;
}

int cgroup_remove(struct cgroup *cg, struct err *err)
{
    struct cgroup_patience patience = cgroup_patience_of(2000);
    int result = 0;

    VEC_FOREACH (m, &cg->members) {
        int r;

        while ((r = cgroup_rmdir_tree(m->dir)) == -EBUSY && cgroup_patience_wait(&patience))
            ;
        if (r == 0 || result)
            continue;
        result = r == -EBUSY ? err_set(err, ERR_BUSY, "removing cgroup %s: it still has processes", m->dir)
                             : err_errno(err, -r, "removing cgroup %s", m->dir);
    }
    return result;
}
