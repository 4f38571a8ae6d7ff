/* Blobs of layers that were built here: made of their trees when somebody needs the bytes.
 *
 * An image that was built names its layers as tars that are not compressed, and those are in the store as trees alone
 * (build/layer.h). The tar follows from the tree: the same bytes each time, whose digest is the diffID. Whoever opens a
 * layer's blob opens it here: a push (to compress it), a save, a copy, a check with --deep, a repair.
 */
#pragma once

#include "digest/digest.h"
#include "oci/descriptor.h"
#include "store/needs.h"
#include "store/store.h"

#include <signal.h>

/* Whether the layer's bytes can be had: the blob is in the store, or it is a tar whose tree is. */
bool image_blob_can_be_had(struct store *s, const struct oci_descriptor *blob);

/* The bytes for reading: the blob of the store, or a file without a name into which the tree was packed and whose
 * digest was found right. The caller closes it. ERR_NOT_FOUND; ERR_CORRUPT: the tree is not what it was. */
int image_blob_open(struct store *s, const struct oci_descriptor *blob, const volatile sig_atomic_t *stop, int *ret_fd,
                    struct err *err);

/* The tar of a layer's tree, written to `fd`; its digest is the caller's to look at. */
int image_tree_pack(struct store *s, const struct digest *diff_id, int fd, const volatile sig_atomic_t *stop,
                    struct err *err);

/* The digest and size of that tar, which is not written anywhere. Starts a thread, which has ended when it returns. */
int image_tree_digest(struct store *s, const struct digest *diff_id, struct digest_computed *ret, struct err *err);

/* Whether the digest of such a tar is that of the layer. ERR_CORRUPT. */
int image_tree_check(const struct digest *diff_id, const struct digest_computed *packed, struct err *err);
#define IMAGE_TREE_REMEDY "remove the image, then the layer (cbox system check --deep --repair), and build it again"

/* Whether a blob that an image needs is there, or follows from a layer that the image needs as well. */
bool image_blob_needed_is_there(struct store *s, const struct store_needs *needs, const struct digest *d);
