/* Which files a step takes, and what they are.
 *
 * A selection is made of a directory (a context with its patterns, or the root of a stage or an image) and of sources
 * as COPY has them: names, wildcards, directories with all that lies in them. Its digest covers of every file the name
 * under the source, type, mode, owner (where the target keeps it), content, link target, attributes that a layer keeps;
 * no time and no inode.
 *
 * Memory does not grow with the number of files: what is known of each stands, beyond the first megabytes, in a file
 * that is read in order (sys/spill.h), as are large directories' names (sys/names.h) and what is remembered.
 *
 * Digests of files' contents are remembered in build-cache/files/ by path, device, inode, size, mtime and ctime of
 * each, a table for a directory, so that a tree that did not change costs one stat a file. A file whose times are as
 * young as the look at it is not remembered: it might change once more without a trace.
 */
#pragma once

#include "build/context.h"
#include "dockerfile/ignore.h"

#include "digest/digest.h"
#include "store/store.h"
#include "sys/spill.h"

#include <stdint.h>
#include <sys/stat.h>
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
struct build_file_stat build_file_stat_of(const struct stat *st);

struct build_file {
    const char *path; /* below the tree's directory, without links, clean, without a leading slash; "" is itself */
    struct build_file_stat st;
    unsigned char content[32]; /* sha256 of a regular file's bytes, of a link's target; with its extended attributes,
                                  where it has any */
    uint32_t base;             /* offset in `path` where the name below the source begins */
    const char *same; /* the path of the first file of this source with the same inode, where that is another */
    bool linked;      /* there is an earlier one in the selection: */
    uint64_t first;   /* its number */
};

/* One of the sources; of a wildcard each name that it stands for, none where it fits nothing. */
struct build_selected {
    const char *path; /* what it is below the directory, clean: its last part is the name that the target gets. Links
                         on the way are still in it (those of files and of build_file are resolved) */
    bool directory;
    uint64_t n; /* its files: itself (not a directory's), then what lies in it; in the order of their names, each
                   directory before what it has */
};

/* Read with build_reading. */
struct build_selection {
    struct spill sources, files, links; /* files_internal.h has their forms */
    uint64_t n_sources, n_files;
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
#define BUILD_SELECTION_NONE \
    ((struct build_selection){.sources = SPILL_INIT(0), .files = SPILL_INIT(0), .links = SPILL_INIT(0)})
void build_selection_release(struct build_selection *s);

/* Going through a selection: source by source, and through the files of each. Several may do so, one after the other.
 */
struct build_reading {
    struct build_selection *selection;
    struct spill_reader sources, files, links, names;
    int64_t source_at, file_at, link_at;
    uint64_t file, left; /* the number of the next file; how many this source has still */
};

void build_reading_begin(struct build_reading *r, struct build_selection *s);
void build_reading_end(struct build_reading *r);

/* 1 and the next one, whose strings are good until the next call of the same function; 0 at the end (of this source);
 * ERR_IO. What is left of a source is passed over. */
int build_reading_source(struct build_reading *r, struct build_selected *ret, struct err *err);
int build_reading_file(struct build_reading *r, struct build_file *ret, struct err *err);

/* What differs between two lists, a line each with the file's name, at most `most` of them and then how many more:
 * "src/a.c: changed", "b: new", "c: gone". Appended to `out`. ERR_NOT_FOUND: one is not there any more. */
int build_files_differ(struct store *s, const char *before, const char *now, size_t most, struct buf *out,
                       struct err *err);
