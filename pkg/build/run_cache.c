/* RUN --mount=type=cache: directories that stay. */
#include "build/run_internal.h"
#include "store/build_cache.h"
#include "sys/copy_tree.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { PATIENCE = 50 /* ms */, PRIVATE_MAX = 1000 };

/* What tells it from others: those that begin differently are not the same. */
static char *name_of(const struct build_run_job *job, const struct dockerfile_mount *m, const char *target)
{
    const struct build_mounted *mounted = &job->mounted[m - job->step->run.mounts.v];
    struct buf name = BUF_INIT;

    buf_addf(&name, "%s", str_empty(m->id) ? target : m->id);
    if (m->has_uid || m->has_gid || m->has_mode)
        buf_addf(&name, " (%u:%u %04o)", (unsigned)m->uid, (unsigned)m->gid, m->has_mode ? (unsigned)m->mode : 0755U);
    if (m->from)
        buf_addf(&name, " (from %s %s)", mounted->lower ? mounted->lower[0] : m->from, m->source ? m->source : "");
    return buf_steal(&name);
}

/* A new one gets what it is to begin with. Killed in the middle, it has less of it, which a cache may. */
static int begin_with(struct build_run_place *p, const struct dockerfile_mount *m, const char *path, struct err *err)
{
    struct copy_tree how = {.privileged = true};
    _cleanup_free_ char *source = NULL;
    _cleanup_fd_ int to = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), from = -1;
    int r = to < 0 ? err_errno(err, errno, "%s", path) : 0;

    if (r == 0 && m->from) {
        r = build_run_see(p, &p->job->mounted[m - p->job->step->run.mounts.v], m->source, false, &source, err);
        if (r == 0) {
            from = open(source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            r = from < 0 ? err_errno(err, errno, "mount source \"%s\"", m->source ? m->source : "/")
                         : copy_tree_contents(&how, from, to, true, err);
        }
    }
    if (r == 0 && (fchown(to, m->has_uid ? m->uid : (uid_t)-1, m->has_gid ? m->gid : (gid_t)-1) < 0 ||
                   (m->has_mode && fchmod(to, m->mode) < 0)))
        r = err_errno(err, errno, "%s", path);
    return r;
}

/* ERR_BUSY: somebody else has it. A private one is another then, the first that nobody has. */
static int take(struct build_run_place *p, const struct dockerfile_mount *m, const char *name, char **ret_path,
                bool *ret_new, struct err *err)
{
    bool private = str_eq(m->sharing, "private"), locked = str_eq(m->sharing, "locked");
    enum lock_mode mode = private || locked ? LOCK_EXCLUSIVE : LOCK_SHARED;
    int r = ERR_BUSY, lock = -1;

    for (int i = 0; r == ERR_BUSY && i < (private ? PRIVATE_MAX : 1); i++) {
        _cleanup_free_ char *own = i ? str_printf("%s (%d)", name, i + 1) : str_dup(name);
        struct err why = ERR_INIT;

        r = store_build_mount(p->job->store, own, mode, LOCK_TRY, ret_path, ret_new, &lock, &why);
        if (r < 0 && err)
            *err = why;
    }
    if (r == 0)
        *VEC_PUSH(&p->locks) = lock;
    return r;
}

static int add(struct build_run_place *p, const struct dockerfile_mount *m, struct engine_options *o, struct err *err)
{
    _cleanup_free_ char *target = build_run_target(p->job, m->target), *name = name_of(p->job, m, target), *path = NULL;
    bool new = false;
    int r = take(p, m, name, &path, &new, err);

    if (r == 0 && new)
        r = begin_with(p, m, path, err);
    if (r == 0)
        build_run_add_mount(o, target, "bind", path, m->read_only ? "rbind,rprivate,rro" : "rbind,rprivate");
    return r;
}

static void give_back(struct build_run_place *p, struct engine_options *o, size_t mounts)
{
    VEC_FOREACH (lock, &p->locks)
        fd_close(*lock);
    p->locks.n = 0;
    while (o->mounts.n > mounts)
        json_free(&engine_mount_point_type, &o->mounts.v[--o->mounts.n]);
}

/* Until somebody may have let go of one; ERR_INTERRUPTED. */
static int wait_a_moment(const struct build_run_job *job, struct err *err)
{
    struct pollfd stop = {.fd = job->stop_fd, .events = POLLIN};

    return poll(&stop, 1, PATIENCE) > 0 ? err_set(err, ERR_INTERRUPTED, "interrupted") : 0;
}

int build_run_caches(struct build_run_place *p, struct engine_options *o, struct err *err)
{
    size_t before = o->mounts.n;

    for (;;) {
        struct err why = ERR_INIT;
        int r = 0;

        VEC_FOREACH (m, &p->job->step->run.mounts)
            if (r == 0 && m->type == DOCKERFILE_MOUNT_CACHE)
                r = add(p, m, o, &why);
        if (r == ERR_BUSY) {
            give_back(p, o, before);
            r = wait_a_moment(p->job, err);
            if (r == 0)
                continue;
            return r;
        }
        if (r < 0 && err) {
            *err = why;
            err_wrap(err, "RUN --mount=type=cache");
        }
        return r;
    }
}
