/* What is kept of a selection: the table of digests and the list of names, written in one go through its files in the
 * order of their paths, each path once. */
#include "build/files_internal.h"

#include <limits.h>
#include <stdio.h>

enum { SORT_MEMORY = 8 << 20 };

struct keeping {
    struct files_table_writer *table;
    struct files_list_writer *list;
    struct buf last;
    bool begun;
};

static void keep(struct keeping *k, const struct build_file *f)
{
    if (k->begun && str_eq(buf_str(&k->last), f->path))
        return;
    k->begun = true;
    buf_clear(&k->last);
    buf_adds(&k->last, f->path);
    if (k->table)
        files_table_put(k->table, f);
    if (k->list)
        files_list_put(k->list, f);
}

/* ---- several sources, which need not stand in that order ---- */

/* As the sorter compares bytes, a slash comes first as a zero byte, and two of these end a path. */
static int add_to(struct sorter *s, const struct build_file *f)
{
    char text[PATH_MAX + sizeof(struct build_file_stat) + 64];
    size_t n = strlen(f->path);

    for (size_t i = 0; i < n; i++)
        text[i] = (char)(f->path[i] == '/' ? 0 : f->path[i]);
    text[n] = text[n + 1] = 0;
    memcpy(text + n + 2, &f->st, sizeof(f->st));
    memcpy(text + n + 2 + sizeof(f->st), f->content, sizeof(f->content));
    return sorter_add(s, text, n + 2 + sizeof(f->st) + sizeof(f->content));
}

static void take_from(const char *text, size_t len, char path[PATH_MAX], struct build_file *f)
{
    size_t n = len - 2 - sizeof(f->st) - sizeof(f->content);

    *f = (struct build_file){.path = path};
    for (size_t i = 0; i < n; i++)
        path[i] = (char)(text[i] ? text[i] : '/');
    path[n] = 0;
    memcpy(&f->st, text + n + 2, sizeof(f->st));
    memcpy(f->content, text + n + 2 + sizeof(f->st), sizeof(f->content));
}

static int keep_sorted(struct keeping *k, struct sorter *s, const struct files_work *w, struct err *err)
{
    struct build_file f;
    char path[PATH_MAX];
    const char *text;
    size_t len;
    int r;

    while ((r = sorter_next(s, &text, &len)) == 1) {
        take_from(text, len, path, &f);
        keep(k, &f);
    }
    return r < 0 ? files_fail(w, r, err) : 0;
}

/* ---- */

static int go_through(struct keeping *k, struct files_work *w, struct sorter *sorter, struct err *err)
{
    struct build_reading reading;
    struct build_selected source;
    struct build_file f;
    int r;

    build_reading_begin(&reading, w->out);
    while ((r = build_reading_source(&reading, &source, err)) == 1) {
        while ((r = build_reading_file(&reading, &f, err)) == 1) {
            int e = 0;

            if (sorter)
                e = add_to(sorter, &f);
            else
                keep(k, &f);
            if (e < 0) {
                r = files_fail(w, e, err);
                break;
            }
        }
        if (r < 0)
            break;
    }
    build_reading_end(&reading);
    return r;
}

int files_keep(struct files_work *w, struct err *err)
{
    struct keeping k = {files_table_write(w->table), w->how->list ? files_list_write(w) : NULL, BUF_INIT, false};
    struct sorter *sorter = w->unordered && (k.table || k.list) ? sorter_new(SORT_MEMORY) : NULL;
    int r = k.table || k.list ? go_through(&k, w, sorter, err) : 0;

    if (r == 0 && sorter)
        r = keep_sorted(&k, sorter, w, err);
    if (k.table)
        files_table_written(k.table, r == 0);
    if (k.list)
        files_list_written(k.list, r == 0);
    sorter_free(sorter);
    buf_free(&k.last);
    return r;
}
