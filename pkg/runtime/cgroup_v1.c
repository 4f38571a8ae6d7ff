/* cgroup v1: one hierarchy for each controller, or for a few of them. */
#include "runtime/cgroup_internal.h"

#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>

static bool is_empty(const struct buf *text)
{
    return !*buf_str(text) || *buf_str(text) == '\n';
}

/* Gives `file` of the cgroup the value of its parent, unless it has one. The parent may have been made an instant ago,
 * by a process that has not come to this yet. */
static int inherit(const char *dir, const char *file)
{
    _cleanup_fd_ int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    _cleanup_free_ char *parent = NULL, *of_parent = str_printf("../%s", file);
    _cleanup_buf_ struct buf text = BUF_INIT;
    int r;

    if (fd < 0)
        return -errno;
    r = cgroup_read(fd, file, &text);
    if (r < 0 || !is_empty(&text))
        return r;
    r = cgroup_read(fd, of_parent, &text);
    if (r == 0 && is_empty(&text)) {
        parent = str_ndup(dir, (size_t)(strrchr(dir, '/') - dir));
        r = inherit(parent, file);
        if (r == 0)
            r = cgroup_read(fd, of_parent, &text);
    }
    return r < 0 ? r : fd_write_text(fd, file, buf_str(&text));
}

/* A new cpuset is empty, and nothing may join it before it has CPUs and memory nodes. cpusets.rst, "Usage Examples". */
static int v1_init_dir(unsigned controllers, const char *dir)
{
    int r;

    if (!(controllers & 1U << CGROUP_CPUSET))
        return 0;
    r = inherit(dir, "cpuset.cpus");
    return r < 0 ? r : inherit(dir, "cpuset.mems");
}

/* To write what it starts with takes the longer the more others there are: all are looked at, and the CPUs of the
 * machine are divided anew. */
static void v1_init_parent(unsigned controllers, const char *dir)
{
    _cleanup_free_ char *file = str_printf("%s/cgroup.clone_children", dir);

    if (controllers & 1U << CGROUP_CPUSET)
        fd_write_text(AT_FDCWD, file, "1");
}

static int v1_enable(_unused_ const struct cgroup_hierarchy *h, _unused_ const char *dir, _unused_ unsigned needed,
                     _unused_ struct err *err)
{
    return 0;
}

static int v1_open_join(const struct cgroup_member *m, struct cgroup_join *join, struct err *err)
{
    int fd;

    if (join->n_tasks == CGROUP_JOIN_MAX)
        return err_set(err, ERR_LIMIT, "more than %d cgroup hierarchies", CGROUP_JOIN_MAX);
    fd = openat(m->fd, "tasks", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, errno, "opening %s/tasks", m->dir);
    join->tasks[join->n_tasks++] = fd;
    return 0;
}

static int v1_kill(_unused_ const struct cgroup_member *m, _unused_ struct err *err)
{
    return ERR_UNSUPPORTED;
}

static int v1_freeze(const struct cgroup_member *m, bool frozen)
{
    if (!(m->controllers & 1U << CGROUP_FREEZER))
        return -ENOENT;
    return fd_write_text(m->fd, "freezer.state", frozen ? "FROZEN" : "THAWED");
}

/* Reading makes the kernel look: FREEZING becomes FROZEN there. freezer-subsystem.rst. */
static int v1_frozen(const struct cgroup_member *m)
{
    _cleanup_buf_ struct buf text = BUF_INIT;
    int r = cgroup_read(m->fd, "freezer.state", &text);

    return r < 0 ? r : str_after(buf_str(&text), "FROZEN") != NULL;
}

static int v1_told_to_freeze(const struct cgroup_member *m)
{
    _cleanup_buf_ struct buf text = BUF_INIT;
    int r = cgroup_read(m->fd, "freezer.self_freezing", &text);

    return r < 0 ? r : *buf_str(&text) == '1';
}

const struct cgroup_driver cgroup_driver_v1 = {
    .init_dir = v1_init_dir,
    .init_parent = v1_init_parent,
    .enable = v1_enable,
    .open_join = v1_open_join,
    .oom_file = "memory.oom_control",
    .kill = v1_kill,
    .freeze = v1_freeze,
    .frozen = v1_frozen,
    .told_to_freeze = v1_told_to_freeze,
};
