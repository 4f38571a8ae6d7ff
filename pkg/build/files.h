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

#include <sys/stat.h>

enum { BUILD_FILES_MAX = 4 << 20 };

/* A place to take files from. */
struct build_tree {
    int dir;                     /* names are resolved in it as in a root */
    const struct ignore *ignore; /* of a context; NULL: none */
    const char *remember;        /* name of the table (a path of the host, say); NULL: nothing is remembered */
    const char *what;            /* as errors name it: "context", "stage build" */
    bool keep_owner;             /* owners count: not of a context */
};

struct build_file {
    const char *path; /* below the tree's directory, clean, without a leading slash; "" is the directory itself */
    size_t base;      /* offset in `path` where the name below the source begins */
    struct stat st;
    unsigned char content[32]; /* sha256 of a regular file's bytes; of a link: of its target */
};

/* One of the sources. */
struct build_selected {
    char *source; /* as written */
    char *path;   /* what it is below the directory: wildcards have become names */
    bool directory;
    size_t first,
        n; /* its files: itself first (not a directory's), then what lies in it, in the order of their names */
};

struct build_selection {
    VEC(struct build_selected) sources;
    VEC(struct build_file) files;
    char *names; /* owns the paths */
    char digest[65];
    char list[65]; /* name of a list for build_cache_explain(), kept as a memo; "" where nobody asked */
};

struct build_select {
    char *const *sources;
    const struct ignore *excludes; /* --exclude */
    bool parents;                  /* --parents: `base` counts from a `/./` or the root */
    bool wildcards;                /* not of --mount */
    bool list;                     /* keep a list of names and digests for explaining */
};

/* Selects and digests. ERR_NOT_FOUND in Docker's words: `failed to calculate checksum of ref …: "/x": not found`;
 * ERR_LIMIT. The caller releases `ret` in any case. */
int build_select(struct store *s, const struct build_tree *tree, const struct build_select *how,
                 struct build_selection *ret, struct err *err);
void build_selection_release(struct build_selection *s);
