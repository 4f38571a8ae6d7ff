/* From a process in a new root to the container's program: who it is, what it may do, where it is. */
#include "runtime/child.h"
#include "sys/fd.h"
#include "sys/path.h"
#include "sys/tty.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

enum { MANY_FILES = 1 << 20 /* descriptors: the kernel's own ceiling, if nobody raises it */ };

int child_user(struct child *c, const struct plan_step *s, struct err *err)
{
    const struct oci_user *user = &c->start->spec->process.user;

    if (s->target) {
        int r = userdb_find(c->root, s->target, &c->user, err);

        STRV_FOREACH (group, user->groups)
            r = r < 0 ? r : userdb_add_group(c->root, *group, &c->user, err);
        return r;
    }
    c->user.uid = (uid_t)user->uid;
    c->user.gid = (gid_t)user->gid;
    *VEC_PUSH(&c->user.groups) = c->user.gid;
    VEC_FOREACH (gid, &user->additional_gids)
        *VEC_PUSH(&c->user.groups) = (gid_t)*gid;
    return userdb_home(c->root, c->user.uid, &c->user.home, err);
}

int child_directory(struct child *c, const struct plan_step *s, struct err *err)
{
    _cleanup_fd_ int fd = path_mkdirs_in_root(c->root, s->target, 0755);

    return fd < 0 ? err_errno(err, -fd, "directory") : 0;
}

int child_rlimit(struct child *c _unused_, const struct plan_step *s, struct err *err)
{
    struct rlimit want = {s->soft, s->hard}, have;
    __rlimit_resource_t which = (__rlimit_resource_t)s->number;

    if (s->flag && (getrlimit(which, &have) < 0 || have.rlim_max <= MANY_FILES))
        return 0;
    if (setrlimit(which, &want) == 0)
        return 0;
    /* Without the right to raise the hard limit, what there is must do. */
    if (errno != EPERM || getrlimit(which, &have) < 0)
        return err_errno(err, errno, "setrlimit");
    want.rlim_max = MIN_OF(want.rlim_max, have.rlim_max);
    want.rlim_cur = MIN_OF(want.rlim_cur, want.rlim_max);
    return setrlimit(which, &want) < 0 ? err_errno(err, errno, "setrlimit") : 0;
}

/* Programs of another user open /dev/stdout again by name, and a pipe is its maker's alone. Whatever else is passed in
 * belongs to somebody who has not been asked. */
static void give_pipe(int fd, uid_t uid)
{
    struct stat st;

    if (uid != 0 && fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) && fchown(fd, uid, (gid_t)-1) < 0)
        errno = 0;
}

/* The container's own, which it may change as it likes. /dev can be a bind whose "null" is anything. */
static int open_null(int flags)
{
    _cleanup_fd_ int fd = path_open_in_root(AT_FDCWD, "/dev/null", flags | O_NONBLOCK | O_NOCTTY, 0);
    struct stat st;

    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0 || fcntl(fd, F_SETFL, 0) < 0)
        return -errno;
    return S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3) ? steal_fd(&fd) : -ENODEV;
}

int child_stdio(struct child *c, const struct plan_step *s _unused_, struct err *err)
{
    int from[3];

    if (c->terminal >= 0) {
        /* Best effort: a program of another user may open its terminal again by name. */
        if (fchown(c->terminal, c->user.uid, (gid_t)-1) < 0)
            errno = 0;
        if (tty_take_control(c->terminal) < 0)
            return err_errno(err, errno, "the controlling terminal");
    } else {
        setsid();
    }
    /* Copied out of the way first, since any of them may be one of 0, 1, 2. */
    for (int i = 0; i < 3; i++) {
        int fd = c->terminal >= 0 ? c->terminal : c->start->stdio[i];

        if (fd < 0)
            fd = open_null(i ? O_WRONLY : O_RDONLY);
        if (fd < 0)
            return err_errno(err, -fd, "/dev/null");
        from[i] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        if (from[i] < 0)
            return err_errno(err, errno, "descriptor %d", i);
        give_pipe(from[i], c->user.uid);
    }
    for (int i = 0; i < 3; i++)
        if (dup2(from[i], i) < 0)
            return err_errno(err, errno, "descriptor %d", i);
    return 0;
}

static int join_keyring(struct err *err)
{
    /* Without it the program would see the keys of whoever started it. Kernels without keyrings have none to see, and a
     * filter of system calls that forbids us keyctl(2) forbids it the program as well. */
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) >= 0 || errno == ENOSYS || errno == EPERM)
        return 0;
    if (errno != EDQUOT)
        return err_errno(err, errno, "keyctl");
    err_set(err, ERR_NO_SPACE, "there are too many keys of the user who starts it already");
    return err_hint(err, "/proc/key-users shows how many, /proc/sys/kernel/keys/ how many there may be");
}

int child_keyring(struct child *c, const struct plan_step *s _unused_, struct err *err)
{
    int r = c->labels.key >= 0 ? child_labels_key(c, true, err) : 0;

    if (r == 0)
        r = join_keyring(err);
    return r == 0 && c->labels.key >= 0 ? child_labels_key(c, false, err) : r;
}

int child_no_new_privs(struct child *c _unused_, const struct plan_step *s _unused_, struct err *err)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? err_errno(err, errno, "prctl") : 0;
}

static int fail_id(const char *field, unsigned id, struct err *err)
{
    if (errno == EINVAL)
        return err_set(err, ERR_INVALID, "%s: %u is not mapped in the user namespace", field, id);
    return err_errno(err, errno, "%s", field);
}

/* user_namespaces(7): who was not allowed to map groups has given setgroups(2) up; then the caller's stay, which are
 * nobody's inside. */
static int set_groups(const struct child *c, struct err *err)
{
    if (setgroups(c->user.groups.n, c->user.groups.v) == 0 || (errno == EPERM && c->user.groups.n <= 1))
        return 0;
    if (errno == EINVAL)
        return err_set(err, ERR_INVALID, "process.user: a group is not mapped in the user namespace");
    return err_errno(err, errno, "process.user.additionalGids");
}

int child_identity(struct child *c, const struct plan_step *s _unused_, struct err *err)
{
    const struct oci_process *process = &c->start->spec->process;
    int r = child_hide(c, err);

    if (r == 0)
        r = set_groups(c, err);
    if (r < 0)
        return r;
    if (setresgid(c->user.gid, c->user.gid, c->user.gid) < 0)
        return fail_id("process.user.gid", c->user.gid, err);
    prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
    if (setresuid(c->user.uid, c->user.uid, c->user.uid) < 0)
        return fail_id("process.user.uid", c->user.uid, err);
    umask(process->user.umask ? (mode_t)*process->user.umask : 022);
    return child_capabilities_set(c, err);
}

int child_workdir(struct child *c _unused_, const struct plan_step *s, struct err *err)
{
    _cleanup_fd_ int fd = path_open_in_root(AT_FDCWD, s->target, O_PATH | O_DIRECTORY, 0); /* we are in "/" */
    _cleanup_free_ char *real = NULL;

    if (fd < 0)
        return err_errno(err, -fd, "directory");
    if (fchdir(fd) < 0)
        return err_errno(err, errno, "chdir");
    /* A directory of the host that was smuggled in would be unreachable from here (CVE-2024-21626). */
    real = getcwd(NULL, 0);
    if (!real || *real != '/')
        return err_set(err, ERR_PERMISSION, "%s lies outside of the container", s->target);
    return 0;
}
