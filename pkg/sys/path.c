#include "sys/path.h"

#include "sys/fd.h"
#include "sys/walk.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

enum { LINKS_MAX = 40 }; /* as the kernel's own limit */

static int open_resolved(int dirfd, const char *path, int flags, mode_t mode, unsigned resolve)
{
    struct open_how how = {
        .flags = (unsigned)(flags | O_CLOEXEC),
        .mode = flags & (O_CREAT | O_TMPFILE) ? mode : 0,
        .resolve = resolve | RESOLVE_NO_MAGICLINKS,
    };
    long fd;

    /* EAGAIN: somebody renamed a directory on the way while a `..` was resolved; the kernel asks to try again. */
    for (int tries = 0; tries < 64; tries++) {
        fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
        if (fd >= 0)
            return (int)fd;
        if (errno != EAGAIN && errno != EINTR)
            break;
    }
    if (errno == ENOSYS)
        return walk_open(dirfd, path, flags | O_CLOEXEC, mode, resolve & RESOLVE_BENEATH ? WALK_BENEATH : WALK_IN_ROOT);
    return -errno;
}

int path_open_beneath(int dirfd, const char *path, int flags, mode_t mode)
{
    return open_resolved(dirfd, path, flags, mode, RESOLVE_BENEATH);
}

int path_open_in_root(int rootfd, const char *path, int flags, mode_t mode)
{
    return open_resolved(rootfd, path, flags, mode, RESOLVE_IN_ROOT);
}

static int mkdirs_in_root(int rootfd, const char *path, mode_t mode, int *links);

/* Makes the last component of `path`, whose directory is there. It may have come into being meanwhile, or be a link to
 * what is missing, which is made then. */
static int mkdir_last(int rootfd, const char *path, mode_t mode, int *links)
{
    const char *base = path_base(path);
    _cleanup_free_ char *parent = str_ndup(path, (size_t)(base - path)), *next = NULL;
    _cleanup_fd_ int fd = path_open_in_root(rootfd, *parent ? parent : ".", O_PATH | O_DIRECTORY, 0);
    char target[PATH_MAX];
    ssize_t n;

    if (fd < 0)
        return fd;
    if (mkdirat(fd, base, mode) == 0)
        return 0;
    if (errno != EEXIST)
        return -errno;
    n = readlinkat(fd, base, target, sizeof(target) - 1);
    if (n < 0)
        return errno == EINVAL ? 0 : -errno;
    if (++*links > LINKS_MAX)
        return -ELOOP;
    target[n] = 0;
    next = *target == '/' ? str_dup(target) : str_printf("%s%s", parent, target);
    fd_close(fd);
    fd = mkdirs_in_root(rootfd, next, mode, links);
    return MIN_OF(fd, 0);
}

static int mkdirs_in_root(int rootfd, const char *path, mode_t mode, int *links)
{
    _cleanup_free_ char *upto = NULL;
    int fd = path_open_in_root(rootfd, *path ? path : ".", O_PATH | O_DIRECTORY, 0);

    if (fd != -ENOENT)
        return fd;                                  /* most often it is there */
    if (mkdir_last(rootfd, path, mode, links) == 0) /* or its directory is */
        return path_open_in_root(rootfd, path, O_PATH | O_DIRECTORY, 0);
    /* Links and `..` are resolved from the root with the whole path so far, never from a directory at hand. */
    upto = str_dup(path);
    for (char *end = upto; *end;) {
        char saved;
        int r;

        end += strspn(end, "/");
        end += strcspn(end, "/");
        saved = *end;
        *end = 0;
        fd = path_open_in_root(rootfd, *upto ? upto : ".", O_PATH | O_DIRECTORY, 0);
        r = fd == -ENOENT ? mkdir_last(rootfd, upto, mode, links) : fd;
        fd_close(fd);
        if (r < 0)
            return r;
        *end = saved;
        end += strspn(end, "/");
    }
    return path_open_in_root(rootfd, path, O_PATH | O_DIRECTORY, 0);
}

int path_mkdirs_in_root(int rootfd, const char *path, mode_t mode)
{
    int links = 0;

    return mkdirs_in_root(rootfd, path, mode, &links);
}

int path_mkdirs(int dirfd, const char *path, mode_t mode)
{
    _cleanup_free_ char *copy = str_dup(path);

    for (char *p = copy + strspn(copy, "/"); *p;) {
        char *end = p + strcspn(p, "/"), saved = *end;

        *end = 0;
        if (mkdirat(dirfd, copy, mode) < 0 && errno != EEXIST)
            return -errno;
        *end = saved;
        p = end + strspn(end, "/");
    }
    return 0;
}

char *path_clean(const char *path)
{
    bool rooted = *path == '/';
    struct buf out = BUF_INIT;
    size_t floor; /* what `..` may not remove */

    if (rooted)
        buf_addc(&out, '/');
    floor = out.len;
    for (const char *p = path; *p;) {
        size_t n = strcspn(p, "/");

        if (n == 2 && p[0] == '.' && p[1] == '.') {
            if (out.len > floor) {
                while (out.len > floor && out.p[out.len - 1] != '/')
                    out.len--;
                if (out.len > floor)
                    out.len--; /* the slash before it */
                out.p[out.len] = 0;
            } else if (!rooted) {
                buf_adds(&out, out.len ? "/.." : "..");
                floor = out.len;
            }
        } else if (n && !(n == 1 && *p == '.')) {
            if (out.len && out.p[out.len - 1] != '/')
                buf_addc(&out, '/');
            buf_add(&out, p, n);
        }
        p += n + strspn(p + n, "/");
    }
    if (!out.len)
        buf_addc(&out, '.');
    return buf_steal(&out);
}

char *path_join(const char *a, const char *b)
{
    _cleanup_free_ char *joined = str_printf("%s/%s", a, b);

    return path_clean(joined);
}

const char *path_base(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}
