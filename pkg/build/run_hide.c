/* What .dockerignore leaves out is not there for a RUN's mount either: its key does not know it, and it may be what
 * nobody else is to see. Nor are sockets, fifos and devices, behind which are programs of the host. Marks of overlayfs
 * hide it, in a layer above the context. */
#include "build/place.h"
#include "build/run_internal.h"
#include "dockerfile/ignore.h"
#include "sys/dir.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum { DEPTH_MAX = 256 };

struct hiding {
    const struct ignore *ignore;
    int depth;
};

static int hide_directory(struct hiding *h, int dir, int marks, const char *path, bool *ret_kept, struct err *err);

static int hide(int marks, const char *name, const char *path, struct err *err)
{
    if (mknodat(marks, name, S_IFCHR | 0600, makedev(0, 0)) < 0)
        return err_errno(err, errno, "hiding %s of the context", path);
    return 0;
}

/* The directory of marks shows in place of the one that it lies on. */
static int repeat_attributes(int from, int to, const char *path, struct err *err)
{
    struct stat st;
    int r =
        fstat(from, &st) < 0 || fchown(to, st.st_uid, st.st_gid) < 0 || fchmod(to, st.st_mode & 07777) < 0 ? -errno : 0;
    const struct timespec times[] = {st.st_atim, st.st_mtim};

    if (r == 0)
        r = place_copy_xattrs(from, to);
    if (r == 0 && futimens(to, times) < 0)
        r = -errno;
    return r < 0 ? err_errno(err, -r, "%s of the context", path) : 0;
}

/* One that is left out but for what a pattern takes back, or one that has something left out. */
static int hide_below(struct hiding *h, int dir, int marks, const char *name, const char *path, bool *ret_kept,
                      struct err *err)
{
    _cleanup_fd_ int below = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), own = -1;
    int r;

    if (below < 0) /* it became something else meanwhile */
        return hide(marks, name, path, err);
    if (mkdirat(marks, name, 0700) == 0)
        own = openat(marks, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (own < 0)
        return err_errno(err, errno, "hiding %s of the context", path);
    r = hide_directory(h, below, own, path, ret_kept, err);
    if (r == 0 && unlinkat(marks, name, AT_REMOVEDIR) < 0) /* nothing in it is hidden */
        r = errno == ENOTEMPTY || errno == EEXIST ? repeat_attributes(below, own, path, err)
                                                  : err_errno(err, errno, "%s of the context", path);
    return r;
}

static int hide_name(struct hiding *h, int dir, int marks, const char *name, const char *path, bool *ret_kept,
                     struct err *err)
{
    bool left_out = ignore_matches(h->ignore, path, NULL, NULL), kept = false;
    struct stat st;
    int r;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
        return hide(marks, name, path, err);
    if (left_out && !(S_ISDIR(st.st_mode) && ignore_may_take_back(h->ignore, path)))
        return hide(marks, name, path, err);
    if (!S_ISDIR(st.st_mode)) {
        *ret_kept = true;
        return 0;
    }
    r = hide_below(h, dir, marks, name, path, &kept, err);
    if (r < 0 || kept || !left_out) {
        *ret_kept = true;
        return r;
    }
    if (path_remove_tree(marks, name, err) < 0)
        return err->kind;
    return hide(marks, name, path, err);
}

/* As deep as DEPTH_MAX. */
static int hide_directory(struct hiding *h, int dir, int marks, const char *path, /* NOLINT(misc-no-recursion) */
                          bool *ret_kept, struct err *err)
{
    _cleanup_strv_ char **names = NULL;
    int r = dir_names(dir, &names);

    if (r < 0)
        return err_errno(err, -r, "%s of the context", *path ? path : "/");
    if (h->depth == DEPTH_MAX)
        return err_set(err, ERR_LIMIT, "context: directories are nested more than %d deep", DEPTH_MAX);
    h->depth++;
    STRV_FOREACH (name, names) {
        _cleanup_free_ char *here = str_printf("%s%s%s", path, *path ? "/" : "", *name);

        r = r < 0 ? r : hide_name(h, dir, marks, *name, here, ret_kept, err);
    }
    h->depth--;
    return r;
}

int build_run_hide(const struct build_mounted *m, int marks, struct err *err)
{
    _cleanup_fd_ int dir = open(m->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct hiding h = {.ignore = m->ignore};
    bool kept = false;
    int r = dir < 0 ? err_errno(err, errno, "%s", m->dir) : 0;

    if (r == 0)
        r = hide_directory(&h, dir, marks, "", &kept, err);
    return r < 0 ? r : repeat_attributes(dir, marks, "/", err);
}
