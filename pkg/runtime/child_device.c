/* /dev: nodes, links, and the terminal. */
#include "runtime/child.h"
#include "runtime/mount.h"
#include "sys/fd.h"
#include "sys/frame.h"
#include "sys/path.h"
#include "sys/tty.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

/* The directory in which `path` is made. */
static int open_parent(struct child *c, const char *path, struct err *err)
{
    _cleanup_free_ char *parent = str_ndup(path, (size_t)(path_base(path) - path));
    int fd = path_mkdirs_in_root(c->root, parent, 0755);

    return fd < 0 ? err_errno(err, -fd, "%s", parent) : fd;
}

/* The host's own node, where we may make none (in a user namespace). */
static int bind_device(int dirfd, const struct plan_step *s, struct err *err)
{
    static const struct plan_mount how = {0};
    _cleanup_fd_ int target =
        openat(dirfd, path_base(s->target), O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);
    int r = target < 0 ? -errno : mount_bind(AT_FDCWD, s->target, target, &how);

    return r < 0 ? err_errno(err, -r, "mount") : 0;
}

int child_device(struct child *c, const struct plan_step *s, struct err *err)
{
    _cleanup_fd_ int dir = open_parent(c, s->target, err);

    if (dir < 0)
        return dir;
    if (mknodat(dir, path_base(s->target), s->mode, s->device) < 0) {
        if (errno == EEXIST)
            return 0;
        return errno == EPERM ? bind_device(dir, s, err) : err_errno(err, errno, "mknod");
    }
    if ((s->uid || s->gid) && fchownat(dir, path_base(s->target), s->uid, s->gid, AT_SYMLINK_NOFOLLOW) < 0)
        return err_errno(err, errno, "chown");
    return 0;
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

/* /dev/console is the terminal as well, by a mount on a file. */
static int make_console(struct child *c, const struct plan_step *s, struct err *err)
{
    static const struct plan_mount how = {0};
    _cleanup_fd_ int dir = open_parent(c, s->target, err), target = -1;
    char path[32];
    int r;

    if (dir < 0)
        return dir;
    target =
        openat(dir, path_base(s->target), O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
    if (target < 0)
        return err_errno(err, errno, "making the file");
    snprintf(path, sizeof(path), "/proc/self/fd/%d", c->terminal);
    r = mount_bind(AT_FDCWD, path, target, &how);
    return r < 0 ? err_errno(err, -r, "mount") : 0;
}

int child_terminal(struct child *c, const struct plan_step *s, struct err *err)
{
    const struct oci_console_size *size = &c->start->spec->process.console_size;
    _cleanup_fd_ int master = path_open_in_root(c->root, "/dev/pts/ptmx", O_RDWR | O_NOCTTY, 0);
    int r;

    if (master < 0)
        return err_errno(err, -master, "/dev/pts/ptmx");
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
