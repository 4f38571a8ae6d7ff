/* Unpacked layers: layers/ALGORITHM/HEX/, named by diffID (the digest of the uncompressed tar).
 *
 *     tree/      what overlayfs mounts
 *     manifest   what the tree holds, for checking and repairing it (layer/manifest.h)
 *     info       {"bytes": …, "members": …}
 *
 * A layer knows nothing of its parents: images share it, and the layers of an image are unpacked all at once. A layer
 * is unpacked in tmp/layers/ALGORITHM-HEX.UNIQUE/, under the lock ALGORITHM-HEX.lock beside it, and becomes visible by
 * one rename in a transaction: half a layer is never seen.
 *
 * tmp/layers/ carries ext4's top-of-hierarchy flag (FS_TOPDIR_FL, `chattr +T`), so that each layer is written into a
 * block group of its own. Without it, ext4 passes one by one over the inodes that were deleted in the last minutes, and
 * writing a layer right after another was removed takes five to ten times as long. On other file systems the flag is
 * refused, which is no matter.
 */
#pragma once

#include "digest/digest.h"
#include "store/store.h"

struct store_layer_info {
    int64_t bytes;   /* sum of the sizes of regular files */
    int64_t members; /* members of the tar that were written */
};

/* A layer being unpacked. */
struct store_stage;

/* Begins to unpack: takes the layer's lock (LOCK_WAIT and LOCK_TRY as store_ingest_begin()) and makes an empty tree.
 * When the layer is in the store, also after waiting, `*ret` is NULL. */
int store_stage_begin(struct store *s, const struct digest *diff_id, enum lock_wait wait, struct store_stage **ret,
                      struct err *err);

/* Begins with an empty tree and manifest again, under the same lock; on failure the stage is to be freed. */
int store_stage_restart(struct store_stage *st, struct err *err);

/* The same for a layer that is in the store and was found damaged. It stays until the new one takes its place; running
 * containers keep the old one. Between the two renames the layer is missing: a container that is started at that
 * moment, or after a crash there, is told to pull the image again. */
int store_stage_begin_again(struct store *s, const struct digest *diff_id, enum lock_wait wait,
                            struct store_stage **ret, struct err *err);

/* Removes what was unpacked unless a transaction took it; frees. */
void store_stage_free(struct store_stage *st);
MEM_DEFINE_CLEANUP(struct store_stage, store_stage_free);

const struct digest *store_stage_diff_id(const struct store_stage *st);

/* Descriptors owned by the stage: the tree, and the empty manifest open for reading and writing. */
int store_stage_tree(const struct store_stage *st);
int store_stage_manifest(const struct store_stage *st);

/* Declares the tree complete. ERR_CORRUPT where the digest of what was unpacked is not the layer's diffID. Afterwards
 * the stage may go into a transaction. */
int store_stage_complete(struct store_stage *st, const struct digest_computed *computed,
                         const struct store_layer_info *info, struct err *err);

bool store_layer_has(struct store *s, const struct digest *diff_id);

/* These find those as well that a build has not settled yet (store/build_cache.h). */
int store_layer_read_info(struct store *s, const struct digest *diff_id, struct store_layer_info *ret, struct err *err);

/* The tree for an overlay mount: an O_PATH descriptor, which the caller closes. ERR_NOT_FOUND names the layer. */
int store_layer_open_tree(struct store *s, const struct digest *diff_id, int *ret_fd, struct err *err);

/* What the tree should hold (layer/manifest.h), for reading; the caller closes it. ERR_NOT_FOUND names the layer. */
int store_layer_open_manifest(struct store *s, const struct digest *diff_id, int *ret_fd, struct err *err);

/* The absolute path of the tree of a layer of the store; the caller frees it. */
char *store_layer_tree_path(struct store *s, const struct digest *diff_id);

/* Takes a layer out of sight and leaves it in the trash. Only for garbage collection, under the store lock. */
int store_layer_discard(struct store *s, const struct digest *diff_id, struct err *err);
