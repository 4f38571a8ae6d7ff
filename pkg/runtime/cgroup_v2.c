/* cgroup v2: one hierarchy, in which a cgroup has the controllers that its parent hands down. */
#include "runtime/cgroup_internal.h"

#include "base/log.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>

/* What every container gets for the sake of its numbers, with or without limits. */
static const unsigned accounting = 1U << CGROUP_CPU | 1U << CGROUP_MEMORY | 1U << CGROUP_PIDS | 1U << CGROUP_IO;

static int v2_init_dir(_unused_ unsigned controllers, _unused_ const char *dir)
{
    return 0;
}

static unsigned read_controllers(const char *dir)
{
    _cleanup_free_ char *file = str_printf("%s/cgroup.controllers", dir);
    _cleanup_buf_ struct buf text = BUF_INIT;

    return cgroup_read(AT_FDCWD, file, &text) < 0 ? 0 : cgroup_controllers_parse(buf_str(&text), 2);
}

/* Hands one controller down. */
static int hand_down(const char *dir, enum cgroup_controller c, struct err *err)
{
    const char *name = cgroup_controller_name(c, 2);
    _cleanup_free_ char *file = str_printf("%s/cgroup.subtree_control", dir), *text = str_printf("+%s", name);
    int r = fd_write_text(AT_FDCWD, file, text);

    if (r == -EBUSY) { /* the "no internal processes" rule */
        r = err_set(err, ERR_BUSY, "the %s controller cannot be used below %s, which has processes", name, dir);
        err_hint(err, "move them into a cgroup below it");
        return r;
    }
    return r < 0 ? err_errno(err, -r, "writing '%s' to %s", text, file) : 0;
}

/* From the base down to the parent of `dir`, each cgroup hands down what is missing. Hot paths read one file. */
static int v2_enable(const struct cgroup_hierarchy *h, const char *dir, unsigned needed, struct err *err)
{
    _cleanup_free_ char *at = str_dup(dir);
    unsigned missing = (needed | (accounting & h->controllers)) & ~read_controllers(dir);
    size_t end = strlen(h->base);

    while (missing && dir[end]) {
        at[end] = 0;
        for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
            struct err why = ERR_INIT;

            if (!(missing & 1U << c) || hand_down(at, c, &why) == 0)
                continue;
            if (needed & 1U << c) {
                *err = why;
                return why.kind;
            }
            log_debug("cgroups: %s", why.text);
            missing &= ~(1U << c);
        }
        at[end] = dir[end];
        end += 1 + strcspn(dir + end + 1, "/");
    }
    return 0;
}

static int v2_open_join(const struct cgroup_member *m, struct cgroup_join *join, struct err *err)
{
    join->clone_fd = fcntl(m->fd, F_DUPFD_CLOEXEC, 3);
    if (join->clone_fd < 0)
        return err_errno(err, errno, "opening %s", m->dir);
    join->procs_fd = openat(m->fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    if (join->procs_fd < 0)
        return err_errno(err, errno, "opening %s/cgroup.procs", m->dir);
    return 0;
}

/* cgroup.kill: since Linux 5.14. */
static int v2_kill(const struct cgroup_member *m, struct err *err)
{
    int r = fd_write_text(m->fd, "cgroup.kill", "1");

    if (r == -ENOENT)
        return ERR_UNSUPPORTED;
    return r < 0 ? err_errno(err, -r, "killing cgroup %s", m->dir) : 0;
}

static void v2_freeze(const struct cgroup_member *m, bool frozen)
{
    fd_write_text(m->fd, "cgroup.freeze", frozen ? "1" : "0");
}

const struct cgroup_driver cgroup_driver_v2 = {
    .init_dir = v2_init_dir,
    .enable = v2_enable,
    .open_join = v2_open_join,
    .oom_file = "memory.events",
    .kill = v2_kill,
    .freeze = v2_freeze,
};
