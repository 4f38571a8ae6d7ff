#include "runtime/mount.h"

#include "sys/fd.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <sys/syscall.h>

/* <sys/mount.h> and <linux/mount.h> cannot be included together everywhere: what is used of the former. */
int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);

#ifndef MS_REC
#define MS_RDONLY      1
#define MS_NOSUID      2
#define MS_NODEV       4
#define MS_NOEXEC      8
#define MS_REMOUNT     32
#define MS_NOATIME     1024
#define MS_NODIRATIME  2048
#define MS_BIND        4096
#define MS_REC         16384
#define MS_RELATIME    (1 << 21)
#define MS_STRICTATIME (1 << 24)
#endif

enum { FD_PATH_MAX = 32 };

static int sys_fsopen(const char *type)
{
    return (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
}

static int sys_fsconfig(int fs, unsigned command, const char *key, const char *value)
{
    return (int)syscall(SYS_fsconfig, fs, command, key, value, 0);
}

static int sys_move(int from, int target)
{
    return (int)syscall(SYS_move_mount, from, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

static int sys_setattr(int fd, unsigned flags, const struct mount_attr *attr)
{
    return (int)syscall(SYS_mount_setattr, fd, "", flags | AT_EMPTY_PATH, attr, sizeof(*attr));
}

static const char *fd_path(int fd, char out[FD_PATH_MAX])
{
    snprintf(out, FD_PATH_MAX, "/proc/self/fd/%d", fd);
    return out;
}

/* The flags of mount(2) for attributes. */
static unsigned long classic_flags(uint64_t attributes)
{
    static const struct {
        uint64_t attribute;
        unsigned long flag;
    } map[] = {
        {MOUNT_ATTR_RDONLY, MS_RDONLY},         {MOUNT_ATTR_NOSUID, MS_NOSUID},
        {MOUNT_ATTR_NODEV, MS_NODEV},           {MOUNT_ATTR_NOEXEC, MS_NOEXEC},
        {MOUNT_ATTR_NOATIME, MS_NOATIME},       {MOUNT_ATTR_STRICTATIME, MS_STRICTATIME},
        {MOUNT_ATTR_NODIRATIME, MS_NODIRATIME},
    };
    unsigned long flags = 0;

    for (size_t i = 0; i < ARRAY_SIZE(map); i++)
        if (attributes & map[i].attribute)
            flags |= map[i].flag;
    return flags;
}

static int mount_new_classic(int target, const char *type, const char *source, char *const *data, uint64_t attributes)
{
    _cleanup_free_ char *options = strv_join(data, ",");
    char path[FD_PATH_MAX];

    return mount(source, fd_path(target, path), type, classic_flags(attributes), options) < 0 ? -errno : 0;
}

/* Makes the configured file system, mounted nowhere yet. */
static int make_mount(int fs, uint64_t attributes)
{
    int mnt = -1;

    if (sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL) == 0)
        mnt = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, attributes);
    return mnt < 0 ? -errno : mnt;
}

/* Makes it and puts it on `target`. */
static int attach(int fs, int target, uint64_t attributes)
{
    _cleanup_fd_ int mnt = make_mount(fs, attributes);

    if (mnt < 0)
        return mnt;
    return sys_move(mnt, target) < 0 ? -errno : 0;
}

int mount_detached(const char *type)
{
    _cleanup_fd_ int fs = sys_fsopen(type);

    return fs < 0 ? -errno : make_mount(fs, 0);
}

int mount_new(int target, const char *type, const char *source, char *const *data, uint64_t attributes)
{
    _cleanup_fd_ int fs = sys_fsopen(type);

    if (fs < 0)
        return errno == ENOSYS ? mount_new_classic(target, type, source, data, attributes) : -errno;
    if (sys_fsconfig(fs, FSCONFIG_SET_STRING, "source", source) < 0)
        return -errno;
    STRV_FOREACH (option, data) {
        const char *value = strchr(*option, '=');
        _cleanup_free_ char *key = str_ndup(*option, strcspn(*option, "="));

        if (sys_fsconfig(fs, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key, value ? value + 1 : NULL) < 0)
            return -errno;
    }
    return attach(fs, target, attributes);
}

static int change_classic(int target, const struct plan_mount *how)
{
    char path[FD_PATH_MAX];

    fd_path(target, path);
    if ((how->set || how->clear) && mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | classic_flags(how->set), NULL) < 0)
        return -errno;
    if (how->propagation &&
        mount(NULL, path, NULL, how->propagation | (how->propagate_recursive ? MS_REC : 0), NULL) < 0)
        return -errno;
    return 0;
}

/* -ENOSYS before 5.12. */
static int change(int target, const struct plan_mount *how)
{
    struct mount_attr attributes = {.attr_set = how->set, .attr_clr = how->clear};
    struct mount_attr propagation = {.propagation = how->propagation};

    /* The kind of atime is a field, not a bit: it is set by clearing all of it. */
    if (how->set & MOUNT_ATTR__ATIME)
        attributes.attr_clr |= MOUNT_ATTR__ATIME;
    if ((how->set || how->clear) && sys_setattr(target, how->set_recursive ? AT_RECURSIVE : 0, &attributes) < 0)
        return -errno;
    if (how->propagation && sys_setattr(target, how->propagate_recursive ? AT_RECURSIVE : 0, &propagation) < 0)
        return -errno;
    return 0;
}

int mount_change(int target, const struct plan_mount *how)
{
    int r = change(target, how);

    return r == -ENOSYS ? change_classic(target, how) : r;
}

static int bind_classic(int dirfd, const char *source, int target, const struct plan_mount *how)
{
    _cleanup_fd_ int from = *source ? openat(dirfd, source, O_PATH | O_CLOEXEC) : fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
    _cleanup_fd_ int made = -1;
    char a[FD_PATH_MAX], b[FD_PATH_MAX], resolved[4096];
    ssize_t n;

    if (from < 0)
        return -errno;
    if (mount(fd_path(from, a), fd_path(target, b), NULL, MS_BIND | (how->recursive ? MS_REC : 0), NULL) < 0)
        return -errno;
    /* The descriptor still means what lies under the new mount. */
    n = readlink(b, resolved, sizeof(resolved) - 1);
    if (n < 0)
        return -errno;
    resolved[n] = 0;
    made = open(resolved, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    return made < 0 ? -errno : change_classic(made, how);
}

int mount_bind(int dirfd, const char *source, int target, const struct plan_mount *how)
{
    unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (*source ? 0 : AT_EMPTY_PATH) |
                     (how->recursive ? (unsigned)AT_RECURSIVE : 0);
    _cleanup_fd_ int tree = (int)syscall(SYS_open_tree, dirfd, source, flags);
    int r;

    if (tree < 0)
        return errno == ENOSYS ? bind_classic(dirfd, source, target, how) : -errno;
    /* What is mounted nowhere yet cannot be changed in the classic way. */
    r = change(tree, how);
    if (r == -ENOSYS)
        return bind_classic(dirfd, source, target, how);
    if (r < 0)
        return r;
    return sys_move(tree, target) < 0 ? -errno : 0;
}

/* What the kernel has to say beyond an errno, from the file system's context; "" if nothing. */
enum { LOG_MAX = 512 };

static const char *read_log(int fs, char said[LOG_MAX])
{
    ssize_t n = read(fs, said, LOG_MAX - 1);

    said[n > 0 ? n : 0] = 0;
    said[strcspn(said, "\n")] = 0;
    return n > 2 ? said + 2 : "";
}

static int fail_with_log(int fs, int errnum, struct err *err)
{
    char said[LOG_MAX];
    const char *why = read_log(fs, said);

    return err_errno(err, errnum, "%s", *why ? why : "overlay");
}

/* All in one option string: descriptors make for short names, so that any number of layers that an image may have fits
 * into the page that mount(2) takes. */
static int overlay_classic(int target, const struct runtime_overlay *layers, struct err *err)
{
    _cleanup_buf_ struct buf options = BUF_INIT;
    char path[FD_PATH_MAX];

    STRV_FOREACH (lower, layers->lower) {
        int fd = open(*lower, O_PATH | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
            return err_errno(err, errno, "%s", *lower);
        buf_addf(&options, "%s%s", options.len ? ":" : "lowerdir=", fd_path(fd, path));
    }
    buf_addf(&options, ",upperdir=%s,workdir=%s%s", layers->upper, layers->work, layers->discard ? ",volatile" : "");
    if (options.len >= 4096)
        return err_set(err, ERR_UNSUPPORTED, "too many layers for this kernel: %zu", strv_len(layers->lower));
    if (mount("overlay", fd_path(target, path), "overlay", 0, buf_str(&options)) < 0)
        return err_errno(err, errno, "overlay");
    return 0;
}

/* 0, or 1 where the kernel does not take layers one by one (before 6.7). */
static int overlay_configure(int fs, const struct runtime_overlay *layers, struct err *err)
{
    if (sys_fsconfig(fs, FSCONFIG_SET_STRING, "source", "overlay") < 0)
        return fail_with_log(fs, errno, err);
    STRV_FOREACH (lower, layers->lower) {
        if (sys_fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir+", *lower) < 0) {
            if (errno == EINVAL && lower == (char *const *)layers->lower)
                return 1;
            return fail_with_log(fs, errno, err);
        }
    }
    if (sys_fsconfig(fs, FSCONFIG_SET_STRING, "upperdir", layers->upper) < 0 ||
        sys_fsconfig(fs, FSCONFIG_SET_STRING, "workdir", layers->work) < 0 ||
        (layers->discard && sys_fsconfig(fs, FSCONFIG_SET_FLAG, "volatile", NULL) < 0))
        return fail_with_log(fs, errno, err);
    return 0;
}

static int overlay_at(int target, const struct runtime_overlay *layers, struct err *err)
{
    _cleanup_fd_ int fs = sys_fsopen("overlay");
    int r;

    if (fs < 0 && errno == ENODEV)
        return err_set(err, ERR_UNSUPPORTED, "the kernel has no overlay file system");
    if (fs < 0 && errno != ENOSYS)
        return err_errno(err, errno, "overlay");
    r = fs < 0 ? 1 : overlay_configure(fs, layers, err);
    if (r != 0)
        return r < 0 ? r : overlay_classic(target, layers, err);
    r = attach(fs, target, 0);
    if (r < 0) {
        char said[LOG_MAX];
        const char *why = read_log(fs, said);

        /* Before 6.5 overlay collects whatever options there are, and refuses those it does not know here, silently. */
        if (r == -EINVAL && !*why)
            return overlay_classic(target, layers, err);
        return err_errno(err, -r, "%s", *why ? why : "overlay");
    }
    return 0;
}

int mount_overlay(int target, const struct runtime_overlay *layers, struct err *err)
{
    int r;

    /* Names of layers are relative. */
    if (chdir(layers->dir) < 0)
        return err_errno(err, errno, "%s", layers->dir);
    r = overlay_at(target, layers, err);
    if (chdir("/") < 0 && r == 0)
        r = err_errno(err, errno, "/");
    return r;
}
