/* Pushing images, from the store to a registry.
 *
 * Manifests, configs and layers go out exactly as they are in the store, so that what was pulled has the same digest
 * where it is pushed to. Only layers that are not compressed (as load and import bring them) are, and then the manifest
 * is written anew with their descriptors (in OCI's form where one gets zstd: Docker's has no type for it that everybody
 * knows); the config, and with it the image's ID, stays what it is. What was compressed
 * and written for a push is kept in the place of what it was made from.
 *
 * A layer that the registry has is not sent again, nor one that it has in another repository from which this store has
 * an image: it mounts that one. So a layer need not be in the store, as long as the registry has it.
 */
#pragma once

#include "config/config.h"
#include "oci/manifest.h"
#include "oci/reference.h"
#include "store/store.h"

/* What a push tells while it runs, of layers: by their number and the digest of their blob in the store. */
enum image_push_event_kind {
    IMAGE_PUSH_LAYER,       /* there is this layer: told of all of them before anything else */
    IMAGE_PUSH_COMPRESSING, /* `now` of `total` bytes were taken in */
    IMAGE_PUSH_FETCHING,    /* `now` of `total` bytes, of a copy (image/copy.h) */
    IMAGE_PUSH_SENDING,     /* `now` of `total` bytes */
    IMAGE_PUSH_EXISTS,      /* the registry has it */
    IMAGE_PUSH_MOUNTED,     /* from the repository `from` */
    IMAGE_PUSH_SENT,
    IMAGE_PUSH_SKIPPED, /* one that is not to be distributed */
};

struct image_push_event {
    enum image_push_event_kind kind;
    size_t layer;
    const struct digest *digest;
    const char *from; /* good until the push ends */
    int64_t now, total;
};

struct image_push_options {
    const char *platform; /* the image for this one, of those that the name has; NULL: the one that was pulled */
    bool all_platforms;   /* the index and everything that it leads to */
    /* What layers are to be compressed with. OCI_COMPRESSION_NONE: they stay as they are, and gzip for those that are
     * not compressed. Else what is compressed otherwise is decompressed and compressed anew. */
    enum oci_compression compression;
    bool insecure;                                               /* as in struct registry_options */
    void (*event)(const struct image_push_event *e, void *data); /* may be NULL */
    void *data;
};

struct image_pushed {
    struct digest target; /* of the manifest or index that the name has now at the registry */
    int64_t size;         /* of that document */
};

/* Pushes the image that has this name, which has a tag. Watches for signals as image_pull() does, and is to be called
 * in a process like that.
 *
 * ERR_NOT_FOUND where there is no such image, or platform, or a layer is neither here nor there; ERR_AUTH, ERR_TLS,
 * ERR_NETWORK, ERR_LIMIT, ERR_UNSUPPORTED as registry/registry.h says; ERR_CORRUPT, ERR_NO_SPACE, ERR_INTERRUPTED. */
int image_push(struct store *s, const struct config *config, const struct oci_reference *name,
               const struct image_push_options *options, struct image_pushed *ret, struct err *err);
