/* What the parts of files.h share: not for use elsewhere. */
#pragma once

#include "build/files.h"

#include "base/buf.h"
#include "sys/names.h"

#include <sys/stat.h>

/* ---- files_selection.c: how a selection lies in its spills ---- */

/* In `files`: this, then the path with its zero byte. */
struct files_record {
    struct build_file_stat st;
    unsigned char content[32];
    uint32_t base;
    uint16_t len; /* of the path, without its zero byte */
    bool known;   /* `content` is set */
};

/* In `links`, in the order of `file`: of a file that is not the first with its inode. */
struct files_link {
    uint64_t file, first; /* numbers */
    int64_t same;         /* where the record of the first one of this source is; -1: it is the first */
};

/* Adds a file to the source under way: `content` may be NULL. -errno. */
int files_put(struct build_selection *s, const char *path, size_t base, const struct build_file_stat *st,
              const unsigned char *content);

/* The end of a source: `n` files that were put since the last one. -errno. */
int files_put_source(struct build_selection *s, const char *path, bool directory, uint64_t n);

/* A record at `at`, with its path behind it, good until the next call; `*ret_size` leads to the next one. -errno. */
int files_record_at(struct spill_reader *r, int64_t at, struct files_record *ret, const char **ret_path,
                    size_t *ret_size);

/* The order of a walk: what a directory has comes right behind it. */
int files_compare(const char *a, const char *b);

/* ---- files_links.c: files with more than one name ---- */

/* Notes the file that was put last, which is no directory and has several names. -errno. */
int files_links_note(struct sorter *all, const struct build_file_stat *st, uint64_t number, uint64_t source,
                     int64_t at);

/* Fills `s->links`. -errno. */
int files_links_find(struct sorter *all, struct build_selection *s);

/* ---- files.c ---- */

/* A selection that is being made. */
struct files_work {
    struct store *store;
    const struct build_tree *tree;
    const struct build_select *how;
    struct build_selection *out;
    struct files_table *table; /* NULL: nothing is remembered */
    struct sorter *links;      /* NULL: no file has several names so far */
    struct names_pool names;
    struct buf last;  /* path of the file that was added last */
    bool unordered;   /* files do not stand in the order of their paths, or one stands there twice */
    uint64_t unknown; /* files whose content is not known */
};

/* Adds a file to the source under way; ERR_LIMIT. */
int files_add(struct files_work *w, const char *path, size_t base, const struct stat *st, struct err *err);

/* A failure of what lies on disk of the selection. */
int files_fail(const struct files_work *w, int r, struct err *err);

/* ---- files_resolve.c: from what is written to what is there ---- */

/* What a name stands for: below the directory, without links (`follow`: the last part's too). `ret_real` is the
 * caller's to free. ERR_NOT_FOUND, with `err` not set: the caller knows how it was written. */
int files_resolve(const struct files_work *w, const char *path, bool follow, char **ret_real, struct stat *ret_st,
                  struct err *err);

/* Calls `each` with the names that a source with wildcards stands for, sorted as a walk finds them; none is no error.
 * 1: what comes before the first wildcard is not there. */
struct files_glob {
    int (*each)(struct files_work *w, const char *name, void *data, struct err *err);
    void *data;
};
int files_glob(struct files_work *w, const char *source, const struct files_glob *how, struct err *err);
bool files_has_wildcard(const char *name);

/* ---- files_walk.c ---- */

/* Which of what lies in a directory is wanted. */
struct files_filter {
    const struct ignore *excludes; /* by names below `base` */
    const struct ignore *includes; /* the same, --parents; NULL: all */
    const char *under;             /* with `includes`: only what lies in this directory, or on the way to it, can be */
    size_t base;
};

/* Adds all that lies in the directory `path`. */
int files_walk(struct files_work *w, const char *path, const struct files_filter *filter, struct err *err);

/* ---- files_table.c: digests that are remembered ---- */

struct files_table;

/* Opens the table of a tree; one that is missing or damaged is empty. `*ret` is NULL where nothing is remembered. */
int files_table_open(struct store *s, const char *name, struct files_table **ret, struct err *err);
void files_table_free(struct files_table *t);
MEM_DEFINE_CLEANUP(struct files_table, files_table_free);

/* The digest of a file that did not change since, good until the next call; NULL: it is not known. Fastest in the order
 * of files_compare(). */
const unsigned char *files_table_find(struct files_table *t, const char *path, const struct build_file_stat *st);

/* Keeping what was learned: nothing where no file was asked for in vain, and the table is not old; NULL then. Files are
 * put in the order of files_compare(); those that are not older than the table's opening are left out. What the table
 * has of other files stays for a while. A failure is no concern of a build. */
struct files_table_writer;
struct files_table_writer *files_table_write(struct files_table *t);
void files_table_put(struct files_table_writer *w, const struct build_file *f);
void files_table_written(struct files_table_writer *w, bool whole);

/* ---- files_digest.c ---- */

/* Digests of all files' contents that are not known. */
int files_digest_contents(struct files_work *w, struct err *err);

/* The digest of the whole. */
int files_digest_all(struct files_work *w, struct err *err);

/* ---- files_list.c ---- */

/* The list of a selection that is finished, under its digest: files are put as into a table. NULL where it is there. */
struct files_list_writer;
struct files_list_writer *files_list_write(struct files_work *w);
void files_list_put(struct files_list_writer *l, const struct build_file *f);
void files_list_written(struct files_list_writer *l, bool whole);

/* ---- files_keep.c ---- */

/* Keeps table and list of a selection that is finished. */
int files_keep(struct files_work *w, struct err *err);
