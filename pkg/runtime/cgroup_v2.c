/* cgroup v2: one hierarchy, in which a cgroup has the controllers that its parent hands down. */
#include "runtime/cgroup_internal.h"

#include "base/log.h"
#include "base/strv.h"
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

/* The kernel's word for what the cgroup is; "domain" where it does not tell (the root). */
static char *read_type(const char *dir)
{
    _cleanup_free_ char *file = str_printf("%s/cgroup.type", dir);
    _cleanup_buf_ struct buf text = BUF_INIT;

    if (cgroup_read(AT_FDCWD, file, &text) < 0 || !*buf_str(&text))
        return str_dup("domain");
    return str_ndup(buf_str(&text), strcspn(buf_str(&text), "\n"));
}

/* A container needs controllers that cannot tell threads from each other. Who made a cgroup above threaded is named.
 * cgroup-v2.rst, "Threads". */
static int refuse_threaded(const struct cgroup_hierarchy *h, const char *dir, struct err *err)
{
    _cleanup_free_ char *type = read_type(dir), *at = str_dup(dir);
    size_t end = strlen(h->base);

    if (str_eq(type, "domain"))
        return 0;
    while (dir[end]) {
        end += 1 + strcspn(dir + end + 1, "/");
        at[end] = 0;
        free(type);
        type = read_type(at);
        if (!str_eq(type, "domain"))
            break;
        at[end] = dir[end];
    }
    return err_set(err, ERR_UNSUPPORTED, "cgroup %s is '%s': a container cannot be in or below a threaded cgroup", at,
                   type);
}

/* From the base down to the parent of `dir`, each cgroup hands down what is missing. Hot paths read one file. */
static int v2_enable(const struct cgroup_hierarchy *h, const char *dir, unsigned needed, struct err *err)
{
    _cleanup_free_ char *at = str_dup(dir);
    int r = refuse_threaded(h, dir, err);
    unsigned missing = (needed | (accounting & h->controllers)) & ~read_controllers(dir);
    size_t end = strlen(h->base);

    if (r < 0)
        return r;
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

/* The names in /sys/kernel/cgroup/delegate; without that file, what the specification names. Not all exist everywhere.
 */
int cgroup_delegate(struct cgroup *cg, uid_t uid, struct err *err)
{
    const struct cgroup_member *m = cgroup_member_find(cg, CGROUP_CORE);
    _cleanup_buf_ struct buf text = BUF_INIT;
    _cleanup_strv_ char **files = NULL;

    if (!m)
        return 0;
    if (cgroup_read(AT_FDCWD, "/sys/kernel/cgroup/delegate", &text) < 0)
        buf_adds(&text, "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n");
    files = strv_split(buf_str(&text), '\n');
    if (fchownat(m->fd, "", uid, (gid_t)-1, AT_EMPTY_PATH) < 0)
        return err_errno(err, errno, "handing over cgroup %s", m->dir);
    STRV_FOREACH (file, files)
        if (**file && !strchr(*file, '/') && fchownat(m->fd, *file, uid, (gid_t)-1, AT_SYMLINK_NOFOLLOW) < 0 &&
            errno != ENOENT)
            return err_errno(err, errno, "handing over cgroup %s/%s", m->dir, *file);
    return 0;
}

static int v2_freeze(const struct cgroup_member *m, bool frozen)
{
    return fd_write_text(m->fd, "cgroup.freeze", frozen ? "1" : "0");
}

static int v2_frozen(const struct cgroup_member *m)
{
    _cleanup_buf_ struct buf text = BUF_INIT;
    int r = cgroup_read(m->fd, "cgroup.events", &text);

    return r < 0 ? r : cgroup_keyed_number(buf_str(&text), "frozen") == 1;
}

static int v2_told_to_freeze(const struct cgroup_member *m)
{
    _cleanup_buf_ struct buf text = BUF_INIT;
    int r = cgroup_read(m->fd, "cgroup.freeze", &text);

    return r < 0 ? r : *buf_str(&text) == '1';
}

const struct cgroup_driver cgroup_driver_v2 = {
    .init_dir = v2_init_dir,
    .enable = v2_enable,
    .open_join = v2_open_join,
    .oom_file = "memory.events",
    .kill = v2_kill,
    .freeze = v2_freeze,
    .frozen = v2_frozen,
    .told_to_freeze = v2_told_to_freeze,
};
