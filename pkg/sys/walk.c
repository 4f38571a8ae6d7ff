#include "sys/walk.h"

#include "base/buf.h"
#include "base/vec.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

enum {
    MAX_LINKS = 40,          /* as the kernel's own limit */
    LINK_EXPANDED = INT_MIN, /* no descriptor and no error: the walk goes on */
};

/* Where the walk is: the directories from the root down to here, so that `..` pops one instead of asking the kernel. */
struct walk {
    VEC(int) dirs;
    enum walk_mode how;
    int links;
};

static void walk_release(struct walk *w)
{
    VEC_FOREACH (fd, &w->dirs)
        fd_close(*fd);
    free(w->dirs.v);
}

static int here(const struct walk *w)
{
    return w->dirs.v[w->dirs.n - 1];
}

static int go_up(struct walk *w)
{
    if (w->dirs.n > 1)
        fd_close(w->dirs.v[--w->dirs.n]);
    else if (w->how == WALK_BENEATH)
        return -EXDEV;
    return 0;
}

static int go_root(struct walk *w)
{
    if (w->how == WALK_BENEATH)
        return -EXDEV;
    while (w->dirs.n > 1)
        fd_close(w->dirs.v[--w->dirs.n]);
    return 0;
}

/* Puts what the link `name` holds in front of `rest`. */
static int expand_link(struct walk *w, const char *name, struct buf *rest)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(here(w), name, target, sizeof(target) - 1);
    struct buf next = BUF_INIT;

    if (n < 0)
        return -errno;
    if (++w->links > MAX_LINKS)
        return -ELOOP;
    target[n] = 0;
    buf_addf(&next, "%s%s%s", target, rest->len ? "/" : "", buf_str(rest));
    buf_free(rest);
    *rest = next;
    return target[0] == '/' ? go_root(w) : 0;
}

/* Takes the first component off `rest`; false at the end. `*ret_last` says whether nothing stands behind it, and
 * `*ret_dir` whether a slash does. */
static bool next_component(struct buf *rest, char name[NAME_MAX + 1], bool *ret_last, bool *ret_dir, int *ret_error)
{
    size_t skip = strspn(buf_str(rest), "/"), n;

    buf_consume(rest, skip);
    n = strcspn(buf_str(rest), "/");
    if (!n)
        return false;
    if (n > NAME_MAX) {
        *ret_error = -ENAMETOOLONG;
        return false;
    }
    memcpy(name, rest->p, n);
    name[n] = 0;
    skip = strspn(rest->p + n, "/");
    *ret_dir = skip > 0;
    *ret_last = !rest->p[n + skip];
    buf_consume(rest, n + skip);
    return true;
}

static int step(struct walk *w, const char *name, struct buf *rest)
{
    struct stat st;
    int fd = openat(here(w), name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0) {
        int r = -errno;

        fd_close(fd);
        return r;
    }
    if (S_ISLNK(st.st_mode)) {
        fd_close(fd);
        return expand_link(w, name, rest);
    }
    if (!S_ISDIR(st.st_mode)) {
        fd_close(fd);
        return -ENOTDIR;
    }
    *VEC_PUSH(&w->dirs) = fd;
    return 0;
}

/* Opens the last component, or expands it where it is a link to be followed (LINK_EXPANDED). */
static int finish(struct walk *w, const char *name, int flags, mode_t mode, struct buf *rest)
{
    struct stat st;
    int fd;

    if (!(flags & O_NOFOLLOW) && !((flags & O_CREAT) && (flags & O_EXCL)) &&
        fstatat(here(w), name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode)) {
        int r = expand_link(w, name, rest);

        return r < 0 ? r : LINK_EXPANDED;
    }
    fd = openat(here(w), name, flags | O_NOFOLLOW, mode);
    return fd < 0 ? -errno : fd;
}

int walk_open(int dirfd, const char *path, int flags, mode_t mode, enum walk_mode how)
{
    _cleanup_(walk_release) struct walk w = {.how = how};
    _cleanup_buf_ struct buf rest = BUF_INIT;
    char name[NAME_MAX + 1];
    bool last = false, dir = false;
    int r = 0, fd = openat(dirfd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    *VEC_PUSH(&w.dirs) = fd;
    if (!*path)
        return -ENOENT;
    if (*path == '/' && go_root(&w) < 0)
        return -EXDEV;
    buf_adds(&rest, path);
    while (next_component(&rest, name, &last, &dir, &r)) {
        if (strcmp(name, ".") == 0)
            r = 0;
        else if (strcmp(name, "..") == 0)
            r = go_up(&w);
        else if (last && !dir && !(flags & O_DIRECTORY)) {
            r = finish(&w, name, flags, mode, &rest);
            if (r != LINK_EXPANDED)
                return r;
            r = 0;
        } else if (last && (flags & O_NOFOLLOW)) {
            /* a directory by name: the kernel itself refuses the link */
            r = openat(here(&w), name, flags, mode);
            return r < 0 ? -errno : r;
        } else
            r = step(&w, name, &rest);
        if (r < 0)
            return r;
    }
    if (r < 0)
        return r;
    fd = openat(here(&w), ".", flags & ~(O_NOFOLLOW | O_CREAT | O_EXCL));
    return fd < 0 ? -errno : fd;
}
