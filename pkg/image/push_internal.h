/* Between the parts of a push: not for use elsewhere. */
#pragma once

#include "base/buf.h"
#include "image/push.h"
#include "layer/compress.h"
#include "registry/registry.h"
#include "store/tag.h"

#include <pthread.h>

/* A manifest or an index. */
struct push_document {
    struct oci_descriptor as; /* what it is in the store */
    bool is_index;
    struct buf bytes; /* as pushed */
    struct digest_computed now;
    bool changed; /* it is another one than in the store */
    struct oci_manifest manifest;
    struct oci_index index;
};

/* A config or layer. */
struct push_blob {
    struct push *push;
    struct oci_descriptor as; /* what it is in the store, or would be */
    struct digest diff_id;    /* of a layer that is to be compressed */
    bool layer, foreign;
    enum oci_compression to;    /* what it is to become; OCI_COMPRESSION_NONE: it stays as it is */
    size_t line;                /* of a layer */
    struct oci_descriptor sent; /* what goes to the registry: `as`, or what it became */
    char *mount_from;           /* or NULL */
    int fd;                     /* the bytes of `sent`, once they are needed or made */
    struct registry_upload *upload;
    bool done;
};

struct push {
    struct store *store;
    const struct oci_reference *name;
    const struct image_push_options *options;
    struct store_tag tag;
    VEC(struct push_document) documents; /* children before those that name them: the last one gets the name */
    VEC(struct push_blob) blobs;         /* each once */
    struct err err;                      /* of an upload */
};

/* push_plan.c: what is to be pushed, from the store alone. The caller releases `p` in any case. */
int push_plan(struct push *p, struct err *err);
void push_release(struct push *p);

/* push_rewrite.c: after the blobs have become what they are sent as: documents that name others, and digests. */
int push_rewrite(struct push *p, struct err *err);
/* What the document is as pushed. */
const char *push_media_type(const struct push_document *d);
/* Keeps what was made for the push, and lets the name's record say what the registry has now, unless the name means
 * something else meanwhile, or nothing. */
int push_keep(struct push *p, struct err *err);

/* push_compress.c: one layer at a time is compressed by threads of its own. */
struct push_compression {
    struct push_blob *blob; /* NULL: none under way */
    pthread_t thread;
    struct layer_source *source;
    int source_fd, spool;
    bool tree;   /* it had to be packed first (image/tree_blob.h) */
    int done_fd; /* readable when it has ended */
    int64_t consumed;
    volatile sig_atomic_t stop;
    struct layer_compressed result;
    int status;
    struct err err;
};
int push_compression_begin(struct push_compression *c, struct push_blob *blob, struct err *err);
/* After `done_fd` became readable: the blob is what it became, or the failure. */
int push_compression_take(struct push_compression *c, struct err *err);
/* Ends it, wherever it is. */
void push_compression_stop(struct push_compression *c);
int64_t push_compression_consumed(const struct push_compression *c);
