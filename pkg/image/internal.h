/* What the image's files share among each other: not for use elsewhere. */
#pragma once

#include "image/image.h"

struct image_match {
    struct store_tag tag; /* the name's record, or one of those with the ID */
    bool by_id;
};

/* What a user's word means: a name, else an ID or the start of one, or of the digest of a manifest or an index.
 * ERR_NOT_FOUND, ERR_INVALID. */
int image_resolve(struct store *s, const char *name, struct image_match *ret, struct err *err);

/* Collects what no image needs any more and tells of it: of the images with these IDs, and of layers. */
int image_sweep(struct store *s, const struct image_removal *how, const struct digest *ids, size_t n_ids,
                struct err *err);

/* Tells that a record's name is gone, if it had one. */
void image_tell_untagged(const struct image_removal *how, const struct store_tag *t);
