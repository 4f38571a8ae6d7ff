#include "build/files_internal.h"

#include "sys/fd.h"
#include "sys/path.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>

enum { DEPTH_MAX = 256 };

/* A directory on the way, which counts if something in it does. */
struct pending {
    size_t len; /* of its path, in the walk's */
    struct stat st;
};

struct walk {
    struct files_work *work;
    const struct files_filter *filter;
    struct buf path;             /* where one stands */
    VEC(struct pending) pending; /* the first are on the way to the last */
    int depth;
};

/* A directory whose path is what the walk's begins with. */
struct place {
    int fd;
    size_t len;
    struct ignore_parent ignored, excluded, included;
};

static void cut_path(struct walk *k, size_t len)
{
    k->path.len = len;
    k->path.p[len] = 0;
}

/* Adds where one stands, with the directories on the way that did not count until now. */
static int add(struct walk *k, const struct stat *st, struct err *err)
{
    int r = 0;

    VEC_FOREACH (dir, &k->pending) {
        char was = k->path.p[dir->len];

        k->path.p[dir->len] = 0;
        r = r < 0 ? r : files_add(k->work, k->path.p, k->filter->base, &dir->st, err);
        k->path.p[dir->len] = was;
    }
    k->pending.n = 0;
    return r < 0 ? r : files_add(k->work, k->path.p, k->filter->base, st, err);
}

/* ---- what is wanted ---- */

enum verdict {
    WANTED,
    ON_THE_WAY, /* a directory in which something may be wanted: it counts if something is */
    UNWANTED,
};

/* Whether `name` is the directory that --parents names, or lies in it, or it lies in `name`. */
static bool leads_under(const char *name, const char *under)
{
    size_t n = strlen(name), m = strlen(under);
    size_t common = n < m ? n : m;

    if (strncmp(name, under, common) != 0)
        return false;
    return n == m || !m || (n < m ? under : name)[common] == '/';
}

static enum verdict judge(const struct walk *k, const struct place *in, const char *path, struct place *here)
{
    const struct ignore *ignore = k->work->tree->ignore;
    const struct files_filter *f = k->filter;
    const char *name = path + f->base;
    enum verdict verdict = WANTED;

    if (f->includes && !leads_under(name, f->under))
        return UNWANTED;
    if (ignore_matches(ignore, path, &in->ignored, &here->ignored))
        verdict = ignore_may_take_back(ignore, path) ? ON_THE_WAY : UNWANTED;
    if (verdict != UNWANTED && ignore_matches(f->excludes, name, &in->excluded, &here->excluded))
        verdict = ignore_may_take_back(f->excludes, name) ? ON_THE_WAY : UNWANTED;
    if (verdict != UNWANTED && f->includes && !ignore_matches(f->includes, name, &in->included, &here->included))
        verdict = ON_THE_WAY;
    return verdict;
}

/* States of what lies in a directory, one after the other for all of its names. */
static void *make_states(const struct walk *k, struct place *here)
{
    size_t a = ignore_state_size(k->work->tree->ignore), b = ignore_state_size(k->filter->excludes);
    size_t c = ignore_state_size(k->filter->includes);
    unsigned char *bits = a + b + c ? mem_zalloc(1, a + b + c) : NULL;

    here->ignored.matched = a ? bits : NULL;
    here->excluded.matched = b ? bits + a : NULL;
    here->included.matched = c ? bits + a + b : NULL;
    return bits;
}

/* ---- the walk ---- */

static int walk_place(struct walk *k, struct place *p, struct err *err);

/* Into the directory where one stands. */
static int walk_below(struct walk *k, const struct place *in, const char *name, struct place *here, struct err *err)
{
    _cleanup_fd_ int fd = -1;
    int r;

    if (k->depth == DEPTH_MAX)
        return err_set(err, ERR_LIMIT, "%s: %s: directories are nested more than %d deep", k->work->tree->what,
                       k->path.p, DEPTH_MAX);
    fd = openat(in->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
        return 0; /* it became something else meanwhile */
    if (fd < 0)
        return err_errno(err, errno, "%s: open %s", k->work->tree->what, k->path.p);
    here->fd = fd;
    here->len = k->path.len;
    k->depth++;
    r = walk_place(k, here, err);
    k->depth--;
    return r;
}

/* A directory that may not count itself. */
static int walk_on_the_way(struct walk *k, const struct place *in, const char *name, const struct stat *st,
                           struct place *here, struct err *err)
{
    size_t n = k->pending.n;
    int r;

    *VEC_PUSH(&k->pending) = (struct pending){k->path.len, *st};
    r = walk_below(k, in, name, here, err);
    k->pending.n = MIN_OF(k->pending.n, n);
    return r;
}

/* One name of a directory, where one stands: looks at it, adds it, walks on in it. */
static int walk_entry(struct walk *k, const struct place *in, const char *name, unsigned char type, struct place *here,
                      struct err *err)
{
    enum verdict verdict = judge(k, in, k->path.p, here);
    struct stat st;
    int r;

    if (verdict == UNWANTED || (verdict == ON_THE_WAY && type != DT_DIR && type != DT_UNKNOWN))
        return 0;
    if (fstatat(in->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : err_errno(err, errno, "%s: %s", k->work->tree->what, k->path.p);
    if (S_ISSOCK(st.st_mode) || (verdict == ON_THE_WAY && !S_ISDIR(st.st_mode)))
        return 0;
    if (verdict == ON_THE_WAY)
        return walk_on_the_way(k, in, name, &st, here, err);
    r = add(k, &st, err);
    return r < 0 || !S_ISDIR(st.st_mode) ? r : walk_below(k, in, name, here, err);
}

static int walk_name(struct walk *k, const struct place *in, const char *name, unsigned char type, struct place *here,
                     struct err *err)
{
    int r;

    if (in->len + NAME_MAX + 2 > PATH_MAX)
        return err_set(err, ERR_LIMIT, "%s: %s: the path is too long", k->work->tree->what, k->path.p);
    if (in->len)
        buf_addc(&k->path, '/');
    buf_adds(&k->path, name);
    r = walk_entry(k, in, name, type, here, err);
    cut_path(k, in->len);
    return r;
}

/* As deep as DEPTH_MAX. */
static int walk_place(struct walk *k, struct place *p, struct err *err) /* NOLINT(misc-no-recursion) */
{
    _cleanup_names_ struct names names = NAMES_NONE;
    struct place here = {.fd = -1};
    _cleanup_free_ void *states = make_states(k, &here);
    int r = names_open(&k->work->names, p->fd, BUILD_FILES_MAX, &names);
    unsigned char type;
    const char *name;

    if (r == -E2BIG)
        return err_set(err, ERR_LIMIT, "%s: %s: the directory has more than %d files", k->work->tree->what, k->path.p,
                       BUILD_FILES_MAX);
    while (r >= 0 && (r = names_next(&names, &name, &type)) == 1) {
        r = walk_name(k, p, name, type, &here, err);
        if (r < 0)
            return r;
    }
    return r < 0 ? err_errno(err, -r, "%s: %s: reading a directory", k->work->tree->what, k->path.p) : 0;
}

/* Brings the states of a directory that is not the root up to date. */
static void enter(const struct walk *k, const char *path, struct place *p)
{
    ignore_matches(k->work->tree->ignore, path, NULL, &p->ignored);
}

int files_walk(struct files_work *w, const char *path, const struct files_filter *filter, struct err *err)
{
    struct walk k = {.work = w, .filter = filter};
    _cleanup_fd_ int fd = path_open_in_root(w->tree->dir, *path ? path : ".", O_RDONLY | O_DIRECTORY, 0);
    struct place p = {.fd = fd, .len = strlen(path)};
    _cleanup_free_ void *states = make_states(&k, &p);
    int r;

    if (fd < 0)
        return err_errno(err, -fd, "%s: open %s", w->tree->what, *path ? path : "/");
    buf_adds(&k.path, path);
    enter(&k, path, &p);
    r = walk_place(&k, &p, err);
    free(k.pending.v);
    buf_free(&k.path);
    return r;
}
