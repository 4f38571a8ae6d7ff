/* The root file system, step by step, from outside: every target is found inside the root (sys/path.h). */
#include "runtime/child.h"
#include "runtime/mount.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

int child_propagation(struct child *c _unused_, const struct plan_step *s, struct err *err)
{
    if (mount(NULL, s->target, NULL, s->mount.propagation | MS_REC, NULL) < 0)
        return err_errno(err, errno, "mount");
    return 0;
}

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

/* A directory in the root to mount on, made where it is missing. */
static int open_directory(struct child *c, const char *path, bool no_link, struct err *err)
{
    struct stat st;
    _cleanup_fd_ int fd = -1;

    if (no_link) {
        fd = path_open_in_root(c->root, path, O_PATH | O_NOFOLLOW, 0);
        if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode)))
            return err_set(err, ERR_INVALID, "the image has no directory there");
    }
    if (fd < 0)
        fd = path_mkdirs_in_root(c->root, path, 0755);
    return fd < 0 ? err_errno(err, -fd, "target") : steal_fd(&fd);
}

int child_mount(struct child *c, const struct plan_step *s, struct err *err)
{
    _cleanup_fd_ int target = open_directory(c, s->target, s->flag, err);
    int r;

    if (target < 0)
        return target;
    r = mount_new(target, s->type, s->source, s->mount.data, s->mount.set);
    return r < 0 ? err_errno(err, -r, "%s", s->type) : 0;
}

/* A file in the root to mount on, made where it is missing. */
static int open_file(struct child *c, const char *path, struct err *err)
{
    _cleanup_free_ char *parent = str_ndup(path, (size_t)(path_base(path) - path));
    int fd = path_open_in_root(c->root, path, O_PATH, 0);

    if (fd == -ENOENT) {
        fd = path_mkdirs_in_root(c->root, parent, 0755);
        fd_close(fd);
        if (fd >= 0)
            fd = path_open_in_root(c->root, path, O_WRONLY | O_CREAT | O_NOCTTY, 0644);
        fd_close(fd);
        if (fd >= 0)
            fd = path_open_in_root(c->root, path, O_PATH, 0);
    }
    return fd < 0 ? err_errno(err, -fd, "target") : fd;
}

int child_bind(struct child *c, const struct plan_step *s, struct err *err)
{
    _cleanup_fd_ int target = -1;
    struct stat st;
    int r;

    if (stat(s->source, &st) < 0)
        return err_errno(err, errno, "%s", s->source);
    target = S_ISDIR(st.st_mode) ? open_directory(c, s->target, false, err) : open_file(c, s->target, err);
    if (target < 0)
        return target;
    r = mount_bind(AT_FDCWD, s->source, target, &s->mount);
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
    static const struct plan_mount how = {.recursive = true, .set = MOUNT_ATTR_RDONLY, .set_recursive = true};
    _cleanup_fd_ int target = path_open_in_root(c->root, s->target, O_PATH, 0);
    int r = target < 0 ? target : mount_bind(target, "", target, &how);

    return r < 0 && r != -ENOENT ? err_errno(err, -r, "mount") : 0;
}

/* Something empty over a directory: one file system for all of them. */
static int mask_directory(struct child *c, const char *path, int target)
{
    static char *const data[] = {(char *)"mode=755", (char *)"size=4k", NULL};
    static const struct plan_mount as_it_is = {0};
    int r;

    if (c->mask >= 0)
        return mount_bind(c->mask, "", target, &as_it_is);
    r = mount_new(target, "tmpfs", "tmpfs", data, MOUNT_ATTR_RDONLY);
    if (r == 0)
        r = c->mask = path_open_in_root(c->root, path, O_PATH | O_DIRECTORY, 0);
    return MIN_OF(r, 0);
}

int child_mask_path(struct child *c, const struct plan_step *s, struct err *err)
{
    static const struct plan_mount how = {.set = MOUNT_ATTR_RDONLY};
    _cleanup_fd_ int target = path_open_in_root(c->root, s->target, O_PATH, 0);
    struct stat st;
    int r = target;

    if (target == -ENOENT || target == -ENOTDIR)
        return 0;
    if (r >= 0)
        r = fstat(target, &st) < 0 ? -errno : 0;
    if (r == 0)
        r = S_ISDIR(st.st_mode) ? mask_directory(c, s->target, target)
                                : mount_bind(AT_FDCWD, "/dev/null", target, &how);
    return r < 0 ? err_errno(err, -r, "mount") : 0;
}

/* pivot_root(2), "pivot_root(".", ".")": the old root ends up on top of the new one, and is taken away. */
int child_pivot(struct child *c, const struct plan_step *s _unused_, struct err *err)
{
    if (fchdir(c->root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
        return err_errno(err, errno, "pivot_root");
    return 0;
}
