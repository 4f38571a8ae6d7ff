/* What the store takes on disk, and for what: every file below the root belongs to something here.
 *
 * Bytes are those that files occupy (st_blocks), as du(1) counts them, hard links once.
 */
#pragma once

#include "base/vec.h"
#include "store/store.h"
#include "store/tag.h"

enum image_usage_kind {
    IMAGE_USAGE_BLOB,       /* name: "sha256:…" */
    IMAGE_USAGE_LAYER,      /* name: "sha256:…" of the layer unpacked */
    IMAGE_USAGE_CONTAINER,  /* name: the container's id */
    IMAGE_USAGE_VOLUME,     /* name: the volume's */
    IMAGE_USAGE_BUILD,      /* name: where it lies below build-cache/ */
    IMAGE_USAGE_UNFINISHED, /* what lies below tmp/: downloads to be continued, trash */
    IMAGE_USAGE_OTHER,      /* names of images, the skeleton, the store's own files */
    IMAGE_USAGE_KINDS_,
};

/* Something that lies in the store. */
struct image_usage_part {
    enum image_usage_kind kind;
    char *name;
    int64_t bytes;
    unsigned images; /* blobs and layers: how many images stand on it */
    bool in_use;     /* ... and whether one of them has a container */
    bool step;       /* layers: no image stands on it, but a step of a build is kept that made it */
};

/* An image, under its first name. */
struct image_usage_image {
    const struct store_tag *tag;
    int64_t shared; /* with other images */
    int64_t unique;
    unsigned containers;
};

struct image_usage {
    struct store_tag_list tags;
    VEC(struct image_usage_part) parts;   /* sorted by kind and name */
    VEC(struct image_usage_image) images; /* one for each ID */
    int64_t bytes[IMAGE_USAGE_KINDS_];    /* sums of the parts */
};

/* The parts alone, with their bytes and in no order. As image_usage_measure() otherwise. */
int image_usage_walk(struct store *s, struct image_usage *ret, struct err *err);

/* Walks the whole store; the working directory changes meanwhile (fts(3)). What vanishes on the way is not counted. A
 * document that cannot be read leaves what it stands for to no image. The caller releases `ret` in any case. */
int image_usage_measure(struct store *s, struct image_usage *ret, struct err *err);
void image_usage_release(struct image_usage *u);
#define _cleanup_usage_ _cleanup_(image_usage_release)

/* What was there and is no more: the bytes of the parts that went since. */
int64_t image_usage_gone(struct store *s, const struct image_usage *before);

/* Bytes of layers that are only kept for builds; they are in none of the other numbers. */
int64_t image_usage_steps(const struct image_usage *u);

/* Bytes of blobs and layers that no image needs which a container stands on. */
int64_t image_usage_reclaimable(const struct image_usage *u);
