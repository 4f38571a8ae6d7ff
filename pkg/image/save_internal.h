/* Between the parts of planning a save: not for use elsewhere. */
#pragma once

#include "image/save_plan.h"
#include "oci/manifest.h"

/* An image that is to be saved, under its names. */
struct saved {
    char *shown;            /* as the user or the store calls it, for errors */
    struct digest root;     /* what index.json names: an index or the manifest */
    struct digest manifest; /* of one platform, for manifest.json */
    VEC(struct oci_reference) names;
};

struct planning {
    struct store *store;
    const struct image_save_options *options;
    const struct image_made *made; /* an image that is not in the store, or NULL */
    struct store_tag_list tags;
    VEC(struct saved) images;
    VEC(struct save_part) blobs;
    struct oci_index index;
    struct buf manifests; /* manifest.json */
    char **legacy;        /* lines of repository, tag and hexadecimal digest, parted by tabs */
};

/* save_choose.c: adds what a user's word means: an image, or all tags of a repository. */
int save_choose(struct planning *p, const char *text, struct err *err);
