/* /proc of the container: what may be mounted there, and how its files are written to. What is set there is set in the
 * kernel, so the file must be the one that its name says (CVE-2019-16884, CVE-2019-19921, CVE-2025-52881). */
#include "runtime/child.h"
#include "runtime/mount.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

enum { PROC_ROOT = 1 /* the inode of the root of a procfs, and of nothing else in it */ };

static int is_proc(int fd, bool *ret_proc, bool *ret_root)
{
    struct statfs fs;
    struct stat st;

    if (fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
        return -errno;
    *ret_proc = fs.f_type == PROC_SUPER_MAGIC;
    *ret_root = *ret_proc && st.st_ino == PROC_ROOT;
    return 0;
}

int child_check_proc(struct child *c _unused_, int target, const struct plan_step *s, int source, struct err *err)
{
    /* What lxcfs shows in the kernel's place. */
    static const char *const may_be_covered[] = {
        "/proc/cpuinfo",
        "/proc/diskstats",
        "/proc/meminfo",
        "/proc/stat",
        "/proc/swaps",
        "/proc/uptime",
        "/proc/loadavg",
        "/proc/slabinfo",
        "/proc/sys/kernel/ns_last_pid",
        "/proc/sys/crypto/fips_enabled",
    };
    _cleanup_free_ char *path = path_clean(s->target);
    bool proc, root, source_proc = false, source_root = false;
    int r = is_proc(target, &proc, &root);

    if (r == 0 && source >= 0)
        r = is_proc(source, &source_proc, &source_root);
    if (r < 0)
        return err_errno(err, -r, "target");
    if (root || strcmp(path, "/proc") == 0) {
        bool fits = s->op == PLAN_BIND ? source_proc : str_eq(s->type, "proc");

        return fits ? 0 : err_set(err, ERR_INVALID, "nothing but a file system of type proc can be mounted there");
    }
    for (size_t i = 0; i < ARRAY_SIZE(may_be_covered); i++)
        if (strcmp(may_be_covered[i], path) == 0)
            return 0;
    return proc ? err_set(err, ERR_INVALID, "nothing can be mounted inside of /proc") : 0;
}

/* Below a directory at hand, through no link and into no other mount. */
static int open_strictly(int dirfd, const char *path, int flags)
{
    struct open_how how = {
        .flags = (unsigned)(flags | O_CLOEXEC),
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    long fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));

    if (fd >= 0)
        return (int)fd;
    return errno == ENOSYS ? path_open_beneath(dirfd, path, flags | O_NOFOLLOW, 0) : -errno;
}

int child_open_proc(struct child *c, const char *path, int flags, struct err *err)
{
    _cleanup_fd_ int proc = path_open_in_root(c->root, "/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW, 0), fd = -1;
    bool in_proc, root;
    int r = proc < 0 ? proc : is_proc(proc, &in_proc, &root);

    if (r == 0 && !root)
        return err_set(err, ERR_INVALID, "/proc is not of type proc");
    if (r == 0)
        fd = open_strictly(proc, path, flags);
    if (r == 0 && fd < 0)
        r = fd;
    if (r == 0)
        r = is_proc(fd, &in_proc, &root);
    if (r == -EXDEV || r == -ELOOP || (r == 0 && !in_proc))
        return err_set(err, ERR_INVALID, "/proc/%s is not the kernel's own", path);
    return r < 0 ? err_errno(err, -r, "/proc/%s", path) : steal_fd(&fd);
}

int child_open_own(int proc, const char *path)
{
    struct open_how how = {.flags = O_WRONLY | O_CLOEXEC, .resolve = RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS};
    _cleanup_free_ char *full = str_printf("thread-self/%s", path);
    _cleanup_fd_ int fd = -1;
    bool in_proc, root;
    int r = is_proc(proc, &in_proc, &root);

    if (r < 0 || !in_proc)
        return r < 0 ? r : -EXDEV;
    fd = (int)syscall(SYS_openat2, proc, full, &how, sizeof(how));
    if (fd < 0 && errno == ENOSYS) /* before 5.6 */
        fd = openat(proc, full, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    r = is_proc(fd, &in_proc, &root);
    if (r < 0)
        return r;
    return in_proc ? steal_fd(&fd) : -EXDEV;
}

/* In a mount namespace that was joined, /proc is what its owner has made of it. */
int child_oom_score(struct child *c _unused_, const struct plan_step *s, struct err *err)
{
    _cleanup_fd_ int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -1;
    char text[24];
    int r;

    fd = proc < 0 ? -errno : child_open_own(proc, "oom_score_adj");
    if (fd == -ENOENT || fd == -ENOTDIR || fd == -EXDEV) {
        fd_close(proc);
        proc = mount_detached("proc");
        fd = proc < 0 ? -errno : child_open_own(proc, "oom_score_adj");
    }
    snprintf(text, sizeof(text), "%lld", (long long)(int64_t)s->number);
    r = fd < 0 ? fd : fd_write_all(fd, text, strlen(text));
    return r < 0 ? err_errno(err, -r, "oom_score_adj") : 0;
}
