#include "sys/lock.h"

#include "sys/fd.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

/* Whether `name` still means the locked file. */
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
            return err_errno(err, errno, "opening %s", name);
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
