#include "runtime/mount_internal.h"

#include <sys/stat.h>
#include <sys/statfs.h>

static const struct {
    uint64_t attribute;
    unsigned long flag; /* of mount(2) */
} attributes_and_flags[] = {
    {MOUNT_ATTR_RDONLY, MS_RDONLY},         {MOUNT_ATTR_NOSUID, MS_NOSUID},
    {MOUNT_ATTR_NODEV, MS_NODEV},           {MOUNT_ATTR_NOEXEC, MS_NOEXEC},
    {MOUNT_ATTR_NOATIME, MS_NOATIME},       {MOUNT_ATTR_STRICTATIME, MS_STRICTATIME},
    {MOUNT_ATTR_NODIRATIME, MS_NODIRATIME}, {MOUNT_ATTR_NOSYMFOLLOW, MS_NOSYMFOLLOW},
};

/* The flags of mount(2) for attributes. */
static unsigned long classic_flags(uint64_t attributes)
{
    unsigned long flags = 0;

    for (size_t i = 0; i < ARRAY_SIZE(attributes_and_flags); i++)
        if (attributes & attributes_and_flags[i].attribute)
            flags |= attributes_and_flags[i].flag;
    return flags;
}

/* The attributes that the mount has which `fd` is in. */
static int current_attributes(int fd, uint64_t *ret)
{
    enum { RELATIME = 4096, NOSYMFOLLOW = 8192 }; /* ST_RELATIME, ST_NOSYMFOLLOW; the others are as those of mount(2) */
    struct statfs fs;

    if (fstatfs(fd, &fs) < 0)
        return -errno;
    *ret = fs.f_flags & NOSYMFOLLOW ? MOUNT_ATTR_NOSYMFOLLOW : 0;
    for (size_t i = 0; i < ARRAY_SIZE(attributes_and_flags); i++)
        if (attributes_and_flags[i].flag < MS_BIND && attributes_and_flags[i].flag != MS_NOSYMFOLLOW &&
            (unsigned long)fs.f_flags & attributes_and_flags[i].flag)
            *ret |= attributes_and_flags[i].attribute;
    if (!(fs.f_flags & RELATIME) && !(*ret & MOUNT_ATTR_NOATIME))
        *ret |= MOUNT_ATTR_STRICTATIME;
    return 0;
}

/* What lies on top of `target` by now, which still means what is below. */
static int open_top(int target)
{
    char path[FD_PATH_MAX], resolved[4096];
    ssize_t n = readlink(fd_path(target, path), resolved, sizeof(resolved) - 1);
    int fd;

    if (n < 0)
        return -errno;
    resolved[n] = 0;
    fd = open(resolved, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* ---- changes ---- */

static int propagate_classic(int target, const struct plan_mount *how)
{
    char path[FD_PATH_MAX];
    unsigned long flags = how->propagation | (how->propagate_recursive ? MS_REC : 0);

    if (how->propagation && mount(NULL, fd_path(target, path), NULL, flags, NULL) < 0)
        return -errno;
    return 0;
}

static int change_classic(int target, const struct plan_mount *how)
{
    uint64_t attributes = 0;
    char path[FD_PATH_MAX];
    int r;

    if (how->set_below || how->clear_below)
        return -EOPNOTSUPP;
    if (how->set || how->clear) {
        /* What is not spoken of stays: in a user namespace the kernel insists. */
        r = current_attributes(target, &attributes);
        if (r < 0)
            return r;
        if (how->set & MOUNT_ATTR__ATIME)
            attributes &= ~(uint64_t)MOUNT_ATTR__ATIME;
        attributes = (attributes & ~how->clear) | how->set;
        if (mount(NULL, fd_path(target, path), NULL, MS_REMOUNT | MS_BIND | classic_flags(attributes), NULL) < 0)
            return -errno;
    }
    return propagate_classic(target, how);
}

static int set_attributes(int fd, uint64_t set, uint64_t clear, unsigned flags)
{
    struct mount_attr attributes = {.attr_set = set, .attr_clr = clear};

    if (!set && !clear)
        return 0;
    /* The kind of atime is a field, not a bit: it is set by clearing all of it. */
    if (set & MOUNT_ATTR__ATIME)
        attributes.attr_clr |= MOUNT_ATTR__ATIME;
    return sys_setattr(fd, flags, &attributes) < 0 ? -errno : 0;
}

/* -ENOSYS before 5.12. */
static int change(int target, const struct plan_mount *how)
{
    struct mount_attr propagation = {.propagation = how->propagation};
    int r = set_attributes(target, how->set, how->clear, 0);

    if (r == 0)
        r = set_attributes(target, how->set_below, how->clear_below, AT_RECURSIVE);
    if (r == 0 && how->propagation &&
        sys_setattr(target, how->propagate_recursive ? AT_RECURSIVE : 0, &propagation) < 0)
        r = -errno;
    return r;
}

int mount_change(int target, const struct plan_mount *how)
{
    int r = change(target, how);

    return r == -ENOSYS ? change_classic(target, how) : r;
}

int mount_reconfigure(int target, const struct plan_mount *how)
{
    _cleanup_free_ char *options = strv_join(how->data, ",");
    char path[FD_PATH_MAX];

    if (mount(NULL, fd_path(target, path), NULL, MS_REMOUNT | how->flags | classic_flags(how->set), options) < 0)
        return -errno;
    return propagate_classic(target, how);
}

/* ---- new file systems ---- */

static int mount_new_classic(int target, const char *type, const char *source, const struct plan_mount *how,
                             int *ret_root)
{
    _cleanup_free_ char *options = strv_join(how->data, ",");
    _cleanup_fd_ int root = -1;
    char path[FD_PATH_MAX];
    int r = 0;

    if (mount(source, fd_path(target, path), type, how->flags | classic_flags(how->set), options) < 0)
        return -errno;
    if (ret_root || how->propagation) {
        root = open_top(target);
        r = root < 0 ? root : propagate_classic(root, how);
    }
    if (r == 0 && ret_root)
        *ret_root = steal_fd(&root);
    return r;
}

int mount_make(int fs, uint64_t attributes)
{
    int mnt = -1;

    if (sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL) == 0)
        mnt = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, attributes);
    return mnt < 0 ? -errno : mnt;
}

int mount_attach(int tree, int target)
{
    return sys_move(tree, target) < 0 ? -errno : 0;
}

int mount_detached(const char *type)
{
    _cleanup_fd_ int fs = sys_fsopen(type);

    return fs < 0 ? -errno : mount_make(fs, 0);
}

static const struct {
    unsigned long flag;
    const char *name; /* for fsconfig(2) */
} flag_names[] = {
    {MS_SYNCHRONOUS, "sync"},
    {MS_DIRSYNC, "dirsync"},
    {MS_MANDLOCK, "mand"},
    {MS_LAZYTIME, "lazytime"},
};

/* A device that is read-only can be mounted by a file system that is, and by no other. */
static bool is_block_device(const char *source)
{
    struct stat st;

    return *source == '/' && stat(source, &st) == 0 && S_ISBLK(st.st_mode);
}

static int configure(int fs, const char *source, const struct plan_mount *how)
{
    if (sys_fsconfig(fs, FSCONFIG_SET_STRING, "source", source) < 0)
        return -errno;
    for (size_t i = 0; i < ARRAY_SIZE(flag_names); i++)
        if (how->flags & flag_names[i].flag && sys_fsconfig(fs, FSCONFIG_SET_FLAG, flag_names[i].name, NULL) < 0)
            return -errno;
    if (how->set & MOUNT_ATTR_RDONLY && is_block_device(source) && sys_fsconfig(fs, FSCONFIG_SET_FLAG, "ro", NULL) < 0)
        return -errno;
    STRV_FOREACH (option, how->data) {
        const char *value = strchr(*option, '=');
        _cleanup_free_ char *key = str_ndup(*option, strcspn(*option, "="));

        if (sys_fsconfig(fs, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key, value ? value + 1 : NULL) < 0)
            return -errno;
    }
    return 0;
}

int mount_new(int target, const char *type, const char *source, const struct plan_mount *how, int *ret_root)
{
    _cleanup_fd_ int fs = -1, mnt = -1;
    struct plan_mount rest = {.propagation = how->propagation, .propagate_recursive = how->propagate_recursive};
    int r;

    /* The new calls have no word for these. */
    if (how->flags & (MS_I_VERSION | MS_POSIXACL))
        return mount_new_classic(target, type, source, how, ret_root);
    fs = sys_fsopen(type);
    if (fs < 0)
        return errno == ENOSYS ? mount_new_classic(target, type, source, how, ret_root) : -errno;
    r = configure(fs, source, how);
    if (r < 0)
        return r;
    mnt = mount_make(fs, how->set);
    r = mnt < 0 ? mnt : mount_attach(mnt, target);
    if (r == 0)
        r = mount_change(mnt, &rest);
    if (r == 0 && ret_root)
        *ret_root = steal_fd(&mnt);
    return r;
}

/* ---- what is mounted elsewhere ---- */

static int bind_classic(int dirfd, const char *source, int target, const struct plan_mount *how)
{
    _cleanup_fd_ int from = *source ? openat(dirfd, source, O_PATH | O_CLOEXEC) : fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
    _cleanup_fd_ int made = -1;
    char a[FD_PATH_MAX], b[FD_PATH_MAX];

    if (how->set_below || how->clear_below)
        return -EOPNOTSUPP;
    if (from < 0)
        return -errno;
    if (mount(fd_path(from, a), fd_path(target, b), NULL, MS_BIND | (how->recursive ? MS_REC : 0), NULL) < 0)
        return -errno;
    made = open_top(target);
    return made < 0 ? made : change_classic(made, how);
}

int mount_clone(int dirfd, const char *source, const struct plan_mount *how, int userns)
{
    unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (*source ? 0 : AT_EMPTY_PATH) |
                     (how->recursive ? (unsigned)AT_RECURSIVE : 0);
    struct mount_attr map = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)userns};
    _cleanup_fd_ int tree = (int)syscall(SYS_open_tree, dirfd, source, flags);
    int r;

    if (tree < 0)
        return -errno;
    if (how->map && userns >= 0 && sys_setattr(tree, how->map_recursive ? AT_RECURSIVE : 0, &map) < 0)
        return -errno;
    r = change(tree, how);
    return r < 0 ? r : steal_fd(&tree);
}

int mount_bind(int dirfd, const char *source, int target, const struct plan_mount *how)
{
    _cleanup_fd_ int tree = mount_clone(dirfd, source, how, -1);

    /* What is mounted nowhere yet cannot be changed in the classic way. */
    if (tree == -ENOSYS)
        return bind_classic(dirfd, source, target, how);
    return tree < 0 ? tree : mount_attach(tree, target);
}
