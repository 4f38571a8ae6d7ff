/* mount(2), for kernels without the calls of mount.c and for what these have no word for. What is mounted is opened
 * anew by the name that the kernel has for its place, since a descriptor from before means what lies below. */
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

static int propagate(int target, const struct plan_mount *how)
{
    char path[FD_PATH_MAX];
    unsigned long flags = how->propagation | (how->propagate_recursive ? MS_REC : 0);

    if (how->propagation && mount(NULL, fd_path(target, path), NULL, flags, NULL) < 0)
        return -errno;
    return 0;
}

/* What is not spoken of stays: in a user namespace the kernel insists. */
static int change_attributes(int target, uint64_t set, uint64_t clear)
{
    uint64_t attributes = 0;
    char path[FD_PATH_MAX];
    int r = set || clear ? current_attributes(target, &attributes) : 0;

    if (r < 0 || (!set && !clear))
        return r;
    if (set & MOUNT_ATTR__ATIME)
        attributes &= ~(uint64_t)MOUNT_ATTR__ATIME;
    attributes = (attributes & ~clear) | set;
    if (mount(NULL, fd_path(target, path), NULL, MS_REMOUNT | MS_BIND | classic_flags(attributes), NULL) < 0)
        return -errno;
    return 0;
}

/* A field of /proc/self/mountinfo, which has \\040 for a blank and so on. */
static void unescape(char *s)
{
    char *to = s;

    for (; *s; s++, to++) {
        if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' && s[3] >= '0' && s[3] <= '7') {
            *to = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
            s += 3;
        } else {
            *to = *s;
        }
    }
    *to = 0;
}

/* What is mounted below `root`, one by one: there is no call that changes all at once before 5.12. */
static int change_below(const char *root, uint64_t set, uint64_t clear)
{
    _cleanup_buf_ struct buf text = {.max = 16 << 20};
    char *save = NULL;
    int r = fd_read_file(AT_FDCWD, "/proc/self/mountinfo", &text, NULL) < 0 ? -EIO : 0;

    for (char *line = strtok_r(text.p, "\n", &save); r == 0 && line; line = strtok_r(NULL, "\n", &save)) {
        _cleanup_fd_ int fd = -1;
        char *field = line;
        const char *rest;

        for (int i = 0; i < 4 && field; i++)
            field = (field = strchr(field, ' ')) ? field + 1 : NULL;
        if (!field)
            continue;
        field[strcspn(field, " ")] = 0;
        unescape(field);
        rest = str_after(field, root);
        if (!rest || (*rest && *rest != '/'))
            continue;
        fd = open(field, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (fd >= 0)
            r = change_attributes(fd, set, clear);
        else if (errno != ENOENT) /* something else is mounted over it */
            r = -errno;
    }
    return r;
}

int classic_change(int target, const struct plan_mount *how)
{
    char path[FD_PATH_MAX], root[4096];
    int r = change_attributes(target, how->set, how->clear);

    if (r == 0 && (how->set_below || how->clear_below)) {
        ssize_t n = readlink(fd_path(target, path), root, sizeof(root) - 1);

        root[MAX_OF(n, 0)] = 0;
        r = n < 0 ? -errno : change_below(root, how->set_below, how->clear_below);
    }
    return r < 0 ? r : propagate(target, how);
}

int mount_reconfigure(int target, const struct plan_mount *how)
{
    _cleanup_free_ char *options = strv_join(how->data, ",");
    char path[FD_PATH_MAX];

    if (mount(NULL, fd_path(target, path), NULL, MS_REMOUNT | how->flags | classic_flags(how->set), options) < 0)
        return -errno;
    return propagate(target, how);
}

int classic_new(int target, const char *type, const char *source, const struct plan_mount *how, int *ret_root)
{
    _cleanup_free_ char *options = strv_join(how->data, ",");
    _cleanup_fd_ int root = -1;
    char path[FD_PATH_MAX];
    int r = 0;

    if (mount(source, fd_path(target, path), type, how->flags | classic_flags(how->set), options) < 0)
        return -errno;
    if (ret_root || how->propagation) {
        root = open_top(target);
        r = root < 0 ? root : propagate(root, how);
    }
    if (r == 0 && ret_root)
        *ret_root = steal_fd(&root);
    return r;
}

int classic_bind(int dirfd, const char *source, int target, const struct plan_mount *how)
{
    _cleanup_fd_ int from = *source ? openat(dirfd, source, O_PATH | O_CLOEXEC) : fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
    _cleanup_fd_ int made = -1;
    char a[FD_PATH_MAX], b[FD_PATH_MAX];

    if (from < 0)
        return -errno;
    if (mount(fd_path(from, a), fd_path(target, b), NULL, MS_BIND | (how->recursive ? MS_REC : 0), NULL) < 0)
        return -errno;
    made = open_top(target);
    return made < 0 ? made : classic_change(made, how);
}
