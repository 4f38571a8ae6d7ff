/* Which files a step takes, and what they are.
 *
 * A selection is made of a directory (a context with its patterns, or the root of a stage or an image) and of sources
 * as COPY has them: names, wildcards, directories with all that lies in them. Its digest covers of every file the name
 * under the source, type, mode, owner (where the target keeps it), content, link target, attributes that a layer keeps;
 * no time and no inode.
 *
 * Digests of files' contents are remembered in build-cache/files/ by device, inode, size, mtime and ctime of each, a
 * table for a directory, so that a tree that did not change costs one stat a file. A file whose times are as young as
 * the look at it is not remembered: it might change once more without a trace.
 */
#pragma once

#include "build/context.h"
#include "dockerfile/ignore.h"

#include "digest/digest.h"
#include "store/store.h"

#include <stdint.h>
#include <time.h>

enum { BUILD_FILES_MAX = 4 << 20 };

/* A place to take files from. */
struct build_tree {
    int dir;                     /* names are resolved in it as in a root */
    const struct ignore *ignore; /* of a context; NULL: none */
    const char *remember;        /* name of the table (a path of the host, say); NULL: nothing is remembered */
    const char *what;            /* as errors name it: "context", "stage build" */
    bool keep_owner;             /* owners count: not of a context */
};

/* What is known of a file without opening it: as struct stat, but for what nobody asks, since there are many. */
struct build_file_stat {
    uint64_t st_dev, st_ino, st_rdev;
    int64_t st_size;
    struct timespec st_mtim, st_ctim;
    uint32_t st_mode, st_uid, st_gid, st_nlink;
};

struct build_file {
    const char *path; /* below the tree's directory, without links, clean, without a leading slash; "" is itself */
    struct build_file_stat st;
    unsigned char content[32]; /* sha256 of a regular file's bytes, of a link's target; with its extended attributes,
                                  where it has any */
    uint32_t base;             /* offset in `path` where the name below the source begins */
};

/* One of the sources; of a wildcard each name that it stands for, none where it fits nothing. */
struct build_selected {
    const char *source; /* as written; the caller's */
    char *path;         /* what it is below the directory, clean: its last part is the name that the target gets. Links
                           on the way are still in it (those of files and of build_file are resolved) */
    bool directory;
    size_t first, n; /* its files: itself (not a directory's), then what lies in it; in the order of their names, each
                        directory before what it has */
};

struct build_selection {
    VEC(struct build_selected) sources;
    VEC(struct build_file) files;
    char *names; /* owns the paths */
    char digest[65];
    char list[65]; /* names a list for build_files_differ(), "" where nobody asked */
};

struct build_select {
    char *const *sources;
    const struct ignore *excludes; /* --exclude */
    bool parents;                  /* --parents: `base` counts from a `/./` or the root */
    bool wildcards;                /* not of --mount */
    bool list;                     /* keep a list of names and digests for build_files_differ() */
};

/* Selects and digests. A source that is a link is followed, inside of the directory; links in a directory stay links. A
 * wildcard may fit nothing (as BuildKit has it); a name must be there. ERR_NOT_FOUND in Docker's words: `failed to
 * calculate checksum of ref context: "/x": not found`; ERR_LIMIT. Starts threads, which have ended when it returns. The
 * caller releases `ret` in any case. */
int build_select(struct store *s, const struct build_tree *tree, const struct build_select *how,
                 struct build_selection *ret, struct err *err);
void build_selection_release(struct build_selection *s);

/* What differs between two lists, a line each with the file's name, at most `most` of them and then how many more:
 * "src/a.c: changed", "b: new", "c: gone". Appended to `out`. ERR_NOT_FOUND: one is not there any more. */
int build_files_differ(struct store *s, const char *before, const char *now, size_t most, struct buf *out,
                       struct err *err);
