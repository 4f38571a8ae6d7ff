/* The directory that a layer is written into: finding the place of a member in it.
 *
 * A tar names its members directory by directory, so descriptors of the most recent directories are kept: a file then
 * costs no walk from the root. Walking, each component is opened without following links; where one is a symbolic link,
 * the kernel resolves the path so far as if the tree were the root (sys/path.h).
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <sys/stat.h>

struct tree;

/* A directory of the tree. Good until the next tree_open_…(). */
struct tree_dir {
    int fd;        /* O_PATH */
    bool via_link; /* a symbolic link of this layer leads here */
};

/* Told of each directory that tree_open_…() made on its way: `name` below `dirfd`, `path` below the tree; `opaque` when
 * it took the place of a whiteout. */
typedef int (*tree_made)(int dirfd, const char *name, const char *path, bool opaque, void *data, struct err *err);

/* `fd` stays the caller's. */
struct tree *tree_new(int fd, bool user_xattr, tree_made made, void *data);
void tree_free(struct tree *t);
MEM_DEFINE_CLEANUP(struct tree, tree_free);

/* overlay's attribute `what` ("opaque", "whiteout") under the prefix that the tree's mount will look at. */
const char *tree_overlay_name(const struct tree *t, const char *what, char out[40]);

/* A member's name as a path below the tree: no leading slash, no empty component, no `.` and no `..`; "." for the tree
 * itself. ERR_CORRUPT where it leaves the tree, ERR_LIMIT where it is longer than the kernel takes. The caller frees.
 */
int tree_clean_path(const char *name, char **ret, struct err *err);

/* Opens the directory `path` (clean); with `make`, missing ones are made and a whiteout on the way becomes an opaque
 * directory. ERR_CORRUPT where something on the way is no directory, ERR_NOT_FOUND without `make`. */
int tree_open_dir(struct tree *t, const char *path, bool make, struct tree_dir *ret, struct err *err);

/* The same for the directory that `path` lies in; `ret_base` points into `path`. */
int tree_open_parent(struct tree *t, const char *path, bool make, struct tree_dir *ret, const char **ret_base,
                     struct err *err);

/* Removes what has the name `base`, to make room for another member: a whole directory too. */
int tree_remove(struct tree *t, const struct tree_dir *dir, const char *base, struct err *err);

/* How tree_make_…() ended, besides errors. */
enum {
    TREE_MADE = 0,
    TREE_EXISTS = 1, /* something else of the layer has the name */
    TREE_OPAQUE = 2, /* a directory has the name and is opaque now */
};

/* Makes a directory: TREE_MADE, TREE_EXISTS (as a directory) or TREE_OPAQUE. Where it takes the place of something else
 * of the same layer (a whiteout perhaps) it becomes opaque: had the layers been written over each other, that would
 * have removed what lower layers have there. */
int tree_make_dir(struct tree *t, const struct tree_dir *dir, const char *base, mode_t mode, struct err *err);

/* Marks the directory `base` ("." for `dirfd` itself) opaque. */
int tree_make_opaque(const struct tree *t, int dirfd, const char *base, struct err *err);

/* Makes a whiteout: TREE_MADE; TREE_EXISTS or TREE_OPAQUE where something of the layer has the name, which hides what
 * lies below it as well. */
int tree_make_whiteout(struct tree *t, const struct tree_dir *dir, const char *base, struct err *err);

/* Whether it is a whiteout (in either form). */
bool tree_is_whiteout(const struct tree *t, int dirfd, const char *base, const struct stat *st);
