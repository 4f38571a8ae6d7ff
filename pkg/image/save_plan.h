/* What a saved archive consists of, in its order, before a byte of it is written. */
#pragma once

#include "base/vec.h"
#include "image/documents.h"
#include "image/save.h"
#include "store/gc.h"

/* A file of the archive: a blob of the store, or the bytes themselves. */
struct save_part {
    char *name;
    struct digest digest; /* of the blob; DIGEST_NONE: `bytes` */
    struct buf bytes;     /* also of a blob that is not in the store */
    int64_t size;
    const struct image_made_blob *made; /* the blob is this file; or NULL; borrowed */
    bool tree;                          /* the blob follows from a layer (image/tree_blob.h) */
};

struct save_plan {
    VEC(struct save_part) parts; /* the documents that lead to all others first */
    struct store_lease *lease;   /* keeps the blobs until it is released */
};

/* Finds the images and lists what they need, all of which is there. The caller releases `ret` in any case. */
int save_plan_make(struct store *s, char *const *names, const struct image_save_options *options, struct save_plan *ret,
                   struct err *err);
/* The same for one image that was just made, which is borrowed as long as there is the plan. */
int save_plan_make_of(struct store *s, const struct image_made *made, const struct image_save_options *options,
                      struct save_plan *ret, struct err *err);
void save_plan_release(struct save_plan *p);
