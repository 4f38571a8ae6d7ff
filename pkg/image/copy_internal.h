/* Between the parts of copying: not for use elsewhere. */
#pragma once

#include "image/copy.h"

/* A manifest or index on its way. */
struct copy_document {
    char *media_type;
    struct buf bytes;
    struct digest_computed digest;
};

/* A blob on its way. */
struct copy_blob {
    struct copy *copy;
    struct oci_descriptor d;
    size_t line;
    bool foreign;
    int spool; /* -1: none */
    int64_t offset;
    struct digest_stream *digest_stream;
    struct registry_download *download;
    struct registry_upload *upload;
};

struct copy {
    struct store *store;
    struct registry *registry;
    int wake_fd;
    const struct oci_reference *from, *to;
    const struct image_copy_options *options;
    VEC(struct copy_document) documents; /* children before those that name them */
    int64_t document_bytes;
    VEC(struct copy_blob *) blobs; /* each once */
    struct err err;                /* of a blob */
};

/* copy.c: the documents. copy_blobs.c: the bytes. */
int copy_blobs(struct copy *c, struct err *err);
void copy_blobs_release(struct copy *c);
