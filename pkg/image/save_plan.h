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
    bool tree; /* the blob follows from a layer (image/tree_blob.h) */
};

struct save_plan {
    VEC(struct save_part) parts; /* the documents that lead to all others first */
    struct store_lease *lease;   /* keeps the blobs until it is released */
};

/* Finds the images and lists what they need, all of which is there. The caller releases `ret` in any case. */
int save_plan_make(struct store *s, char *const *names, const struct image_save_options *options, struct save_plan *ret,
                   struct err *err);
/* The same for one image whose documents are not in the store, under `names`. */
int save_plan_make_of(struct store *s, const struct image_documents *made, const struct oci_reference *names,
                      size_t n_names, const struct image_save_options *options, struct save_plan *ret, struct err *err);
void save_plan_release(struct save_plan *p);
