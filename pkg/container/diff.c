#include "container/diff.h"
#include "layer/overlay.h"

#include "sys/copy_tree.h"
#include "sys/dir.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

struct diffing {
    container_diff_fn each;
    void *data;
    VEC(char *) held; /* directories on the way here that are as they were, if nothing below them changed */
    size_t told;      /* so many of them were told, the outermost first: something did */
    int depth;
    struct err *err;
};

static int fail(const struct diffing *d, const char *path)
{
    return err_errno(d->err, errno, "%.300s", *path ? path : "/");
}

/* ---- telling ---- */

static void tell_held(struct diffing *d)
{
    for (; d->told < d->held.n; d->told++)
        d->each(CONTAINER_CHANGED, d->held.v[d->told], d->data);
}

static void tell(struct diffing *d, enum container_change what, const char *path)
{
    tell_held(d);
    d->each(what, path, d->data);
}

static void hold(struct diffing *d, const char *path)
{
    *VEC_PUSH(&d->held) = str_dup(path);
}

static void let_go(struct diffing *d)
{
    free(d->held.v[--d->held.n]);
    d->told = MIN_OF(d->told, d->held.n);
}

/* ---- comparing ---- */

static bool same_capability(int upper, int lower, const char *name)
{
    _cleanup_fd_ int a = copy_open_file(upper, name), b = copy_open_file(lower, name);
    char x[64], y[64];
    ssize_t n = a < 0 ? -1 : fgetxattr(a, "security.capability", x, sizeof(x));
    ssize_t m = b < 0 ? -1 : fgetxattr(b, "security.capability", y, sizeof(y));

    return n == m && (n <= 0 || memcmp(x, y, (size_t)n) == 0);
}

/* Neither inodes nor times of change say anything, since files are copied before they are changed; sizes and times of
 * directories do not either. */
static bool differs(int upper, const struct stat *a, int lower, const struct stat *b, const char *name)
{
    if (a->st_mode != b->st_mode || a->st_uid != b->st_uid || a->st_gid != b->st_gid || a->st_rdev != b->st_rdev)
        return true;
    if (S_ISDIR(a->st_mode))
        return false;
    if (a->st_size != b->st_size || a->st_mtim.tv_sec != b->st_mtim.tv_sec || a->st_mtim.tv_nsec != b->st_mtim.tv_nsec)
        return true;
    return S_ISREG(a->st_mode) && !same_capability(upper, lower, name);
}

static int diff_directory(struct diffing *d, int upper, int lower, const char *path);

static int go_down(struct diffing *d, int upper, int lower, const char *name, const char *path)
{
    _cleanup_fd_ int up = openat(upper, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), down = -1;

    if (up < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : fail(d, path); /* changed meanwhile */
    if (lower >= 0)
        down = openat(lower, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return diff_directory(d, up, down, path);
}

/* `lower` is -1 where the image has no such directory. */
static int diff_entry(struct diffing *d, int upper, int lower, const char *name, const char *path)
{
    struct stat a, b;
    bool there = lower >= 0 && fstatat(lower, name, &b, AT_SYMLINK_NOFOLLOW) == 0;
    bool holds = false;
    int r = 0;

    if (fstatat(upper, name, &a, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : fail(d, path);
    if (layer_overlay_whiteout(upper, name, &a)) {
        if (there)
            tell(d, CONTAINER_DELETED, path);
        return 0;
    }
    if (!there)
        tell(d, CONTAINER_ADDED, path);
    else if (differs(upper, &a, lower, &b, name))
        tell(d, CONTAINER_CHANGED, path);
    else
        holds = S_ISDIR(a.st_mode);
    if (holds)
        hold(d, path);
    if (S_ISDIR(a.st_mode))
        r = go_down(d, upper, there ? lower : -1, name, path);
    if (holds)
        let_go(d);
    return r;
}

static int list_names(struct diffing *d, int dir, const char *path, char ***ret)
{
    int r = dir_names(dir, ret);

    return r < 0 ? err_errno(d->err, -r, "%.300s", *path ? path : "/") : 0;
}

/* An opaque directory hides what the image has in it: what is not in the upper one is deleted. */
static int diff_names(struct diffing *d, int upper, int lower, const char *path, bool opaque)
{
    _cleanup_strv_ char **names = NULL;
    const char *before = NULL;
    int r = list_names(d, upper, path, &names);

    if (r == 0 && opaque && lower >= 0)
        r = list_names(d, lower, path, &names);
    strv_sort(names);
    STRV_FOREACH (name, names) {
        _cleanup_free_ char *below = str_printf("%s/%s", path, *name);
        struct stat st;

        if (r < 0)
            break;
        if (before && str_eq(before, *name))
            continue;
        before = *name;
        if (opaque && fstatat(upper, *name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            tell(d, CONTAINER_DELETED, below);
        else
            r = diff_entry(d, upper, lower, *name, below);
    }
    return r;
}

static int diff_directory(struct diffing *d, int upper, int lower, const char *path)
{
    int r;

    if (d->depth == COPY_DEPTH_MAX)
        return err_set(d->err, ERR_LIMIT, "%.200s…: directories are nested more than %d deep", path, COPY_DEPTH_MAX);
    d->depth++;
    r = diff_names(d, upper, lower, path, layer_overlay_opaque(upper));
    d->depth--;
    return r;
}

int container_diff(const struct container_files *f, container_diff_fn each, void *data, struct err *err)
{
    struct diffing d = {.each = each, .data = data, .err = err};
    int r = diff_directory(&d, f->upper, f->root, "");

    VEC_FOREACH (path, &d.held)
        free(*path);
    free(d.held.v);
    return r;
}
