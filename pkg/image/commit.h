/* An image of another one and a layer on top: what a container changed. */
#pragma once

#include "image/image.h"

struct image_commit_options {
    struct digest manifest, id; /* of the image below, which is in the store and kept there by the caller's container */
    int layer;                  /* a file with the layer's tar, not compressed */
    const struct oci_container_config *config; /* what the new image says, whole */
    const struct oci_reference *name;          /* the image gets it; NULL: none. Its tag is set. */
    const char *author, *message, *created_by;
    int64_t created; /* time.h */
};

/* Makes the image; `ret_id` is its ID. A tar without members adds no layer. All of it is in the store when this
 * returns, as after a pull. Watches for signals as image_pull() does. ERR_LIMIT for a layer too many; ERR_NOT_FOUND
 * where the blobs of the image below are not here; ERR_NO_SPACE, ERR_IO, ERR_INTERRUPTED. */
int image_commit(struct store *s, const struct image_commit_options *options, struct digest *ret_id, struct err *err);
