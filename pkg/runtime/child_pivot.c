/* The container's root and the host's mounts: what they tell each other, and how the one becomes "/" and the others go
 * out of sight. mount_namespaces(7), pivot_root(2). */
#include "runtime/child.h"
#include "runtime/mount.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* The id of the mount that `fd` is in, or -errno. */
static int64_t mount_id(int fd)
{
    _cleanup_free_ char *path = str_printf("/proc/self/fdinfo/%d", fd);
    _cleanup_buf_ struct buf text = {.max = 4096};
    const char *line;

    if (fd_read_file(AT_FDCWD, path, &text, NULL) < 0)
        return -EIO;
    line = strstr(buf_str(&text), "mnt_id:");
    return line ? strtoll(line + strlen("mnt_id:"), NULL, 10) : -EIO;
}

/* The root of the mount that `path` lies in. */
static int open_mount_of(const char *path)
{
    _cleanup_fd_ int at = open(path, O_PATH | O_CLOEXEC);

    for (;;) {
        _cleanup_fd_ int up = at < 0 ? -1 : openat(at, "..", O_PATH | O_CLOEXEC);
        struct stat here, there;
        int64_t a, b;

        if (at < 0 || up < 0 || fstat(at, &here) < 0 || fstat(up, &there) < 0)
            return -errno;
        a = mount_id(at);
        b = mount_id(up);
        if (a < 0 || b < 0)
            return (int)MIN_OF(a, b);
        if (a != b || (here.st_ino == there.st_ino && here.st_dev == there.st_dev))
            return steal_fd(&at);
        fd_close(at);
        at = steal_fd(&up);
    }
}

/* What is mounted in a shared mount would be seen outside, and pivot_root(2) refuses it. */
static int make_private(const char *path, struct err *err)
{
    static const struct plan_mount how = {.propagation = MS_PRIVATE};
    _cleanup_fd_ int fd = open_mount_of(path);
    int r = fd < 0 ? fd : mount_change(fd, &how);

    return r < 0 ? err_errno(err, -r, "%s", path) : 0;
}

int child_propagation(struct child *c _unused_, const struct plan_step *s, struct err *err)
{
    if (mount(NULL, s->target, NULL, s->mount.propagation | (s->flag ? MS_REC : 0), NULL) < 0)
        return err_errno(err, errno, "mount");
    return s->source && s->mount.propagation == MS_SHARED ? make_private(s->source, err) : 0;
}

/* pivot_root(2), "pivot_root(".", ".")": the old root ends up on top of the new one, and is taken away. That must not
 * reach mounts that are still shared with the host. */
static int pivot(int root)
{
    _cleanup_fd_ int old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (old < 0 || fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || fchdir(old) < 0 ||
        mount(NULL, ".", NULL, MS_SLAVE | MS_REC, NULL) < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
        return -errno;
    return 0;
}

/* The words of a line of /proc/self/mountinfo: which directory of the file system is mounted where, and its type. */
struct mount_line {
    char *root, *point, *type;
};

static bool split_line(char *line, struct mount_line *ret)
{
    char *rest = strstr(line, " - "), *save = NULL;
    char *field = strtok_r(line, " ", &save);

    for (int i = 1; field && i < 4; i++)
        field = strtok_r(NULL, " ", &save);
    ret->root = field;
    ret->point = strtok_r(NULL, " ", &save);
    ret->type = rest ? rest + 3 : NULL;
    if (rest)
        ret->type[strcspn(ret->type, " ")] = 0;
    return ret->root && ret->point && ret->type;
}

static bool lies_in(const char *path, const char *root)
{
    const char *rest = str_after(path, root);

    return rest && (!*rest || *rest == '/');
}

/* A root that was entered by chroot(2) still has the host's /proc and /sys in its mount namespace, and with these in
 * full the kernel lets anybody mount them anew: they go first. */
static int hide_host(const char *root)
{
    _cleanup_buf_ struct buf text = {.max = 16 << 20};
    char *save = NULL;

    if (fd_read_file(AT_FDCWD, "/proc/self/mountinfo", &text, NULL) < 0)
        return -EIO;
    for (char *line = strtok_r(text.p, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        struct mount_line m;

        if (!split_line(line, &m) || strcmp(m.root, "/") != 0 || lies_in(m.point, root) ||
            (strcmp(m.type, "proc") != 0 && strcmp(m.type, "sysfs") != 0))
            continue;
        if (mount(NULL, m.point, NULL, MS_SLAVE | MS_REC, NULL) < 0) {
            if (errno == ENOENT) /* it went with the one that it lies in */
                continue;
            return -errno;
        }
        if (umount2(m.point, MNT_DETACH) == 0)
            continue;
        /* In a user namespace what came from outside cannot be taken away, only covered. */
        if ((errno != EINVAL && errno != EPERM) || mount("tmpfs", m.point, "tmpfs", 0, NULL) < 0)
            return -errno;
    }
    return 0;
}

/* Where pivot_root(2) cannot work, since the host's root is a ramdisk: the root is moved on top of the host's. */
static int move(int root)
{
    char path[4096], link[32];
    ssize_t n;
    int r;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", root);
    n = readlink(link, path, sizeof(path) - 1);
    if (n < 0)
        return -errno;
    path[n] = 0;
    r = hide_host(path);
    if (r < 0)
        return r;
    if (fchdir(root) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0)
        return -errno;
    return 0;
}

int child_pivot(struct child *c, const struct plan_step *s, struct err *err)
{
    int r = s->flag ? move(c->root) : pivot(c->root);

    return r < 0 ? err_errno(err, -r, s->flag ? "moving the root" : "pivot_root") : 0;
}
