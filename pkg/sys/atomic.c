#include "sys/atomic.h"

#include "base/id.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

/* Writes the temporary file; its name is gone again on failure. */
static int write_temporary(int dirfd, const char *tmp, const void *data, size_t len, mode_t mode, unsigned flags,
                           const char *name, struct err *err)
{
    _cleanup_fd_ int fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    int r;

    if (fd < 0)
        return err_errno(err, errno, "creating %s", name);
    r = fd_write_all(fd, data, len);
    if (r == 0 && fchmod(fd, mode) < 0) /* whatever the umask */
        r = -errno;
    if (r == 0 && !(flags & ATOMIC_VOLATILE) && fsync(fd) < 0)
        r = -errno;
    if (r < 0) {
        unlinkat(dirfd, tmp, 0);
        return err_errno(err, -r, "writing %s", name);
    }
    return 0;
}

/* A file that takes another's place by rename(2) is written to disk at once by some file systems (ext4, XFS, btrfs),
 * and whoever removes it next waits for that. Two that change places are left alone. */
static int exchange(int dirfd, const char *tmp, const char *name)
{
    if (renameat2(dirfd, tmp, dirfd, name, RENAME_EXCHANGE) < 0) /* there was none, or it cannot be done */
        return renameat(dirfd, tmp, dirfd, name);
    return unlinkat(dirfd, tmp, 0);
}

static int publish(int dirfd, const char *tmp, const char *name, unsigned flags, struct err *err)
{
    int r;

    if (flags & ATOMIC_NEW) {
        r = linkat(dirfd, tmp, dirfd, name, 0) < 0 ? -errno : 0;
        unlinkat(dirfd, tmp, 0);
    } else {
        r = (flags & ATOMIC_FLEETING ? exchange(dirfd, tmp, name) : renameat(dirfd, tmp, dirfd, name)) < 0 ? -errno : 0;
        if (r < 0)
            unlinkat(dirfd, tmp, 0);
    }
    return r < 0 ? err_errno(err, -r, "creating %s", name) : 0;
}

int atomic_write(int dirfd, const char *name, const void *data, size_t len, mode_t mode, unsigned flags,
                 struct err *err)
{
    const char *slash = strrchr(name, '/');
    _cleanup_free_ char *dir = slash ? str_ndup(name, (size_t)(slash - name) + (slash == name)) : str_dup(".");
    _cleanup_free_ char *tmp = NULL;
    char unique[17];
    int r;

    id_hex(unique, 16);
    tmp = str_printf("%s/.tmp-%s", dir, unique);
    r = write_temporary(dirfd, tmp, data, len, mode, flags, name, err);
    if (r < 0)
        return r;
    r = publish(dirfd, tmp, name, flags, err);
    if (r < 0 || flags & ATOMIC_VOLATILE)
        return r;
    return atomic_sync_dir(dirfd, dir, err);
}

int atomic_sync_dir(int dirfd, const char *path, struct err *err)
{
    _cleanup_fd_ int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fsync(fd) < 0)
        return err_errno(err, errno, "syncing directory %s", path);
    return 0;
}
