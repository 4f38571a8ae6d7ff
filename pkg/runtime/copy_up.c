/* The content of a directory of the image, copied into the tmpfs that is mounted over it (the option tmpcopyup). The
 * image is hostile: entries are opened by name in a directory at hand, and never through a link. */
#include "runtime/mount.h"
#include "sys/copy.h"
#include "sys/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>

enum { DEPTH_MAX = 256, NAMES_SIZE = 64 << 10, VALUE_SIZE = 64 << 10 };

static int copy_directory(int from, int to, int depth);

/* The file system of the image may have attributes that a tmpfs has no place for. */
static int copy_xattrs(int from, int to)
{
    _cleanup_free_ char *names = mem_zalloc(1, NAMES_SIZE), *value = mem_zalloc(1, VALUE_SIZE);
    ssize_t n = flistxattr(from, names, NAMES_SIZE);

    for (char *name = names; n > 0 && name < names + n; name += strlen(name) + 1) {
        ssize_t len = fgetxattr(from, name, value, VALUE_SIZE);

        if (len >= 0 && fsetxattr(to, name, value, (size_t)len, 0) < 0 && errno != EOPNOTSUPP && errno != EPERM)
            return -errno;
    }
    return 0;
}

/* Owner before mode: it takes set-id bits and capabilities away. */
static int copy_metadata(int from, int to, const struct stat *st)
{
    const struct timespec times[] = {st->st_atim, st->st_mtim};
    int r;

    if (fchown(to, st->st_uid, st->st_gid) < 0 || fchmod(to, st->st_mode & 07777) < 0)
        return -errno;
    r = copy_xattrs(from, to);
    return r == 0 && futimens(to, times) < 0 ? -errno : r;
}

static int copy_file(int from_dir, int to_dir, const char *name)
{
    _cleanup_fd_ int from = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), to = -1;
    struct stat st;
    int r;

    if (from < 0 || fstat(from, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -ESTALE;
    to = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (to < 0)
        return -errno;
    r = copy_range(from, 0, to, st.st_size, NULL);
    return r < 0 ? r : copy_metadata(from, to, &st);
}

static int copy_subdirectory(int from_dir, int to_dir, const char *name, int depth)
{
    _cleanup_fd_ int from = openat(from_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), to = -1;
    struct stat st;
    int r;

    if (from < 0 || fstat(from, &st) < 0 || mkdirat(to_dir, name, 0700) < 0)
        return -errno;
    to = openat(to_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (to < 0)
        return -errno;
    r = copy_directory(from, to, depth + 1);
    return r < 0 ? r : copy_metadata(from, to, &st);
}

static int copy_link(int from_dir, int to_dir, const char *name)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(from_dir, name, target, sizeof(target) - 1);

    if (n < 0)
        return -errno;
    target[n] = 0;
    return symlinkat(target, to_dir, name) < 0 ? -errno : 0;
}

static int copy_entry(int from, int to, const char *name, int depth)
{
    struct stat st;
    int r;

    if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if (S_ISREG(st.st_mode))
        return copy_file(from, to, name);
    if (S_ISDIR(st.st_mode))
        return copy_subdirectory(from, to, name, depth);
    if (S_ISLNK(st.st_mode))
        r = copy_link(from, to, name);
    else
        r = mknodat(to, name, st.st_mode, st.st_rdev) < 0 ? -errno : 0;
    if (r == 0 && fchownat(to, name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
        r = -errno;
    return r;
}

static int copy_directory(int from, int to, int depth)
{
    int fd = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *e;

    if (!dir) {
        r = -errno;
        fd_close(fd);
        return r;
    }
    if (depth > DEPTH_MAX)
        r = -ELOOP;
    while (r == 0 && (errno = 0, e = readdir(dir)))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            r = copy_entry(from, to, e->d_name, depth);
    if (r == 0 && errno)
        r = -errno;
    closedir(dir);
    return r;
}

int copy_up(int from, int to)
{
    return copy_directory(from, to, 0);
}
