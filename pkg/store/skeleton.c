#include "store/skeleton.h"

#include "base/id.h"
#include "sys/failpoint.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

static const struct {
    const char *path;
    mode_t mode;        /* with the type */
    const char *target; /* of a link */
} entries[] = {
    {"dev", S_IFDIR | 0755},
    {"proc", S_IFDIR | 0555},
    {"sys", S_IFDIR | 0555},
    {"etc", S_IFDIR | 0755},
    {"etc/hosts", S_IFREG | 0644},
    {"etc/hostname", S_IFREG | 0644},
    {"etc/resolv.conf", S_IFREG | 0644},
    {"etc/mtab", S_IFLNK, "/proc/mounts"}, /* as in Docker's: what reads it finds what is mounted */
};

static int make(int dir, const char *path, mode_t mode, const char *target)
{
    if (S_ISLNK(mode))
        return symlinkat(target, dir, path);
    if ((S_ISDIR(mode) ? mkdirat(dir, path, 0700) : mknodat(dir, path, S_IFREG | 0600, 0)) < 0)
        return -1;
    return fchmodat(dir, path, mode & 07777, 0);
}

static int fill(int dir, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(entries); i++)
        if (make(dir, entries[i].path, entries[i].mode, entries[i].target) < 0)
            return err_errno(err, errno, "skeleton/%s", entries[i].path);
    return 0;
}

int store_skeleton_make(struct store *s, struct err *err)
{
    char name[9 + 16 + 1] = "skeleton-";
    _cleanup_fd_ int dir = -1;
    int root, tmp, r = store_dir(s, STORE_ROOT, &root, err);

    if (r < 0 || faccessat(root, STORE_SKELETON, F_OK, 0) == 0)
        return r;
    r = store_dir(s, STORE_TMP, &tmp, err);
    if (r < 0)
        return r;
    id_hex(name + 9, 16);
    r = lock_make_dir(tmp, name, 0755, &dir, err);
    if (r < 0)
        return r;
    failpoint("skeleton-made");
    r = fchmod(dir, 0755) < 0 ? err_errno(err, errno, "making skeleton") : fill(dir, err);
    /* Somebody else's, if it is there by now, is as good. Empty files need no sync: after a power cut they are there,
     * or the directory is not. */
    if (r == 0 && renameat(tmp, name, root, STORE_SKELETON) < 0 && errno != ENOTEMPTY && errno != EEXIST)
        r = err_errno(err, errno, "making skeleton");
    if (faccessat(tmp, name, F_OK, 0) == 0)
        path_remove_tree(tmp, name, NULL);
    return r;
}
