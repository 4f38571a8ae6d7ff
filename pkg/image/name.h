/* What a name means: giving one to an image that is in the store, and keeping the image that had it before.
 *
 * An image whose last name goes to another one stays until somebody removes it: one from a registry under the digest it
 * was pulled by in its repository, one that was only ever here without a name (store/tag.h).
 */
#pragma once

#include "image/image.h"

struct image_meaning {
    struct digest target;   /* what a registry has under the name, or would: the index or the manifest */
    struct digest manifest; /* of the platform that was chosen */
    struct digest id;       /* of the config */
    const struct oci_image_config *config;
    bool local;    /* as in struct store_tag */
    bool complete; /* as in struct store_tag */
};

/* Gives the name, on disk when it returns; NULL keeps the image without one. Tag and digest in one name: the digest
 * counts. All that the meaning leads to is in the store, and kept there by the caller (a lease, or the store lock).
 * `*ret_newer`, where wanted: the name did not mean this image before, or not for all platforms. */
int image_name_give(struct store *s, const struct oci_reference *name, const struct image_meaning *meaning,
                    bool *ret_newer, struct err *err);

/* Gives a name to the image of a record, with all that is known of it. */
int image_name_copy(struct store *s, const struct oci_reference *name, const struct store_tag *from, struct err *err);

/* Takes away the record's name. The image stays: where this is its only record, without a name. */
int image_name_take(struct store *s, const struct store_tag *t, struct err *err);
