#include "build/files_internal.h"

#include "sys/fd.h"
#include "sys/path.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

enum { DEPTH_MAX = 256, ENTRIES_SIZE = 64 << 10 };

/* A name in a directory that is being walked. */
struct entry {
    size_t name; /* offset in the walk's stack of names */
    unsigned char type;
};

/* Names lie on a stack, on which each directory has its part while what it has is walked. */
struct walk {
    struct files_work *work;
    const struct files_filter *filter;
    struct buf names;
    VEC(struct entry) entries;
    char *block; /* what getdents64(2) fills */
    int depth;
};

/* A directory: its path lies in the selection's names. */
struct place {
    int fd;
    size_t path; /* offset */
    struct ignore_parent ignored, excluded, included;
};

static int add(struct files_work *w, size_t path, size_t base, const struct stat *st, struct err *err)
{
    struct build_file *f;

    if (w->out->files.n == BUILD_FILES_MAX)
        return err_set(err, ERR_LIMIT, "%s: there are more than %d files", w->tree->what, BUILD_FILES_MAX);
    f = VEC_PUSH(&w->out->files);
    f->path = (const char *)(uintptr_t)path;
    f->base = (uint32_t)base;
    f->st = files_stat(st);
    return 0;
}

int files_add(struct files_work *w, const char *path, size_t base, const struct stat *st, struct err *err)
{
    size_t offset = w->names.len;
    int r = buf_append(&w->names, path, strlen(path) + 1, err);

    return r < 0 ? r : add(w, offset, base, st, err);
}

/* ---- names of a directory ---- */

static int by_name(const void *a, const void *b, void *names)
{
    const struct entry *x = a, *y = b;

    return strcmp((const char *)names + x->name, (const char *)names + y->name);
}

static void take_block(struct walk *k, ssize_t n)
{
    for (ssize_t at = 0; at < n;) {
        const struct dirent64 *d = (const struct dirent64 *)(const void *)(k->block + at);

        at += d->d_reclen;
        if (str_eq(d->d_name, ".") || str_eq(d->d_name, ".."))
            continue;
        *VEC_PUSH(&k->entries) = (struct entry){k->names.len, d->d_type};
        buf_add(&k->names, d->d_name, strlen(d->d_name) + 1);
    }
}

/* Puts all names on the stack, sorted. */
static int read_names(struct walk *k, int fd, struct err *err)
{
    size_t first = k->entries.n;
    ssize_t n;

    while ((n = getdents64(fd, k->block, ENTRIES_SIZE)) > 0) {
        take_block(k, n);
        if (k->entries.n > BUILD_FILES_MAX)
            return err_set(err, ERR_LIMIT, "a directory has more than %d files", BUILD_FILES_MAX);
    }
    if (n < 0)
        return err_errno(err, errno, "reading a directory");
    if (k->entries.n > first)
        qsort_r(k->entries.v + first, k->entries.n - first, sizeof(*k->entries.v), by_name, k->names.p);
    return 0;
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

static const char *name_of(const struct walk *k, size_t offset)
{
    return k->work->names.p + offset;
}

static int walk_below(struct walk *k, const struct place *in, const char *name, struct place *here, struct err *err)
{
    _cleanup_fd_ int fd = -1;
    int r;

    if (k->depth == DEPTH_MAX)
        return err_set(err, ERR_LIMIT, "%s: %s: directories are nested more than %d deep", k->work->tree->what,
                       name_of(k, here->path), DEPTH_MAX);
    fd = openat(in->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
        return 0; /* it became something else meanwhile */
    if (fd < 0)
        return err_errno(err, errno, "%s: open %s", k->work->tree->what, name_of(k, here->path));
    here->fd = fd;
    k->depth++;
    r = walk_place(k, here, err);
    k->depth--;
    return r;
}

/* One name of a directory: looks at it, adds it, walks on in it. */
static int walk_entry(struct walk *k, const struct place *in, const struct entry *e, struct place *here,
                      struct err *err)
{
    struct files_work *w = k->work;
    size_t n = w->out->files.n, path = w->names.len, in_len = strlen(name_of(k, in->path));
    enum verdict verdict;
    struct stat st;
    int r;

    if (in_len + NAME_MAX + 2 > PATH_MAX)
        return err_set(err, ERR_LIMIT, "%s: %s: the path is too long", w->tree->what, name_of(k, in->path));
    if (!buf_reserve(&w->names, in_len + NAME_MAX + 2))
        return err_set(err, ERR_LIMIT, "%s: the names of all files are longer than %d bytes", w->tree->what,
                       FILES_NAMES_MAX);
    buf_add(&w->names, name_of(k, in->path), in_len);
    if (in_len)
        buf_addc(&w->names, '/');
    buf_add(&w->names, k->names.p + e->name, strlen(k->names.p + e->name) + 1);
    here->path = path;
    verdict = judge(k, in, name_of(k, path), here);
    if (verdict == UNWANTED || (verdict == ON_THE_WAY && e->type != DT_DIR && e->type != DT_UNKNOWN))
        goto forget;
    if (fstatat(in->fd, k->names.p + e->name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        if (errno == ENOENT)
            goto forget;
        return err_errno(err, errno, "%s: %s", w->tree->what, name_of(k, path));
    }
    if (S_ISSOCK(st.st_mode) || (verdict == ON_THE_WAY && !S_ISDIR(st.st_mode)))
        goto forget;
    r = add(w, path, k->filter->base, &st, err);
    if (r < 0 || !S_ISDIR(st.st_mode))
        return r;
    r = walk_below(k, in, k->names.p + e->name, here, err);
    if (r < 0 || verdict == WANTED || w->out->files.n > n + 1)
        return r;
    w->out->files.n = n;
forget:
    w->names.len = path;
    return 0;
}

/* As deep as DEPTH_MAX. */
static int walk_place(struct walk *k, struct place *p, struct err *err) /* NOLINT(misc-no-recursion) */
{
    size_t first = k->entries.n, names = k->names.len;
    struct place here = {.fd = -1};
    _cleanup_free_ void *states = make_states(k, &here);
    int r = read_names(k, p->fd, err);

    if (r < 0)
        return err_wrap(err, "%s: %s", k->work->tree->what, name_of(k, p->path));
    for (size_t i = first, end = k->entries.n; i < end && r == 0; i++) {
        struct entry e = k->entries.v[i];

        r = walk_entry(k, p, &e, &here, err);
    }
    k->entries.n = first;
    k->names.len = names;
    return r;
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
    struct place p = {.fd = fd, .path = w->names.len};
    _cleanup_free_ void *states = make_states(&k, &p);
    int r;

    if (fd < 0)
        return err_errno(err, -fd, "%s: open %s", w->tree->what, *path ? path : "/");
    r = buf_append(&w->names, path, strlen(path) + 1, err);
    if (r < 0)
        return r;
    enter(&k, path, &p);
    k.block = mem_alloc(ENTRIES_SIZE);
    r = walk_place(&k, &p, err);
    free(k.block);
    free(k.entries.v);
    buf_free(&k.names);
    return r;
}
