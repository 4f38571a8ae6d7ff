/* The processes of a cgroup: which they are, stopping them and letting them go on. */
#include "runtime/cgroup_internal.h"

#include <errno.h>
#include <fcntl.h>

/* ---- which they are ---- */

static void parse_pids(const char *text, cgroup_pid_list *out)
{
    for (const char *p = text; *p;) {
        char *end;
        long pid = strtol(p, &end, 10);

        if (end == p)
            break;
        if (pid > 0)
            *VEC_PUSH(out) = (pid_t)pid;
        p = end + strspn(end, "\n");
    }
}

int cgroup_read_pids(int dirfd, cgroup_pid_list *out)
{
    /* A threaded cgroup, which a container may have made below its own, names threads alone. cgroup-v2.rst, "Threads".
     */
    static const char *const files[] = {"cgroup.procs", "cgroup.threads"};
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        _cleanup_buf_ struct buf text = BUF_INIT;

        r = cgroup_read(dirfd, files[i], &text);
        if (r == 0)
            parse_pids(buf_str(&text), out);
        if (r != -EOPNOTSUPP)
            return r;
    }
    return r;
}

static int add_pids(int dirfd, void *arg)
{
    return cgroup_read_pids(dirfd, arg);
}

static int compare_pids(const void *a, const void *b)
{
    pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

    return (x > y) - (x < y);
}

int cgroup_pids(const struct cgroup *cg, cgroup_pid_list *ret, struct err *err)
{
    /* All hierarchies have the same processes: one that containers do not change, as far as there is one. */
    const struct cgroup_member *m = cgroup_member_find(cg, CGROUP_DEVICES);
    cgroup_pid_list all = {0};
    size_t n = 0;
    int r;

    if (!m)
        m = cg->members.v;
    r = m ? cgroup_for_tree(m->dir, add_pids, &all) : 0;
    if (r < 0) {
        free(all.v);
        return err_errno(err, -r, "reading the processes of cgroup %s", m->dir);
    }
    if (all.n)
        qsort(all.v, all.n, sizeof(*all.v), compare_pids);
    for (size_t i = 0; i < all.n; i++)
        if (!n || all.v[n - 1] != all.v[i])
            all.v[n++] = all.v[i];
    all.n = n;
    *ret = all;
    return 0;
}

/* ---- freezing ---- */

/* A cgroup that is thawed stays at rest below one that is not: that is not waited for. */
enum { FREEZE_MS = 10000, THAW_MS = 1000, TRIES_BEFORE_THAW = 50 };

static int thaw_and_wait(const struct cgroup_member *m)
{
    struct cgroup_patience patience = cgroup_patience_of(THAW_MS);
    int r = m->driver->freeze(m, false);

    while (r == 0 && (r = m->driver->frozen(m)) > 0 && cgroup_patience_wait(&patience))
        r = 0;
    return r < 0 ? r : 0;
}

/* v1 misses processes that are forked while it freezes: told again and again, and thawed for an instant now and then,
 * it catches them. v2 misses none. */
static int freeze_and_wait(const struct cgroup_member *m)
{
    struct cgroup_patience patience = cgroup_patience_of(FREEZE_MS);
    int tries = 0, r;

    do {
        if (m->version == 1 && ++tries % TRIES_BEFORE_THAW == 0)
            m->driver->freeze(m, false);
        r = m->driver->freeze(m, true);
        if (r == 0)
            r = m->driver->frozen(m);
        if (r)
            return r < 0 ? r : 0;
    } while (cgroup_patience_wait(&patience));
    return -EBUSY;
}

int cgroup_freeze(struct cgroup *cg, bool frozen, struct err *err)
{
    const struct cgroup_member *m = cgroup_member_find(cg, CGROUP_FREEZER);
    const char *what = frozen ? "freezing" : "thawing";
    int r;

    if (!m)
        return err_set(err, ERR_UNSUPPORTED, "%s cgroup %s: this host has no freezer", what, cg->path);
    r = frozen ? freeze_and_wait(m) : thaw_and_wait(m);
    if (r < 0 && frozen)
        m->driver->freeze(m, false);
    if (r == -EBUSY)
        return err_set(err, ERR_BUSY, "%s cgroup %s: it did not come to rest within %d s", what, m->dir,
                       FREEZE_MS / 1000);
    if (r == -ENOENT)
        return err_set(err, ERR_UNSUPPORTED, "%s cgroup %s: this kernel has no freezer there", what, m->dir);
    return r < 0 ? err_errno(err, -r, "%s cgroup %s", what, m->dir) : 0;
}

int cgroup_is_frozen(const struct cgroup *cg, bool *ret, struct err *err)
{
    const struct cgroup_member *m = cgroup_member_find(cg, CGROUP_FREEZER);
    int r = m ? m->driver->told_to_freeze(m) : 0;

    *ret = r > 0;
    /* Without a freezer, and in a cgroup that is being removed, nothing is frozen. */
    return r < 0 && r != -ENOENT && r != -ENODEV ? err_errno(err, -r, "reading the freezer of cgroup %s", m->dir) : 0;
}
