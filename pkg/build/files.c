#include "build/files_internal.h"

#include "base/strv.h"
#include "sys/path.h"

#include <fcntl.h>
#include <limits.h>

enum { LINKS_MEMORY = 4 << 20 };

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

int files_fail(const struct files_work *w, int r, struct err *err)
{
    return err_errno(err, -r, "the list of the files of %s", w->tree->what);
}

/* The end of a source's files: those from number `first` on. */
static int finish_source(struct files_work *w, const char *path, bool directory, uint64_t first, struct err *err)
{
    int r = files_put_source(w->out, path, directory, w->out->n_files - first);

    return r < 0 ? files_fail(w, r, err) : 0;
}

int files_add(struct files_work *w, const char *path, size_t base, const struct stat *st, struct err *err)
{
    const struct build_file_stat is = build_file_stat_of(st);
    const unsigned char *known = files_table_find(w->table, path, &is);
    int64_t at = spill_size(&w->out->files);
    int r = 0;

    if (w->out->n_files == BUILD_FILES_MAX)
        return err_set(err, ERR_LIMIT, "%s: there are more than %d files", w->tree->what, BUILD_FILES_MAX);
    w->unordered |= w->out->n_files && files_compare(buf_str(&w->last), path) >= 0;
    buf_clear(&w->last);
    buf_adds(&w->last, path);
    w->unknown += !known;
    if (!S_ISDIR(st->st_mode) && st->st_nlink > 1) {
        if (!w->links)
            w->links = sorter_new(LINKS_MEMORY);
        r = files_links_note(w->links, &is, w->out->n_files, w->out->n_sources, at);
    }
    if (r == 0)
        r = files_put(w->out, path, base, &is, known);
    return r < 0 ? files_fail(w, r, err) : 0;
}

/* `name`: a clean name below the directory, without wildcards. `required`: something must be there. */
static int select_name(struct files_work *w, const char *source, const char *name, struct err *err)
{
    _cleanup_free_ char *real = NULL;
    uint64_t first = w->out->n_files;
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
        if (r == 0 && w->out->n_files == first && ignore_matches(w->tree->ignore, real, NULL, NULL))
            r = not_found(w, source, err);
    } else {
        const char *base = path_base(real);

        r = files_add(w, real, (size_t)(base - real), &st, err);
    }
    return r < 0 ? r : finish_source(w, name, S_ISDIR(st.st_mode), first, err);
}

/* Of names that come of a wildcard some may be left out by --exclude; what is named as it is called is not. */
static bool is_excluded(const struct files_work *w, const char *name)
{
    const char *base = path_base(name);

    return ignore_matches(w->how->excludes, base, NULL, NULL) && !ignore_may_take_back(w->how->excludes, base);
}

static int select_found(struct files_work *w, const char *name, void *data, struct err *err)
{
    return is_excluded(w, name) ? 0 : select_name(w, data, name, err);
}

static int select_wildcard(struct files_work *w, const char *source, const char *clean, struct err *err)
{
    const struct files_glob how = {select_found, (void *)source};
    int r = files_glob(w, clean, &how, err);

    return r == 1 ? not_found(w, source, err) : r;
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
    uint64_t first = w->out->n_files;
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
    if (w->out->n_files == first && !files_has_wildcard(source))
        return not_found(w, source, err);
    return finish_source(w, directory, true, first, err);
}

/* A source, and what of it is looked for in each directory. */
struct below {
    const char *source, *pattern;
};

static int select_in_found(struct files_work *w, const char *name, void *data, struct err *err)
{
    const struct below *b = data;

    return select_below(w, b->source, name, b->pattern, err);
}

/* `a/./b/c`: names count from the pivot on; without one from the root. */
static int select_parents(struct files_work *w, const char *source, struct err *err)
{
    const char *pivot = strstr(source, "/./");
    _cleanup_free_ char *above = str_ndup(source, pivot ? (size_t)(pivot - source) : 0);
    _cleanup_free_ char *directory = path_join("/", above), *pattern = path_join("/", pivot ? pivot + 3 : source);
    struct below below = {source, pattern + 1};
    const struct files_glob how = {select_in_found, &below};
    int r;

    if (!w->how->wildcards || !files_has_wildcard(directory))
        return select_below(w, source, directory + 1, pattern + 1, err);
    r = files_glob(w, directory + 1, &how, err);
    return r == 1 ? not_found(w, source, err) : r;
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

static void work_release(struct files_work *w)
{
    files_table_free(w->table);
    sorter_free(w->links);
    buf_free(&w->last);
}

static int select_all(struct files_work *w, struct err *err)
{
    int r = files_table_open(w->store, w->tree->remember, &w->table, err);

    STRV_FOREACH (source, w->how->sources)
        r = r < 0 ? r : select_source(w, *source, err);
    if (r == 0 && w->links) {
        r = files_links_find(w->links, w->out);
        r = r < 0 ? files_fail(w, r, err) : 0;
    }
    return r;
}

int build_select(struct store *s, const struct build_tree *tree, const struct build_select *how,
                 struct build_selection *ret, struct err *err)
{
    _cleanup_(work_release) struct files_work w = {.store = s, .tree = tree, .how = how, .out = ret};
    int r;

    *ret = BUILD_SELECTION_NONE;
    r = select_all(&w, err);
    if (r == 0)
        r = files_digest_contents(&w, err);
    if (r == 0)
        r = files_digest_all(&w, err);
    return r < 0 ? r : files_keep(&w, err);
}
