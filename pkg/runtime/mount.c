#include "runtime/mount_internal.h"

#include <sys/stat.h>

/* ---- changes ---- */

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

    return r == -ENOSYS ? classic_change(target, how) : r;
}

/* ---- new file systems ---- */

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

void mount_read_said(int fs, char said[MOUNT_SAID_MAX])
{
    ssize_t n = read(fs, said, MOUNT_SAID_MAX - 1);

    /* a letter for how grave it is, a blank, and the message */
    said[MAX_OF(n, 0)] = 0;
    said[strcspn(said, "\n")] = 0;
    memmove(said, n > 2 ? said + 2 : "", n > 2 ? (size_t)n - 1 : 1);
}

int mount_new(int target, const char *type, const char *source, const struct plan_mount *how, int *ret_root,
              char said[MOUNT_SAID_MAX])
{
    _cleanup_fd_ int fs = -1, mnt = -1;
    struct plan_mount rest = {.propagation = how->propagation, .propagate_recursive = how->propagate_recursive};
    int r;

    if (said)
        *said = 0;
    /* The new calls have no word for these. */
    if (how->flags & (MS_I_VERSION | MS_POSIXACL))
        return classic_new(target, type, source, how, ret_root);
    fs = sys_fsopen(type);
    if (fs < 0)
        return errno == ENOSYS ? classic_new(target, type, source, how, ret_root) : -errno;
    r = configure(fs, source, how);
    if (r == 0)
        r = mnt = mount_make(fs, how->set);
    if (r < 0 && said)
        mount_read_said(fs, said);
    if (r >= 0)
        r = mount_attach(mnt, target);
    if (r == 0)
        r = mount_change(mnt, &rest);
    if (r == 0 && ret_root)
        *ret_root = steal_fd(&mnt);
    return r;
}

/* ---- what is mounted elsewhere ---- */

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
        return classic_bind(dirfd, source, target, how);
    return tree < 0 ? tree : mount_attach(tree, target);
}
