#include "build/files_internal.h"

#include "base/strv.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

enum { LINKS_MAX = 40 };

/* A name on its way: `real` has no links, `rest` is still to be looked at. */
struct way {
    char *real, *rest;
    int links;
};

static void way_release(struct way *y)
{
    free(y->real);
    free(y->rest);
}

/* Parts the next component off `rest`; the caller frees it. NULL: there is none. */
static char *next_part(struct way *y)
{
    const char *p = y->rest, *end;
    char *part;

    while (*p == '/')
        p++;
    if (!*p)
        return NULL;
    end = strchrnul(p, '/');
    part = str_ndup(p, (size_t)(end - p));
    str_replace(&y->rest, str_dup(end));
    return part;
}

static bool is_left_out(const struct files_work *w, const char *path, bool directory)
{
    return ignore_matches(w->tree->ignore, path, NULL, NULL) &&
           !(directory && ignore_may_take_back(w->tree->ignore, path));
}

/* `here` is a link: goes on where it leads. */
static int follow_link(const struct files_work *w, struct way *y, const char *here, struct err *err)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(w->tree->dir, here, target, sizeof(target) - 1);

    if (n < 0)
        return err_errno(err, errno, "%s: %s", w->tree->what, here);
    if (++y->links > LINKS_MAX)
        return err_set(err, ERR_INVALID, "%s: %s: too many links", w->tree->what, here);
    target[n] = 0;
    if (*target == '/')
        str_replace(&y->real, str_dup(""));
    str_replace(&y->rest, str_printf("%s/%s", target, y->rest));
    return strlen(y->rest) < PATH_MAX ? 0 : err_set(err, ERR_INVALID, "%s: %s: too long", w->tree->what, here);
}

/* One component more. */
static int take_part(const struct files_work *w, struct way *y, const char *part, bool follow, struct stat *st,
                     struct err *err)
{
    _cleanup_free_ char *here = NULL;

    if (str_eq(part, "."))
        return 0;
    if (str_eq(part, "..")) {
        char *slash = strrchr(y->real, '/');

        *(slash ? slash : y->real) = 0;
        return 0;
    }
    here = str_printf("%s%s%s", y->real, *y->real ? "/" : "", part);
    if (fstatat(w->tree->dir, here, st, AT_SYMLINK_NOFOLLOW) < 0) {
        if (errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG)
            return ERR_NOT_FOUND;
        return err_errno(err, errno, "%s: %s", w->tree->what, here);
    }
    if (S_ISLNK(st->st_mode) && (follow || y->rest[strspn(y->rest, "/")])) {
        if (is_left_out(w, here, false))
            return ERR_NOT_FOUND;
        return follow_link(w, y, here, err);
    }
    str_replace(&y->real, steal_ptr(&here));
    return 0;
}

int files_resolve(const struct files_work *w, const char *path, bool follow, char **ret_real, struct stat *ret_st,
                  struct err *err)
{
    _cleanup_(way_release) struct way y = {str_dup(""), str_dup(path), 0};

    for (;;) {
        _cleanup_free_ char *part = next_part(&y);
        int r;

        if (!part)
            break;
        r = take_part(w, &y, part, follow, ret_st, err);
        if (r < 0)
            return r;
    }
    /* Behind a dot or a link what was looked at last is something else. */
    if (*y.real && fstatat(w->tree->dir, y.real, ret_st, AT_SYMLINK_NOFOLLOW) < 0)
        return ERR_NOT_FOUND;
    if (!*y.real && fstat(w->tree->dir, ret_st) < 0)
        return err_errno(err, errno, "%s", w->tree->what);
    if (is_left_out(w, y.real, S_ISDIR(ret_st->st_mode)))
        return ERR_NOT_FOUND;
    *ret_real = steal_ptr(&y.real);
    return 0;
}

bool files_has_wildcard(const char *name)
{
    for (; *name; name++) {
        if (strchr("*?[", *name))
            return true;
        if (*name == '\\' && name[1])
            name++;
    }
    return false;
}

/* ---- wildcards ---- */

struct glob {
    struct files_work *w;
    const struct files_glob *how;
    char **patterns; /* by component */
};

static int glob_directory(struct glob *g, const char *real, const char *shown, size_t level, struct err *err);

/* A name that fits its component: one more level, or the end. */
static int glob_name(struct glob *g, const char *real, const char *shown, const char *name, size_t level,
                     struct err *err)
{
    _cleanup_free_ char *here = str_printf("%s%s%s", real, *real ? "/" : "", name);
    _cleanup_free_ char *as = str_printf("%s%s%s", shown, *shown ? "/" : "", name);
    struct stat st;

    if (fstatat(g->w->tree->dir, here, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : err_errno(err, errno, "%s: %s", g->w->tree->what, here);
    if (g->patterns[level + 1])
        return S_ISDIR(st.st_mode) ? glob_directory(g, here, as, level + 1, err) : 0;
    return is_left_out(g->w, here, S_ISDIR(st.st_mode)) ? 0 : g->how->each(g->w, as, g->how->data, err);
}

/* As deep as there are components. */
static int glob_directory(struct glob *g, const char *real, const char *shown,
                          size_t level, /* NOLINT(misc-no-recursion) */
                          struct err *err)
{
    _cleanup_fd_ int fd = path_open_in_root(g->w->tree->dir, *real ? real : ".", O_RDONLY | O_DIRECTORY, 0);
    _cleanup_names_ struct names names = NAMES_NONE;
    int r = fd < 0 ? fd : names_open(&g->w->names, fd, BUILD_FILES_MAX, &names);
    const char *name;

    if (r < 0)
        return err_errno(err, -r, "%s: %s", g->w->tree->what, *real ? real : "/");
    while ((r = names_next(&names, &name, NULL)) == 1) {
        bool fits;

        r = ignore_glob(g->patterns[level], name, &fits, err);
        if (r == 0 && fits)
            r = glob_name(g, real, shown, name, level, err);
        if (r < 0)
            return r;
    }
    return r < 0 ? files_fail(g->w, r, err) : 0;
}

int files_glob(struct files_work *w, const char *source, const struct files_glob *how, struct err *err)
{
    _cleanup_strv_ char **parts = strv_split(source, '/');
    _cleanup_free_ char *shown = str_dup(""), *real = NULL;
    struct glob g = {w, how, parts};
    struct stat st;
    int r;

    for (; !files_has_wildcard(*g.patterns); g.patterns++)
        str_replace(&shown, str_printf("%s%s%s", shown, *shown ? "/" : "", *g.patterns));
    r = files_resolve(w, shown, true, &real, &st, err);
    if (r < 0)
        return r == ERR_NOT_FOUND ? 1 : r;
    return S_ISDIR(st.st_mode) ? glob_directory(&g, real, shown, 0, err) : 0;
}
