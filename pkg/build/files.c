#include "build/files_internal.h"

#include "base/strv.h"
#include "sys/path.h"

#include <fcntl.h>
#include <limits.h>

static int not_found(const struct files_work *w, const char *source, struct err *err)
{
    _cleanup_free_ char *clean = path_join("/", source), *name = str_dup(clean + 1);
    struct stat st;
    int r =
        err_set(err, ERR_NOT_FOUND, "failed to calculate checksum of ref %s: \"%s\": not found", w->tree->what, clean);

    if (ignore_matches(w->tree->ignore, name, NULL, NULL) && fstatat(w->tree->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        err_hint(err, "the file is there, but .dockerignore leaves it out");
    return r;
}

/* The end of a source's files. */
static void finish_source(struct files_work *w, const char *source, char *path, bool directory, size_t first)
{
    struct build_selected *s = VEC_PUSH(&w->out->sources);

    s->source = source;
    s->path = path;
    s->directory = directory;
    s->first = first;
    s->n = w->out->files.n - first;
}

/* `name`: a clean name below the directory, without wildcards. `required`: something must be there. */
static int select_name(struct files_work *w, const char *source, const char *name, struct err *err)
{
    _cleanup_free_ char *real = NULL;
    size_t first = w->out->files.n;
    struct stat st;
    int r = files_resolve(w, name, true, &real, &st, err);

    if (r == ERR_NOT_FOUND)
        return not_found(w, source, err);
    if (r < 0)
        return r;
    if (S_ISDIR(st.st_mode)) {
        struct files_filter f = {.excludes = w->how->excludes, .base = *real ? strlen(real) + 1 : 0};

        r = files_walk(w, real, &f, err);
        /* A directory that is left out is there for the sake of what was taken back in it. */
        if (r == 0 && w->out->files.n == first && ignore_matches(w->tree->ignore, real, NULL, NULL))
            r = not_found(w, source, err);
    } else {
        const char *base = path_base(real);

        r = files_add(w, real, (size_t)(base - real), &st, err);
    }
    if (r == 0)
        finish_source(w, source, str_dup(name), S_ISDIR(st.st_mode), first);
    return r;
}

/* Of names that come of a wildcard some may be left out by --exclude; what is named as it is called is not. */
static bool is_excluded(const struct files_work *w, const char *name)
{
    const char *base = path_base(name);

    return ignore_matches(w->how->excludes, base, NULL, NULL) && !ignore_may_take_back(w->how->excludes, base);
}

static int select_wildcard(struct files_work *w, const char *source, const char *clean, struct err *err)
{
    _cleanup_strv_ char **names = NULL;
    int r = files_glob(w, clean, &names, err);

    if (r == ERR_NOT_FOUND)
        return not_found(w, source, err);
    STRV_FOREACH (name, names) {
        if (r == 0 && !is_excluded(w, *name))
            r = select_name(w, source, *name, err);
    }
    return r;
}

/* ---- --parents ---- */

/* The directories that a pattern begins with, before its first wildcard. The caller frees it. */
static char *fixed_directories(const char *pattern)
{
    _cleanup_strv_ char **parts = strv_split(pattern, '/'), **fixed = NULL;

    for (char **p = parts; *p && !strpbrk(*p, "*?[\\^"); p++)
        strv_add(&fixed, *p);
    return fixed ? strv_join(fixed, "/") : str_dup("");
}

/* What fits `pattern` below one directory, with the directories on the way. */
static int select_below(struct files_work *w, const char *source, const char *directory, const char *pattern,
                        struct err *err)
{
    _cleanup_free_ char *real = NULL, *copy = str_dup(pattern), *under = fixed_directories(pattern);
    _cleanup_(ignore_free_cleanup) struct ignore *includes = NULL;
    char *list[] = {copy, NULL};
    struct files_filter f = {.excludes = w->how->excludes, .under = under};
    size_t first = w->out->files.n;
    struct stat st;
    int r = files_resolve(w, directory, true, &real, &st, err);

    if (r == ERR_NOT_FOUND || (r == 0 && !S_ISDIR(st.st_mode)))
        return not_found(w, source, err);
    if (r == 0 && *pattern)
        r = ignore_from_list(list, &includes, err);
    if (r < 0)
        return r;
    f.includes = includes;
    f.base = *real ? strlen(real) + 1 : 0;
    r = files_walk(w, real, &f, err);
    if (r < 0)
        return r;
    if (w->out->files.n == first && !files_has_wildcard(source))
        return not_found(w, source, err);
    finish_source(w, source, str_dup(directory), true, first);
    return 0;
}

/* `a/./b/c`: names count from the pivot on; without one from the root. */
static int select_parents(struct files_work *w, const char *source, struct err *err)
{
    const char *pivot = strstr(source, "/./");
    _cleanup_free_ char *above = str_ndup(source, pivot ? (size_t)(pivot - source) : 0);
    _cleanup_free_ char *directory = path_join("/", above), *pattern = path_join("/", pivot ? pivot + 3 : source);
    _cleanup_strv_ char **names = NULL;
    int r = 0;

    if (!w->how->wildcards || !files_has_wildcard(directory))
        return select_below(w, source, directory + 1, pattern + 1, err);
    r = files_glob(w, directory + 1, &names, err);
    if (r == ERR_NOT_FOUND)
        return not_found(w, source, err);
    STRV_FOREACH (name, names)
        r = r < 0 ? r : select_below(w, source, *name, pattern + 1, err);
    return r;
}

/* ---- all sources ---- */

static int select_source(struct files_work *w, const char *source, struct err *err)
{
    _cleanup_free_ char *clean = path_join("/", source);

    if (strlen(source) >= PATH_MAX)
        return err_set(err, ERR_LIMIT, "\"%.60s…\" is too long for a path", source);
    if (w->how->parents)
        return select_parents(w, source, err);
    if (w->how->wildcards && files_has_wildcard(clean))
        return select_wildcard(w, source, clean + 1, err);
    return select_name(w, source, clean + 1, err);
}

/* From offsets to pointers, when the names stay where they are. */
static void settle_names(struct files_work *w)
{
    w->out->names = buf_steal(&w->names);
    VEC_FOREACH (f, &w->out->files)
        f->path = w->out->names + files_offset(f);
}

int build_select(struct store *s, const struct build_tree *tree, const struct build_select *how,
                 struct build_selection *ret, struct err *err)
{
    struct files_work w = {.store = s, .tree = tree, .how = how, .out = ret, .names = BUF_INIT_MAX(FILES_NAMES_MAX)};
    int r = 0;

    *ret = (struct build_selection){0};
    STRV_FOREACH (source, how->sources)
        r = r < 0 ? r : select_source(&w, *source, err);
    settle_names(&w);
    if (r == 0)
        r = files_digest_contents(&w, err);
    if (r == 0)
        r = files_digest_all(&w, err);
    return r == 0 && how->list ? files_list_keep(&w, err) : r;
}

void build_selection_release(struct build_selection *s)
{
    VEC_FOREACH (source, &s->sources)
        free(source->path);
    free(s->sources.v);
    free(s->files.v);
    free(s->names);
    *s = (struct build_selection){0};
}
