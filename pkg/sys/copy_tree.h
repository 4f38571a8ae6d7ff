/* Copying what a name stands for, with everything below it, from one directory to another, while neither can be
 * trusted: entries are opened by name in a directory at hand, never through a link, and looked at before anything is
 * opened for reading; so whoever renames and replaces things meanwhile gets other files of his own copied, or an error,
 * and nothing outside of the two directories is read or written.
 *
 * What goes away meanwhile, or becomes something else, is left out below what was named.
 *
 * Files, directories, links (hard ones too), devices and fifos, with modes, times and extended attributes, holes as
 * holes; sockets are left out, as are attributes that only mean something to overlayfs or to the host's security
 * module.
 */
#pragma once

#include "base/err.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { COPY_DEPTH_MAX = 256 };

struct copy_tree {
    bool merge;         /* what is there: directories join, anything else is replaced, but never one by the other */
    bool privileged;    /* attributes trusted.* as well */
    const uid_t *owner; /* whom all of it belongs to afterwards: uid and gid; NULL: as it was */
    const volatile sig_atomic_t *stop; /* not 0: ERR_INTERRUPTED; may be NULL */
    int64_t bytes, entries;            /* of regular files; and how many of all kinds: counted up */
};

/* Copies `name` below `from` to `to_name` below `to`. Errors name the path below `from`. ERR_EXISTS: without `merge`,
 * or `cannot overwrite directory "…" with non-directory "…"` and the other way round. */
int copy_tree(struct copy_tree *how, int from, const char *name, int to, const char *to_name, struct err *err);

/* Copies what is in the directory `from` into the directory `to`; with `itself` its owner, mode, times and attributes
 * too. */
int copy_tree_contents(struct copy_tree *how, int from, int to, bool itself, struct err *err);

/* Gives `to` owner, mode, attributes and times of `from`, both opened: of a directory after its entries are there. */
int copy_tree_status(struct copy_tree *how, int from, int to, struct err *err);

/* Opens a regular file for reading, and nothing else: a device or a fifo that takes its place meanwhile is not opened.
 * A descriptor, or -errno (-ESTALE: no regular file). `name` may be "" for `dir` itself, opened with O_PATH. */
int copy_open_file(int dir, const char *name);
