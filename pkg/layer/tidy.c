#include "layer/tidy.h"

#include "layer/attributes.h"
#include "layer/overlay.h"
#include "sys/copy_tree.h"
#include "sys/fd.h"
#include "sys/names.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

/* A directory of the tree on the way down. */
struct place {
    const struct layer_tidy *how;
    struct names_pool *names;
    const struct place *parent;
    const char *name;
    int fd;
    int lower; /* the same below, -1 where there is none */
    int depth;
};

static int fail(const struct place *p, const char *name, int errnum, struct err *err)
{
    err_errno(err, errnum, "%s", name);
    for (; p->parent; p = p->parent)
        err_wrap(err, "%s", p->name);
    return err_kind_of_errno(errnum);
}

static bool is_younger(const struct stat *st, int64_t epoch)
{
    return st->st_mtim.tv_sec > epoch || (st->st_mtim.tv_sec == epoch && st->st_mtim.tv_nsec > 0);
}

static int set_time(const struct place *p, const char *name, struct timespec time, struct err *err)
{
    const struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, time};

    return utimensat(p->fd, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? fail(p, name, errno, err) : 0;
}

static int tidy_file(const struct place *p, const char *name, const struct stat *st, struct err *err)
{
    const struct timespec epoch = {.tv_sec = p->how->epoch};

    return is_younger(st, p->how->epoch) ? set_time(p, name, epoch, err) : 0;
}

/* Whether a directory is one that the step only went through. */
static bool is_as_below(const struct place *p, const struct stat *st)
{
    struct stat below;

    return p->lower >= 0 && fstat(p->lower, &below) == 0 && below.st_mode == st->st_mode &&
           below.st_uid == st->st_uid && below.st_gid == st->st_gid && attributes_equal(p->fd, p->lower);
}

static int tidy_names(struct place *p, bool *ret_kept, bool *ret_removed, struct err *err);

/* 1 where it stays. */
static int tidy_directory(const struct place *parent, const char *name, const struct stat *st, struct err *err)
{
    _cleanup_fd_ int fd = openat(parent->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), lower = -1;
    struct place p = {parent->how, parent->names, parent, name, fd, -1, parent->depth + 1};
    bool kept = false, removed = false, opaque;
    struct timespec time = st->st_mtim;
    int r;

    if (fd < 0)
        return fail(parent, name, errno, err);
    if (p.depth > COPY_DEPTH_MAX)
        return err_set(err, ERR_LIMIT, "directories are nested more than %d deep", COPY_DEPTH_MAX);
    opaque = layer_overlay_opaque(fd);
    if (!opaque && parent->lower >= 0)
        p.lower = lower = openat(parent->lower, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    r = tidy_names(&p, &kept, &removed, err);
    if (r < 0)
        return r;
    if (!kept && !opaque && is_as_below(&p, st))
        return unlinkat(parent->fd, name, AT_REMOVEDIR) < 0 ? fail(parent, name, errno, err) : 0;
    if (is_younger(st, p.how->epoch))
        time = (struct timespec){.tv_sec = p.how->epoch};
    else if (!removed)
        return 1;
    r = set_time(parent, name, time, err);
    return r < 0 ? r : 1;
}

/* 1 where it stays. */
static int tidy_entry(const struct place *p, const char *name, struct err *err)
{
    struct stat st;
    int r;

    if (fstatat(p->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return fail(p, name, errno, err);
    if (S_ISDIR(st.st_mode))
        return tidy_directory(p, name, &st, err);
    if (S_ISSOCK(st.st_mode))
        return unlinkat(p->fd, name, 0) < 0 ? fail(p, name, errno, err) : 0;
    r = tidy_file(p, name, &st, err);
    return r < 0 ? r : 1;
}

static int tidy_names(struct place *p, bool *ret_kept, bool *ret_removed, struct err *err)
{
    _cleanup_names_ struct names names = NAMES_NONE;
    int r = names_open(p->names, p->fd, SIZE_MAX, &names);
    const char *name;

    while (r >= 0 && (r = names_next(&names, &name, NULL)) == 1) {
        if (p->how->stop && *p->how->stop)
            return err_set(err, ERR_INTERRUPTED, "interrupted");
        r = tidy_entry(p, name, err);
        if (r < 0)
            return r;
        *ret_kept |= r == 1;
        *ret_removed |= r == 0;
    }
    return r < 0 ? fail(p, ".", -r, err) : 0;
}

/* No tar tells of the top. */
static int tidy_top(struct place *p, struct err *err)
{
    const struct timespec epoch = {.tv_sec = p->how->epoch};

    if (fchown(p->fd, geteuid(), getegid()) < 0 || fchmod(p->fd, 0755) < 0)
        return fail(p, ".", errno, err);
    attributes_remove(p->fd);
    return set_time(p, ".", epoch, err);
}

int layer_tidy(const struct layer_tidy *how, int tree, bool *ret_empty, struct err *err)
{
    struct names_pool names = {0};
    struct place top = {.how = how, .names = &names, .fd = tree, .lower = how->lower};
    bool kept = false, removed = false, opaque = layer_overlay_opaque(tree);
    int r;

    if (opaque)
        top.lower = -1;
    r = tidy_names(&top, &kept, &removed, err);
    if (r == 0)
        r = tidy_top(&top, err);
    *ret_empty = !kept && !opaque;
    return r;
}
