#include "sys/lock.h"

#include "sys/fd.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

/* Whether `name` still means what was locked. */
static int still_named(int dirfd, const char *name, int fd)
{
    struct stat a, b;

    return fstat(fd, &a) == 0 && fstatat(dirfd, name, &b, AT_SYMLINK_NOFOLLOW) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

int lock_take(int dirfd, const char *name, enum lock_mode mode, enum lock_wait wait, int *ret_fd, struct err *err)
{
    int operation = (mode == LOCK_SHARED ? LOCK_SH : LOCK_EX) | (wait == LOCK_TRY ? LOCK_NB : 0);

    for (;;) {
        _cleanup_fd_ int fd = openat(dirfd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

        if (fd < 0)
            return err_errno(err, errno, "opening lock %s", name);
        if (flock(fd, operation) < 0) {
            if (errno == EWOULDBLOCK)
                return err_set(err, ERR_BUSY, "%s is in use by another process", name);
            return err_errno(err, errno, "locking %s", name);
        }
        if (still_named(dirfd, name, fd)) {
            *ret_fd = steal_fd(&fd);
            return 0;
        }
    }
}

int lock_dir(int dirfd, const char *name, enum lock_wait wait, int *ret_fd, struct err *err)
{
    _cleanup_fd_ int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return err_errno(err, errno, "opening directory %s", name);
    if (flock(fd, LOCK_EX | (wait == LOCK_TRY ? LOCK_NB : 0)) < 0) {
        if (errno == EWOULDBLOCK)
            return err_set(err, ERR_BUSY, "%s is in use by another process", name);
        return err_errno(err, errno, "locking directory %s", name);
    }
    if (!still_named(dirfd, name, fd))
        return err_set(err, ERR_NOT_FOUND, "directory %s was removed", name);
    *ret_fd = steal_fd(&fd);
    return 0;
}

int lock_make_dir(int dirfd, const char *name, mode_t mode, int *ret_fd, struct err *err)
{
    for (;;) {
        struct err why = ERR_INIT;
        int r;

        if (mkdirat(dirfd, name, mode) < 0)
            return err_errno(err, errno, "making directory %s", name);
        r = lock_dir(dirfd, name, LOCK_WAIT, ret_fd, &why);
        if (r == ERR_NOT_FOUND) /* a sweep was faster with the lock */
            continue;
        if (r < 0) {
            unlinkat(dirfd, name, AT_REMOVEDIR);
            if (err)
                *err = why;
        }
        return r;
    }
}
