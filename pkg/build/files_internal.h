/* What the parts of files.h share: not for use elsewhere. */
#pragma once

#include "build/files.h"

#include "base/buf.h"

#include <sys/stat.h>

/* A selection that is being made. Until it is finished paths are offsets into `names`, which still grows. */
struct files_work {
    struct store *store;
    const struct build_tree *tree;
    const struct build_select *how;
    struct build_selection *out;
    struct buf names;
};

/* The bytes of all names together. */
enum { FILES_NAMES_MAX = 1 << 30 };

static inline size_t files_offset(const struct build_file *f)
{
    return (size_t)(uintptr_t)f->path;
}

struct build_file_stat files_stat(const struct stat *st);

/* ---- files_resolve.c: from what is written to what is there ---- */

/* What a name stands for: below the directory, without links (`follow`: the last part's too). `ret_real` is the
 * caller's to free. ERR_NOT_FOUND, with `err` not set: the caller knows how it was written. */
int files_resolve(const struct files_work *w, const char *path, bool follow, char **ret_real, struct stat *ret_st,
                  struct err *err);

/* The names that a source with wildcards stands for, sorted as a walk finds them; none is no error. */
int files_glob(const struct files_work *w, const char *source, char ***ret, struct err *err);
bool files_has_wildcard(const char *name);

/* ---- files_walk.c ---- */

/* Which of what lies in a directory is wanted. */
struct files_filter {
    const struct ignore *excludes; /* by names below `base` */
    const struct ignore *includes; /* the same, --parents; NULL: all */
    const char *under;             /* with `includes`: only what lies in this directory, or on the way to it, can be */
    size_t base;
};

/* Adds one file that is no directory. */
int files_add(struct files_work *w, const char *path, size_t base, const struct stat *st, struct err *err);

/* Adds all that lies in the directory `path`. */
int files_walk(struct files_work *w, const char *path, const struct files_filter *filter, struct err *err);

/* ---- files_table.c: digests that are remembered ---- */

struct files_table;

/* Opens the table of a tree; one that is missing or damaged is empty. `*ret` is NULL where nothing is remembered. */
int files_table_open(struct store *s, const char *name, struct files_table **ret, struct err *err);
void files_table_free(struct files_table *t);
MEM_DEFINE_CLEANUP(struct files_table, files_table_free);

/* The digest of a file that did not change since; NULL: it is not known. Fastest in the order of a walk. */
const unsigned char *files_table_find(struct files_table *t, const struct build_file_stat *st);

/* Keeps what was learned: `files` that were not found and are older than the table's opening, unless there are none.
 * What the table has of other files stays for a while. A failure is no concern of a build. */
void files_table_save(struct files_table *t, const struct build_file *files, size_t n);

/* ---- files_digest.c ---- */

/* Digests of all files' contents, from the table or from the files. */
int files_digest_contents(struct files_work *w, struct err *err);

/* The digest of the whole. */
int files_digest_all(struct files_work *w, struct err *err);

/* ---- files_list.c ---- */

/* Keeps the list of a selection that is finished, under its digest. */
int files_list_keep(struct files_work *w, struct err *err);
