/* The root file system, step by step, from outside: every target is found inside the root (sys/path.h). */
#include "runtime/child.h"
#include "runtime/mount.h"
#include "sys/copy_tree.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

/* Opens what was mounted on `path` of the host just now: the container's root from here on. */
static int take_root(struct child *c, const char *path, struct err *err)
{
    c->root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return c->root < 0 ? err_errno(err, errno, "%s", path) : 0;
}

int child_root_overlay(struct child *c, const struct plan_step *s, struct err *err)
{
    _cleanup_fd_ int target = open(s->target, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int r;

    if (target < 0)
        return err_errno(err, errno, "%s", s->target);
    r = mount_overlay(target, c->start->overlay, err);
    return r < 0 ? r : take_root(c, s->target, err);
}

int child_root_directory(struct child *c, const struct plan_step *s, struct err *err)
{
    if (mount(s->target, s->target, NULL, MS_BIND | MS_REC, NULL) < 0)
        return err_errno(err, errno, "bind mount");
    return take_root(c, s->target, err);
}

int child_root_entered(struct child *c, const struct plan_step *s _unused_, struct err *err)
{
    return take_root(c, "/", err);
}

/* A directory in the root to mount on, made where it is missing; `*ret_mode` is that of one that was there, or 0. */
static int open_directory(struct child *c, const struct plan_step *s, mode_t *ret_mode, struct err *err)
{
    _cleanup_fd_ int fd = path_open_in_root(c->root, s->target, O_PATH | (s->flag ? O_NOFOLLOW : 0), 0);
    _cleanup_free_ char *before = NULL;
    struct stat st;

    *ret_mode = 0;
    if (fd >= 0) {
        if (fstat(fd, &st) < 0)
            return err_errno(err, errno, "target");
        if (!S_ISDIR(st.st_mode))
            return err_set(err, ERR_INVALID, s->flag ? "the image has no directory there" : "target: Not a directory");
        *ret_mode = st.st_mode;
        return steal_fd(&fd);
    }
    if (fd == -ENOENT) {
        before = child_made_begin(c, s->target);
        fd = path_mkdirs_in_root(c->root, s->target, 0755);
        child_made_end(c, before, fd);
    }
    return fd < 0 ? err_errno(err, -fd, "target") : steal_fd(&fd);
}

/* Whether SELinux is there to give a label to. */
static bool has_selinux(void)
{
    struct statfs fs;

    return statfs("/sys/fs/selinux", &fs) == 0 && fs.f_type == SELINUX_MAGIC;
}

/* The message queues of an IPC namespace are a file system that is there before it is mounted, and has its label: it
 * takes no other as an option. */
static bool is_labelled_later(const struct plan_step *s)
{
    return str_eq(s->type, "mqueue") && !str_empty(s->label) && has_selinux();
}

static int label_root(const struct plan_step *s, int root, struct err *err)
{
    _cleanup_fd_ int fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fsetxattr(fd, "security.selinux", s->label, strlen(s->label), 0) < 0)
        return err_errno(err, errno, "the label %s", s->label);
    return 0;
}

/* What the step says, and what it leaves to the place: a tmpfs without a mode has that of the directory below it, as
 * with Docker, and labels are for SELinux alone. The caller frees `data`. */
static struct plan_mount complete(const struct plan_step *s, mode_t mode)
{
    struct plan_mount how = s->mount;
    bool has_mode = false;

    how.data = strv_copy(s->mount.data);
    STRV_FOREACH (option, how.data)
        has_mode |= str_after(*option, "mode=") != NULL;
    if (str_eq(s->type, "tmpfs") && mode && !has_mode)
        strv_addf(&how.data, "mode=%04o", (unsigned)mode & 07777);
    if (!str_empty(s->label) && has_selinux() && !is_labelled_later(s))
        strv_addf(&how.data, "context=%s", s->label);
    return how;
}

/* Instead of a cgroup file system where the kernel refuses one (in a user namespace without a cgroup namespace). */
static int mount_instead(const struct plan_step *s, int target, const struct plan_mount *how)
{
    struct plan_mount bind = *how;

    bind.recursive = true;
    return mount_bind(AT_FDCWD, s->bind, target, &bind);
}

/* A directory of what was mounted takes its place; it never leads out of it. */
static int show_subdirectory(int root, const struct plan_step *s, struct err *err)
{
    _cleanup_fd_ int sub = path_open_beneath(root, s->mount.subdir, O_PATH, 0);
    int r = sub < 0 ? sub : mount_bind(sub, "", root, &s->mount);

    return r < 0 ? err_errno(err, -r, "%s", s->mount.subdir) : 0;
}

int child_mount(struct child *c, const struct plan_step *s, struct err *err)
{
    struct copy_tree copy = {.privileged = true};
    _cleanup_fd_ int target = -1, below = -1, root = -1;
    char said[MOUNT_SAID_MAX];
    struct plan_mount how;
    mode_t mode;
    int r;

    target = open_directory(c, s, &mode, err);
    if (target < 0)
        return target;
    r = child_check_proc(c, target, s, -1, err);
    if (r < 0)
        return r;
    if (s->mount.copy_up) {
        below = openat(target, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (below < 0)
            return err_errno(err, errno, "what lies below");
    }
    how = complete(s, mode);
    r = mount_new(target, s->type, s->source, &how,
                  below >= 0 || s->mount.subdir || is_labelled_later(s) ? &root : NULL, said);
    if ((r == -EPERM || r == -EBUSY) && s->bind)
        r = mount_instead(s, target, &how);
    strv_free(how.data);
    if (r < 0)
        return err_errno(err, -r, "%s", *said ? said : s->type);
    if (is_labelled_later(s))
        return label_root(s, root, err);
    r = below >= 0 ? copy_tree_contents(&copy, below, root, false, err) : 0;
    if (r < 0)
        return err_wrap(err, "copying what lies below");
    return s->mount.subdir ? show_subdirectory(root, s, err) : 0;
}

int child_remount(struct child *c, const struct plan_step *s, struct err *err)
{
    _cleanup_fd_ int target = path_open_in_root(c->root, s->target, O_PATH, 0);
    int r = target < 0 ? target : mount_reconfigure(target, &s->mount);

    return r < 0 ? err_errno(err, -r, "mount") : 0;
}

/* Makes the file `path`, whose directory is made as well. What is behind a link is made where that leads: `*ret_next`
 * is its path then. 0 or -errno. */
static int make_file(struct child *c, const char *path, char **ret_next)
{
    const char *base = path_base(path);
    _cleanup_free_ char *parent = str_ndup(path, (size_t)(base - path));
    _cleanup_fd_ int dir = path_mkdirs_in_root(c->root, parent, 0755), fd = -1;
    char target[PATH_MAX];
    ssize_t n;

    if (dir < 0)
        return dir;
    fd = openat(dir, base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0644);
    if (fd >= 0 || errno != EEXIST)
        return fd < 0 ? -errno : 0;
    n = readlinkat(dir, base, target, sizeof(target) - 1);
    if (n < 0)
        return errno == EINVAL ? 0 : -errno; /* somebody else has made it */
    target[n] = 0;
    *ret_next = *target == '/' ? str_dup(target) : str_printf("%s%s", parent, target);
    return 0;
}

enum { LINKS_MAX = 40 };

/* A file in the root to mount on, made where it is missing. */
static int open_file(struct child *c, const char *path, struct err *err)
{
    _cleanup_free_ char *at = str_dup(path), *before = NULL;
    int fd = path_open_in_root(c->root, path, O_PATH, 0);

    if (fd == -ENOENT)
        before = child_made_begin(c, path);
    for (int links = 0; fd == -ENOENT && links < LINKS_MAX; links++) {
        char *next = NULL;
        int r = make_file(c, at, &next);

        if (next)
            str_replace(&at, next);
        if (r < 0)
            return err_errno(err, -r, "target");
        fd = path_open_in_root(c->root, path, O_PATH, 0);
    }
    child_made_end(c, before, fd);
    return fd < 0 ? err_errno(err, -fd, "target") : fd;
}

int child_bind(struct child *c, const struct plan_step *s, struct err *err)
{
    _cleanup_fd_ int target = -1, source = -1;
    int tree = child_tree(c, s), r;
    struct stat st;
    mode_t mode;

    source = tree >= 0 ? fcntl(tree, F_DUPFD_CLOEXEC, 3) : child_open_source(s, err);
    if (source < 0)
        return source;
    if (fstat(source, &st) < 0)
        return err_errno(err, errno, "%s", s->source);
    target = S_ISDIR(st.st_mode) ? open_directory(c, s, &mode, err) : open_file(c, s->target, err);
    if (target < 0)
        return target;
    r = child_check_proc(c, target, s, source, err);
    if (r < 0)
        return r;
    r = tree >= 0 ? mount_attach(tree, target) : mount_bind(source, "", target, &s->mount);
    if (r == -ENOTDIR)
        return err_set(err, ERR_INVALID, "%s is a %s, and the target is not", s->source,
                       S_ISDIR(st.st_mode) ? "directory" : "file");
    return r < 0 ? err_errno(err, -r, "%s", s->source) : 0;
}

int child_change(struct child *c, const struct plan_step *s, struct err *err)
{
    _cleanup_fd_ int target = path_open_in_root(c->root, s->target, O_PATH, 0);
    int r = target < 0 ? target : mount_change(target, &s->mount);

    return r < 0 ? err_errno(err, -r, "mount") : 0;
}

int child_readonly_path(struct child *c, const struct plan_step *s, struct err *err)
{
    static const struct plan_mount all = {.recursive = true, .set_below = MOUNT_ATTR_RDONLY};
    _cleanup_fd_ int target = path_open_in_root(c->root, s->target, O_PATH, 0);
    int r = target < 0 ? target : mount_bind(target, "", target, &all);

    return r < 0 && r != -ENOENT && r != -ENOTDIR ? err_errno(err, -r, "mount") : 0;
}

/* Something empty over a directory: one file system for all of them. */
static int mask_directory(struct child *c, int target)
{
    static char *data[] = {(char *)"mode=755", (char *)"size=4k", NULL};
    static const struct plan_mount as_it_is = {0}, empty = {.data = data, .set = MOUNT_ATTR_RDONLY};

    if (c->mask >= 0)
        return mount_bind(c->mask, "", target, &as_it_is);
    return mount_new(target, "tmpfs", "tmpfs", &empty, &c->mask, NULL);
}

/* The host's, and nothing else that goes by its name (CVE-2025-31133). */
static int open_null(void)
{
    _cleanup_fd_ int fd = open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    return S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3) ? steal_fd(&fd) : -ENODEV;
}

static int mask_file(struct child *c, int target)
{
    static const struct plan_mount how = {.set = MOUNT_ATTR_RDONLY};

    if (c->null < 0)
        c->null = open_null();
    return c->null < 0 ? c->null : mount_bind(c->null, "", target, &how);
}

int child_mask_path(struct child *c, const struct plan_step *s, struct err *err)
{
    _cleanup_fd_ int target = path_open_in_root(c->root, s->target, O_PATH, 0);
    struct stat st;
    int r = target;

    if (target == -ENOENT || target == -ENOTDIR)
        return 0;
    if (r >= 0)
        r = fstat(target, &st) < 0 ? -errno : 0;
    if (r == 0)
        r = S_ISDIR(st.st_mode) ? mask_directory(c, target) : mask_file(c, target);
    return r < 0 ? err_errno(err, -r, "mount") : 0;
}
