/* Images: pulling, opening, listing and removing them. Registry, store and layers come together here.
 *
 * Opening, listing and removing read a few small files and need no heavy library.
 */
#pragma once

#include "config/config.h"
#include "oci/image_config.h"
#include "oci/platform.h"
#include "oci/reference.h"
#include "store/needs.h"
#include "store/store.h"
#include "store/tag.h"

/* ---- pulling (pull.c) ---- */

/* What a pull tells while it runs. A layer is named by its index in the manifest and the digest of its blob. */
enum image_event_kind {
    IMAGE_PULLING,     /* the name was found; the digest is what the registry has under it */
    IMAGE_LAYER,       /* there is this layer: told of all of them, in their order, before anything else */
    IMAGE_EXISTS,      /* it is in the store */
    IMAGE_WAITING,     /* another process is bringing it in */
    IMAGE_DOWNLOADING, /* `now` of `total` bytes */
    IMAGE_DOWNLOADED,  /* complete and verified */
    IMAGE_EXTRACTING,  /* `now` of `total` (compressed) bytes were taken in */
    IMAGE_COMPLETE,
};

struct image_event {
    enum image_event_kind kind;
    size_t layer;
    const struct digest *digest;
    int64_t now, total;
};

struct oci_descriptor;
struct store_ingest;

/* Of a repair: what is wanted beside what a pull looks for. */
struct image_mending {
    const store_digests *damaged; /* layers to be unpacked again though they are there; sorted */
};
struct image_pull_options {
    const char *platform;                                   /* "os/architecture[/variant]"; NULL: the host's */
    bool all_platforms;                                     /* the blobs of all others that the name has as well */
    void (*event)(const struct image_event *e, void *data); /* may be NULL */
    void *data;
    bool insecure;                       /* as in struct registry_options */
    const struct image_mending *mending; /* NULL for a pull */
    bool trees;                          /* a blob that follows from a layer (image/tree_blob.h) is not brought */

    /* Where there is no registry (image/layers.h): appends what is missing of a blob. NULL for a pull. */
    int (*fill)(const struct oci_descriptor *blob, struct store_ingest *in, void *data, struct err *err);
};

struct image_pulled {
    struct digest target; /* what the registry has under the name */
    struct digest id;     /* digest of the image config */
    bool newer;           /* the name did not mean this image before */
};

/* Brings an image in and gives it its name. Everything was verified: blobs by size and digest, layers by diffID.
 * SIGINT, SIGTERM and SIGHUP (unless it is ignored) end the pull with ERR_INTERRUPTED after its processes have ended.
 * Downloads that were not finished go on at the next try; nothing else is left. To be called in a process
 * that will not clone containers: libcurl starts threads and libraries stay loaded. With `all_platforms` the layers of
 * the chosen platform are unpacked, and manifests and blobs of the others kept (struct store_tag, `complete`).
 *
 * ERR_NOT_FOUND (name, tag, platform: the error lists those there are), ERR_AUTH, ERR_TLS, ERR_NETWORK, ERR_CORRUPT,
 * ERR_UNSUPPORTED (schema 1, artifacts that are no images), ERR_NO_SPACE, ERR_PERMISSION, ERR_INTERRUPTED. */
int image_pull(struct store *s, const struct config *config, const struct oci_reference *name,
               const struct image_pull_options *options, struct image_pulled *ret, struct err *err);

/* ---- using (open.c) ---- */

/* An image in the store. */
struct image {
    struct store_tag tag; /* one of its names */
    struct oci_image_config config;
    /* The layers to stack, by diffID, the lowest first. One that the image names several times (the empty one, mostly)
     * stands only in its highest place: what it says lower down cannot be seen, and overlayfs takes a tree once. */
    struct digest *layers;
    size_t n_layers;
};

/* Finds an image by a name as users write it ("alpine", "alpine:3", "host:5000/a/b@sha256:…") or by its ID or the start
 * of it (at least 3 hexadecimal digits, or "sha256:…"), else by the digest of its manifest or index; names win. All of
 * its layers are there when this returns, and stay while the caller holds the store lock shared (store/store.h).
 * ERR_NOT_FOUND: `no such image: …`; ERR_INVALID: no name, or an ID that begins several images'. The caller releases
 * `ret`. */
int image_open(struct store *s, const char *name, struct image *ret, struct err *err);
/* The same for a platform: of an image that is here for several (struct store_tag, `complete`) the one that suits, if
 * its layers are unpacked here, as those of a build are. ERR_NOT_FOUND: `image with reference … was found but does not
 * provide the specified platform`. */
int image_open_platform(struct store *s, const char *name, const struct oci_platform *wanted, struct image *ret,
                        struct err *err);
void image_release(struct image *image);

/* An image's config by its ID, under whatever name or none; the caller releases `ret` after 0. */
int image_read_config(struct store *s, const struct digest *id, struct oci_image_config *ret, struct err *err);

/* The record alone, without reading the config. */
int image_find(struct store *s, const char *name, struct store_tag *ret, struct err *err);

/* ---- removing (remove.c) ---- */

struct image_removal {
    bool force;     /* also an ID with several names, and names that stopped containers use */
    bool downloads; /* with what is collected, unfinished downloads go that could be continued */
    void (*untagged)(const char *name, void *data);                           /* "alpine:latest" */
    void (*deleted)(enum store_dir kind, const struct digest *d, void *data); /* the image (STORE_ROOT) or a layer */
    void *data;
};

/* Removes a name, of NAME@DIGEST all that the image has in this repository, and with the last name of an image what
 * nothing else needs. ERR_NOT_FOUND; ERR_BUSY where a container uses the image (named), or an ID has several names. */
int image_remove(struct store *s, const char *name, const struct image_removal *how, struct err *err);
