/* /dev: nodes, links, and the terminal. */
#include "runtime/child.h"
#include "runtime/mount.h"
#include "sys/fd.h"
#include "sys/frame.h"
#include "sys/path.h"
#include "sys/tty.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statfs.h>

/* The directory in which `path` is made. */
static int open_parent(struct child *c, const char *path, struct err *err)
{
    _cleanup_free_ char *parent = str_ndup(path, (size_t)(path_base(path) - path));
    int fd = path_mkdirs_in_root(c->root, parent, 0755);

    return fd < 0 ? err_errno(err, -fd, "%s", parent) : fd;
}

/* Whether it is the node that was asked for. */
static bool is_device(const struct stat *st, const struct plan_step *s)
{
    return (st->st_mode & S_IFMT) == (s->mode & S_IFMT) && (S_ISFIFO(s->mode) || st->st_rdev == s->device);
}

/* The host's own node, where we may make none (in a user namespace). */
static int bind_device(int dirfd, const struct plan_step *s, struct err *err)
{
    static const struct plan_mount how = {0};
    _cleanup_fd_ int source = open(s->target, O_PATH | O_NOFOLLOW | O_CLOEXEC), target = -1;
    struct stat st;
    int r;

    if (source < 0 || fstat(source, &st) < 0)
        return err_errno(err, errno, "it can be made by nobody but the host's root, and the host has none");
    if (!is_device(&st, s))
        return err_set(err, ERR_PERMISSION, "it cannot be made, and the host has another under this name");
    target = openat(dirfd, path_base(s->target), O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (target < 0 && errno == ENOENT)
        target = openat(dirfd, path_base(s->target), O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (target < 0 || fstat(target, &st) < 0)
        return err_errno(err, errno, "making the file");
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_EXISTS, "there is something else already");
    r = mount_bind(source, "", target, &how);
    return r < 0 ? err_errno(err, -r, "mount") : 0;
}

/* Whether ids are not what they are on the host, and no device can be made. */
static bool in_user_namespace(void)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(4096);
    long long inside, outside, n;

    if (fd_read_file(AT_FDCWD, "/proc/self/uid_map", &text, NULL) < 0)
        return false;
    return sscanf(buf_str(&text), "%lld %lld %lld", &inside, &outside, &n) != 3 || inside != 0 || outside != 0 ||
           n != UINT32_MAX;
}

/* config-linux.md, "Devices": what is there already and is not the device that was asked for is an error. */
static int check_existing(int dirfd, const struct plan_step *s, struct err *err)
{
    struct stat st;

    if (fstatat(dirfd, path_base(s->target), &st, AT_SYMLINK_NOFOLLOW) < 0)
        return err_errno(err, errno, "what is there");
    /* what an earlier start has mounted the host's device on */
    if (S_ISREG(st.st_mode) && st.st_size == 0 && in_user_namespace())
        return bind_device(dirfd, s, err);
    return is_device(&st, s) ? 0 : err_set(err, ERR_EXISTS, "there is something else already");
}

/* To its owner: the node that was looked at, whatever has its name by then. */
static int give_device(int dirfd, const struct plan_step *s, struct err *err)
{
    _cleanup_fd_ int made = openat(dirfd, path_base(s->target), O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;

    if (made < 0 || fstat(made, &st) < 0)
        return err_errno(err, errno, "mknod");
    if (!is_device(&st, s))
        return err_set(err, ERR_EXISTS, "something else has taken its place");
    if (fchownat(made, "", s->uid, s->gid, AT_EMPTY_PATH) < 0)
        return err_errno(err, errno, "chown");
    return 0;
}

int child_device(struct child *c, const struct plan_step *s, struct err *err)
{
    _cleanup_fd_ int dir = open_parent(c, s->target, err);
    struct stat st;

    if (dir < 0)
        return dir;
    if (mknodat(dir, path_base(s->target), s->mode, s->device) < 0) {
        if (errno == EEXIST)
            return check_existing(dir, s, err);
        /* A file system that is read-only says so before it looks. */
        if (errno == EROFS && faccessat(dir, path_base(s->target), F_OK, AT_SYMLINK_NOFOLLOW) == 0)
            return check_existing(dir, s, err);
        return errno == EPERM ? bind_device(dir, s, err) : err_errno(err, errno, "mknod");
    }
    if (s->uid || s->gid)
        return give_device(dir, s, err);
    if (fstatat(dir, path_base(s->target), &st, AT_SYMLINK_NOFOLLOW) < 0)
        return err_errno(err, errno, "mknod");
    return is_device(&st, s) ? 0 : err_set(err, ERR_EXISTS, "something else has taken its place");
}

int child_symlink(struct child *c, const struct plan_step *s, struct err *err)
{
    _cleanup_fd_ int dir = open_parent(c, s->target, err);

    if (dir < 0)
        return dir;
    if (symlinkat(s->source, dir, path_base(s->target)) < 0 && errno != EEXIST)
        return err_errno(err, errno, "symlink");
    return 0;
}

/* What the terminal is mounted on: by O_PATH, since /dev may be the host's, whose console is not to be opened; and no
 * link, which would lead the mount elsewhere (CVE-2025-52565). */
static int open_console(int dirfd, const char *name, struct err *err)
{
    _cleanup_fd_ int target = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;

    if (target < 0 && errno == ENOENT) {
        target = openat(dirfd, name, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);
        fd_close(target);
        target = target < 0 ? target : openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    }
    if (target < 0 || fstat(target, &st) < 0)
        return err_errno(err, errno, "making the file");
    if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
        return err_set(err, ERR_INVALID, "there is something that is neither a file nor a terminal");
    return steal_fd(&target);
}

/* /dev/console is the terminal as well, by a mount on a file. */
static int make_console(struct child *c, const struct plan_step *s, struct err *err)
{
    static const struct plan_mount how = {0};
    _cleanup_fd_ int dir = open_parent(c, s->target, err), target = -1;
    int r;

    if (dir < 0)
        return dir;
    target = open_console(dir, path_base(s->target), err);
    if (target < 0)
        return target;
    r = mount_bind(c->terminal, "", target, &how);
    return r < 0 ? err_errno(err, -r, "mount") : 0;
}

static bool is_devpts(int fd)
{
    struct statfs fs;

    return fstatfs(fd, &fs) == 0 && fs.f_type == DEVPTS_SUPER_MAGIC;
}

/* The multiplexer of the container's own devpts, whatever the image has under its name: looked at before it is opened,
 * and afterwards. */
static int open_multiplexer(struct child *c, struct err *err)
{
    static const char path[] = "/dev/pts/ptmx";
    _cleanup_fd_ int fd = path_open_in_root(c->root, path, O_PATH, 0);
    bool is = fd >= 0 && is_devpts(fd);

    if (is) {
        fd_close(fd);
        fd = path_open_in_root(c->root, path, O_RDWR | O_NOCTTY | O_NONBLOCK, 0);
    }
    if (fd < 0)
        return err_errno(err, -fd, "%s", path);
    if (!is || !is_devpts(fd))
        return err_set(err, ERR_INVALID, "%s is not of type devpts", path);
    return fd_set_nonblock(fd, 0) < 0 ? err_errno(err, errno, "%s", path) : steal_fd(&fd);
}

int child_terminal(struct child *c, const struct plan_step *s, struct err *err)
{
    const struct oci_console_size *size = &c->start->spec->process.console_size;
    _cleanup_fd_ int master = open_multiplexer(c, err);
    int r;

    if (master < 0)
        return master;
    c->terminal = tty_open_slave(master);
    if (c->terminal < 0)
        return err_errno(err, -c->terminal, "opening the other side");
    /* Before anything runs on it: a program that looks at once sees its real size. */
    if (size->height && size->width)
        tty_size_set(c->terminal, (struct tty_size){(uint16_t)size->height, (uint16_t)size->width});
    r = s->target ? make_console(c, s, err) : 0;
    if (r < 0)
        return r;
    r = frame_send(c->sync, CHILD_TERMINAL, NULL, 0, &master, 1);
    return r < 0 ? err_errno(err, -r, "handing it over") : 0;
}
