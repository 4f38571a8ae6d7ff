#include "build/place.h"

#include "layer/attributes.h"
#include "layer/overlay.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/xattr.h>

enum { LINKS_FOLLOWED_MAX = 255, NAMES_SIZE = 64 << 10, VALUE_SIZE = 64 << 10 };

static int fail(const struct place *p, const char *name, int errnum, struct err *err)
{
    return err_errno(err, errnum, "/%s%s%s", buf_str(&p->path), p->path.len && *name ? "/" : "", name);
}

/* ---- attributes ---- */

/* Most files have none: then this is one call. */
int place_copy_xattrs(int from, int to)
{
    ssize_t n = flistxattr(from, NULL, 0);
    _cleanup_free_ char *names = NULL, *value = NULL;

    if (n <= 0)
        return n < 0 && errno != EOPNOTSUPP ? -errno : 0;
    names = mem_alloc(NAMES_SIZE);
    value = mem_alloc(VALUE_SIZE);
    n = flistxattr(from, names, NAMES_SIZE);
    for (const char *name = names; n > 0 && name < names + n; name += strlen(name) + 1) {
        ssize_t len = attributes_meaningful(name) ? fgetxattr(from, name, value, VALUE_SIZE) : -1;

        /* Not every file system has a place for every attribute. */
        if (len >= 0 && fsetxattr(to, name, value, (size_t)len, 0) < 0 && errno != EOPNOTSUPP && errno != EPERM)
            return -errno;
    }
    return 0;
}

/* Owner before mode, which a change of owner takes from; both before capabilities. */
static int repeat_attributes(int below, int upper, bool *ret_inherits)
{
    _cleanup_fd_ int from = openat(below, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat st;

    if (from < 0 || fstat(from, &st) < 0 || fchown(upper, st.st_uid, st.st_gid) < 0 ||
        fchmod(upper, st.st_mode & 07777) < 0)
        return -errno;
    *ret_inherits = (st.st_mode & S_ISGID) != 0;
    return place_copy_xattrs(from, upper);
}

/* ---- going ---- */

static int push_root(struct place *p, int below, int upper, struct err *err)
{
    struct place_level *root = VEC_PUSH(&p->levels);

    *root = (struct place_level){.below = -1, .upper = -1, .mtime = p->epoch};
    if (below >= 0)
        root->below = openat(below, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    root->upper = openat(upper, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return (below >= 0 && root->below < 0) || root->upper < 0 ? fail(p, "", errno, err) : 0;
}

int place_open(struct place *p, int below, int upper, struct err *err)
{
    struct place_level *root;
    bool inherits;
    int r = push_root(p, below, upper, err);

    if (r < 0)
        return r;
    root = place_top(p);
    if (root->below < 0)
        return fchmod(root->upper, 0755) < 0 ? fail(p, "", errno, err) : 0;
    r = repeat_attributes(root->below, root->upper, &inherits);
    root->inherits = inherits;
    return r < 0 ? fail(p, "", -r, err) : 0;
}

int place_open_again(struct place *p, int below, int upper, struct err *err)
{
    bool inherits = p->levels.v[0].inherits;
    int r;

    p->levels.n = 0;
    buf_clear(&p->path);
    r = push_root(p, below, upper, err);
    place_top(p)->inherits = inherits;
    return r;
}

static void level_close(struct place_level *l)
{
    fd_close(l->below);
    fd_close(l->upper);
}

void place_release(struct place *p)
{
    VEC_FOREACH (l, &p->levels)
        level_close(l);
    free(p->levels.v);
    buf_free(&p->path);
    *p = (struct place){0};
}

int place_look(const struct place *p, const char *name, struct stat *ret, struct err *err)
{
    const struct place_level *l = place_top(p);

    if (l->upper >= 0) {
        if (fstatat(l->upper, name, ret, AT_SYMLINK_NOFOLLOW) == 0)
            return !layer_overlay_whiteout(l->upper, name, ret);
        if (errno != ENOENT)
            return fail(p, name, errno, err);
    }
    if (l->below < 0)
        return 0;
    if (fstatat(l->below, name, ret, AT_SYMLINK_NOFOLLOW) == 0)
        return 1;
    return errno == ENOENT ? 0 : fail(p, name, errno, err);
}

static int push(struct place *p, const char *name, struct place_level level, struct err *err)
{
    if (p->levels.n > PLACE_DEPTH_MAX) {
        level_close(&level);
        return err_set(err, ERR_LIMIT, "/%.200s…: directories are nested more than %d deep", buf_str(&p->path),
                       PLACE_DEPTH_MAX);
    }
    buf_addf(&p->path, "%s%s", p->path.len ? "/" : "", name);
    level.path = p->path.len;
    *VEC_PUSH(&p->levels) = level;
    return 0;
}

/* One that an earlier source has written to has its time already, and keeps it. */
static int remember(struct place_level *l)
{
    struct stat st;

    if (fstat(l->upper, &st) < 0)
        return -errno;
    l->mtime = st.st_mtim;
    l->inherits = (st.st_mode & S_ISGID) != 0;
    return 0;
}

int place_enter(struct place *p, const char *name, struct err *err)
{
    const struct place_level *l = place_top(p);
    struct place_level next = {.below = -1, .upper = -1, .mtime = p->epoch};
    int r = 0;

    if (l->upper >= 0) {
        next.upper = openat(l->upper, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        r = next.upper >= 0 ? remember(&next) : errno == ENOENT ? 0 : -errno;
    }
    if (r == 0 && l->below >= 0 && (next.upper < 0 || !layer_overlay_opaque(next.upper))) {
        next.below = openat(l->below, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        /* What an archive of this step put over a file hides that. */
        r = next.below < 0 && (next.upper < 0 || (errno != ENOENT && errno != ENOTDIR)) ? -errno : 0;
    }
    if (r < 0) {
        level_close(&next);
        return fail(p, name, -r, err);
    }
    return push(p, name, next, err);
}

int place_make(struct place *p, const char *name, struct err *err)
{
    struct place_level next = {.below = -1, .upper = -1, .mtime = p->epoch};
    int dir, r = place_write(p, &dir, err);

    if (r < 0)
        return r;
    if (mkdirat(dir, name, 0700) < 0)
        return fail(p, name, errno, err);
    next.upper = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return next.upper < 0 ? fail(p, name, errno, err) : push(p, name, next, err);
}

int place_leave(struct place *p, struct err *err)
{
    struct place_level *l = place_top(p);
    const struct timespec times[] = {l->mtime, l->mtime};
    int r = 0;

    if (l->upper >= 0 && futimens(l->upper, times) < 0)
        r = fail(p, "", errno, err);
    level_close(l);
    p->levels.n--;
    if (p->levels.n) {
        p->path.len = place_top(p)->path;
        p->path.p[p->path.len] = 0;
    }
    return r;
}

/* ---- writing ---- */

/* Repeats the level `i`, whose parent is there. */
static int repeat(struct place *p, size_t i, struct err *err)
{
    struct place_level *l = &p->levels.v[i];
    size_t start = l[-1].path + (l[-1].path > 0);
    _cleanup_free_ char *name = str_ndup(p->path.p + start, l->path - start);
    int r;

    if (mkdirat(l[-1].upper, name, 0700) == 0)
        l->upper = openat(l[-1].upper, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    r = l->upper < 0 ? -errno : repeat_attributes(l->below, l->upper, &l->inherits);
    return r < 0 ? err_errno(err, -r, "/%.*s", (int)l->path, p->path.p) : 0;
}

int place_write(struct place *p, int *ret_upper, struct err *err)
{
    size_t i = p->levels.n;
    int r = 0;

    while (p->levels.v[i - 1].upper < 0)
        i--;
    for (; r == 0 && i < p->levels.n; i++)
        r = repeat(p, i, err);
    *ret_upper = place_top(p)->upper;
    return r;
}

int place_make_opaque(struct place *p, struct err *err)
{
    int dir, r = place_write(p, &dir, err);

    if (r == 0 && fsetxattr(dir, "trusted.overlay.opaque", "y", 1, 0) < 0)
        r = fail(p, "", errno, err);
    return r;
}

/* ---- from the root ---- */

/* A directory on the way that was missing. */
static int make_on_the_way(struct place *p, const char *name, struct err *err)
{
    int r = place_make(p, name, err);

    if (r == 0 &&
        (fchown(place_top(p)->upper, p->owner[0], p->owner[1]) < 0 || fchmod(place_top(p)->upper, p->mode) < 0))
        r = fail(p, "", errno, err);
    return r;
}

static size_t ground_of(const struct place *p)
{
    return MAX_OF(p->ground, (size_t)1);
}

static int leave_all(struct place *p, struct err *err)
{
    int r = 0;

    while (r == 0 && p->levels.n > ground_of(p))
        r = place_leave(p, err);
    return r;
}

/* Puts what a link says before the rest of the way. */
static int follow(struct place *p, const char *name, struct buf *rest, int *links, struct err *err)
{
    const struct place_level *l = place_top(p);
    char target[PATH_MAX];
    _cleanup_free_ char *behind = str_dup(buf_str(rest));
    ssize_t n = l->upper >= 0 ? readlinkat(l->upper, name, target, sizeof(target) - 1) : -1;

    if (n < 0 && l->below >= 0)
        n = readlinkat(l->below, name, target, sizeof(target) - 1);
    if (n < 0)
        return fail(p, name, errno, err);
    if (++*links > LINKS_FOLLOWED_MAX)
        return fail(p, name, ELOOP, err);
    target[n] = 0;
    buf_clear(rest);
    buf_addf(rest, "%s/%s", target, behind);
    return *target == '/' ? leave_all(p, err) : 0;
}

/* Takes the first name from `rest`; NULL where there is none. */
static char *take_name(struct buf *rest)
{
    const char *s = buf_str(rest);
    size_t skip = strspn(s, "/"), n = strcspn(s + skip, "/");
    char *name = n ? str_ndup(s + skip, n) : NULL;

    skip += n;
    skip += strspn(s + skip, "/");
    buf_consume(rest, skip);
    return name;
}

static int step_up(struct place *p, struct err *err)
{
    return p->levels.n > ground_of(p) ? place_leave(p, err) : 0;
}

int place_walk(struct place *p, const char *path, bool directory, char **ret_name, struct err *err)
{
    _cleanup_buf_ struct buf rest = BUF_INIT;
    int links = 0, r = leave_all(p, err);

    buf_adds(&rest, path);
    if (ret_name)
        *ret_name = NULL;
    while (r == 0) {
        _cleanup_free_ char *name = take_name(&rest);
        bool last = !*buf_str(&rest) && !directory;
        struct stat st;
        int there;

        if (!name)
            break;
        if (strcmp(name, ".") == 0)
            continue;
        if (strcmp(name, "..") == 0) {
            r = step_up(p, err);
            continue;
        }
        there = place_look(p, name, &st, err);
        if (there < 0)
            r = there;
        else if (there && S_ISDIR(st.st_mode))
            r = place_enter(p, name, err);
        else if (there && S_ISLNK(st.st_mode))
            r = follow(p, name, &rest, &links, err);
        else if (last) {
            *ret_name = steal_ptr(&name);
            break;
        } else if (there)
            r = fail(p, name, ENOTDIR, err);
        else
            r = make_on_the_way(p, name, err);
    }
    return r;
}
