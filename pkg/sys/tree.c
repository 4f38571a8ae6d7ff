/* path_remove_tree(): removal of a whole tree, the part of sys/path.h that has most to lose. */
#include "sys/dir.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <stdio.h>

/* How deep descriptors are kept open. A deeper tree is flattened: its directories are moved up to the top, which takes
 * a rename each, so that no depth that a hostile layer makes can use up descriptors, stack or path length. */
enum { MAX_DEPTH = 128 };

struct removal {
    int top;       /* where deep directories are moved */
    dev_t dev;     /* mounts are not crossed */
    unsigned next; /* number of the next directory moved up */
    struct err *err;
};

static int remove_entries(struct removal *rm, int dirfd, int depth);

static int fail(struct removal *rm, const char *name)
{
    return err_errno(rm->err, errno, "removing %s", name);
}

/* Moves a directory that lies too deep to the top, where a later round finds it. */
static int move_up(struct removal *rm, int dirfd, const char *name)
{
    char to[32];

    for (;;) {
        snprintf(to, sizeof(to), ".deep-%u", rm->next++);
        if (renameat2(dirfd, name, rm->top, to, RENAME_NOREPLACE) == 0)
            return 0;
        if (errno != EEXIST)
            return fail(rm, name);
    }
}

/* A directory whose entries can be removed: its owner may have to let himself in first (root never has to, so a link
 * put in the way gains nothing). -1 with errno. */
static int open_dir(int dirfd, const char *name)
{
    if (faccessat(dirfd, name, R_OK | W_OK | X_OK, AT_EACCESS | AT_SYMLINK_NOFOLLOW) < 0 && errno == EACCES &&
        fchmodat(dirfd, name, 0700, 0) < 0)
        return -1;
    return openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int remove_dir(struct removal *rm, int dirfd, const char *name, int depth)
{
    struct stat st;
    _cleanup_fd_ int fd = -1;
    int r;

    if (depth >= MAX_DEPTH)
        return move_up(rm, dirfd, name);
    fd = open_dir(dirfd, name);
    if (fd < 0)
        return errno == ENOENT ? 0 : fail(rm, name);
    if (fstat(fd, &st) < 0)
        return fail(rm, name);
    if (st.st_dev != rm->dev)
        return err_set(rm->err, ERR_BUSY, "removing %s: something is mounted on it", name);
    r = remove_entries(rm, fd, depth + 1);
    if (r < 0)
        return r;
    if (unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
        return fail(rm, name);
    return 0;
}

static int remove_entry(struct removal *rm, int dirfd, const char *name, bool maybe_dir, int depth)
{
    if (!maybe_dir) {
        if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
            return 0;
        if (errno != EISDIR)
            return fail(rm, name);
    }
    return remove_dir(rm, dirfd, name, depth);
}

static int remove_entries(struct removal *rm, int dirfd, int depth)
{
    int copy = fcntl(dirfd, F_DUPFD_CLOEXEC, 0);
    _cleanup_dir_ DIR *d = copy < 0 ? NULL : fdopendir(copy);
    struct dirent *e;

    if (!d) {
        fd_close(copy);
        return fail(rm, "a directory");
    }
    rewinddir(d); /* the copy shares its position with what an earlier round read */
    while ((errno = 0, e = readdir(d))) {
        int r;

        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        r = remove_entry(rm, dirfd, e->d_name, e->d_type == DT_DIR, depth);
        if (r < 0)
            return r;
    }
    return errno ? fail(rm, "a directory") : 0;
}

int path_remove_tree(int dirfd, const char *name, struct err *err)
{
    struct removal rm = {.top = -1, .err = err};
    _cleanup_fd_ int top = -1;
    struct stat st;

    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : fail(&rm, name);
    if (!S_ISDIR(st.st_mode))
        return remove_entry(&rm, dirfd, name, false, 0);
    rm.dev = st.st_dev;
    top = open_dir(dirfd, name);
    if (top < 0)
        return errno == ENOENT ? 0 : fail(&rm, name);
    rm.top = top;
    for (;;) {
        unsigned moved = rm.next;
        int r = remove_entries(&rm, top, 1);

        if (r < 0)
            return r;
        if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
            return 0;
        /* Not empty: either directories were moved up here, or somebody writes into the tree. */
        if ((errno != ENOTEMPTY && errno != EEXIST) || rm.next == moved)
            return fail(&rm, name);
    }
}
