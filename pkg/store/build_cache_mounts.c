/* What RUN --mount=type=cache keeps: mounts/HEX/, named by the sha256 of its name. */
#include "store/build_cache_internal.h"

#include "sys/atomic.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

static int make_tree(int dir, const char *name, bool *ret_new, struct err *err)
{
    int r = 0;

    *ret_new = mkdirat(dir, "tree", 0755) == 0;
    if (!*ret_new && errno != EEXIST)
        return err_errno(err, errno, "making a cache mount");
    if (*ret_new && fchmodat(dir, "tree", 0755, 0) < 0)
        return err_errno(err, errno, "making a cache mount");
    if (*ret_new) /* for people: which one it is */
        r = atomic_write(dir, "name", name, strlen(name), 0600, ATOMIC_VOLATILE, err);
    return r;
}

/* The lock is on the directory itself, whose removal therefore is noticed. */
static int lock_mount(int mounts, const char *hex, enum lock_mode mode, enum lock_wait wait, int *ret_fd,
                      struct err *err)
{
    int operation = (mode == LOCK_EXCLUSIVE ? LOCK_EX : LOCK_SH) | (wait == LOCK_TRY ? LOCK_NB : 0);

    for (;;) {
        _cleanup_fd_ int fd = -1;
        struct stat at, now;

        if (mkdirat(mounts, hex, 0700) < 0 && errno != EEXIST)
            return err_errno(err, errno, "making a cache mount");
        fd = openat(mounts, hex, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT)
            continue;
        if (fd < 0)
            return err_errno(err, errno, "opening a cache mount");
        if (flock(fd, operation) < 0)
            return errno == EWOULDBLOCK ? err_set(err, ERR_BUSY, "another build uses the cache mount")
                   : errno == EINTR     ? err_set(err, ERR_INTERRUPTED, "interrupted")
                                        : err_errno(err, errno, "locking a cache mount");
        if (fstat(fd, &at) == 0 && fstatat(mounts, hex, &now, AT_SYMLINK_NOFOLLOW) == 0 && at.st_ino == now.st_ino) {
            *ret_fd = steal_fd(&fd);
            return 0;
        }
    }
}

/* The next one who keeps a step measures anew. */
void store_build_mounts_grown(struct store *s)
{
    int top;

    if (store_dir(s, STORE_BUILD, &top, NULL) == 0)
        fd_close(openat(top, BUILD_SIZE, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC));
}

int store_build_mount(struct store *s, const char *name, enum lock_mode mode, enum lock_wait wait, char **ret_path,
                      bool *ret_new, int *ret_lock, struct err *err)
{
    _cleanup_fd_ int mounts = -1, fd = -1;
    char hex[DIGEST_SHA256_HEX + 1];
    int r = digest_hex(name, strlen(name), hex, err);

    if (r == 0)
        r = store_build_dir(s, BUILD_MOUNTS, &mounts, err);
    if (r == 0)
        r = lock_mount(mounts, hex, mode, wait, &fd, err);
    if (r == 0)
        r = make_tree(fd, name, ret_new, err);
    if (r < 0)
        return r;
    futimens(fd, NULL);          /* used */
    store_build_mounts_grown(s); /* it is going to */
    *ret_path = str_printf("%s/build-cache/" BUILD_MOUNTS "/%s/tree", store_root_path(s), hex);
    *ret_lock = steal_fd(&fd);
    return 0;
}
