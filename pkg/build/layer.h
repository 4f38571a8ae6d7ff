/* From an upper directory to a layer: what a step changed, dated, digested, listed, and put into the cache.
 *
 * Layers of a build are the upper directories themselves, moved: nothing is copied, packed or compressed. What they are
 * as a tar, and so their diffID and size, follows from the tree (layer/pack.h): the same tree gives the same bytes, so
 * that the blob is made when a push or a save asks for it (image/tree_blob.h).
 *
 * Reproducible: files that the step made or changed and that are younger than `epoch` get that time, in the tree as in
 * the digest; older times, as an unpacked archive has them, stay. COPY has set every time itself. Sockets go, inode
 * numbers and directory sizes count nowhere, and attributes that mean something only to overlayfs or to this host are
 * left out.
 */
#pragma once

#include "digest/digest.h"
#include "store/store.h"

struct build_layer {
    bool empty; /* nothing was changed: there is no layer */
    struct digest diff_id;
    int64_t tar_size, bytes, members;
};

/* `dir`: a directory below tmp/ of the store, named `name` there, locked by the caller, with the upper directory in it
 * as `tree`. It is consumed: moved into the cache, or thrown away where there is such a layer, or on failure. `created`
 * says which directories the step found below: an upper directory that differs from the one below in nothing but its
 * time, and has nothing in it, is no change. ERR_NO_SPACE, ERR_IO, ERR_LIMIT (names and sizes that no tar can have). */
int build_layer_make(struct store *s, int dir, const char *name, int64_t epoch, int lower, struct build_layer *ret,
                     struct err *err);

/* A place for an upper directory: a new directory below tmp/ with `tree/` and `work/`, locked; made where ext4 writes
 * fast (store/placement.h). The caller closes the descriptors; one that nobody has locked is swept. */
int build_layer_begin(struct store *s, int *ret_dir, char **ret_name, int *ret_lock, struct err *err);

/* The stack of layers as an overlay wants it: paths below the root, the topmost first; a layer that stands in it twice
 * once, and nothing below one that hides all (layer/apply.h). With `skeleton` that comes last: for who runs something
 * in it. The caller frees the vector. Under store_build_lock() shared. */
int build_layer_stack(struct store *s, const struct digest *layers, size_t n, bool skeleton, char ***ret,
                      struct err *err);
