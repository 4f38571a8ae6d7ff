/* The documents of an image: index, manifest, config, fetched and verified. */
#pragma once

#include "base/buf.h"
#include "oci/image_config.h"
#include "oci/manifest.h"
#include "registry/registry.h"
#include "store/tag.h"
#include "store/transaction.h"

/* A document as its bytes; an absent one has the digest DIGEST_NONE. */
struct image_document {
    struct buf bytes;
    struct digest_computed digest;
};

struct image_documents {
    struct image_document index; /* where the name stands for several platforms */
    struct image_document manifest;
    struct image_document config;
    struct oci_manifest parsed_manifest;
    struct oci_image_config parsed_config;

    /* Where all platforms were asked for, what the index leads to beside the chosen one: manifests and further indexes
     * (of what was made here configs too), and the blobs that they name. */
    VEC(struct image_document) others;
    VEC(struct oci_descriptor) blobs;
};

/* What documents together may take of the memory: of all platforms of one image, and of all images of an archive. */
enum { IMAGE_DOCUMENTS_BYTES_MAX = 64 << 20 };

struct image_wanted {
    const char *platform; /* as the user wrote it, or NULL for the host's */
    bool all_platforms;
    const struct store_tag *stored; /* what the name meant when it was given, read from the store as far as it is whole
                                     * there; NULL: the registry is asked what it means now */
};

/* Resolves a name: asks the registry for what it means now, chooses the platform, also from indexes inside the index,
 * and reads manifest and config, from the store where it has them. Checks that manifest and config speak of as many
 * layers. Without a registry (NULL) all of it has to be in the store. The caller releases `ret` in any case. */
int image_documents_fetch(struct store *s, struct registry *registry, const struct oci_reference *name,
                          const struct image_wanted *wanted, struct image_documents *ret, struct err *err);

/* Whether the config, parsed, is of a platform that serves `platform` (as the user wrote it; NULL: any), and names as
 * many layers as the manifest. ERR_NOT_FOUND, ERR_CORRUPT. */
int image_documents_check(const struct image_documents *d, const char *platform, struct err *err);
void image_documents_release(struct image_documents *d);

/* What the registry has under the name. */
const struct digest *image_documents_target(const struct image_documents *d);

/* Whether a document is among the others. */
bool image_documents_have_other(const struct image_documents *d, const struct digest *digest);

/* Adds a document to the others, whose bytes are handed over in any case, and the blobs that it names. `*ret_index`: it
 * is an index, which the caller has to look into. ERR_LIMIT: more than any image has. */
int image_documents_add_other(struct image_documents *d, struct image_document other, const char *media_type,
                              bool *ret_index, struct err *err);

/* Adds all of them to a transaction. */
int image_documents_put(const struct image_documents *d, struct store_transaction *t, struct err *err);

/* ---- making them, where there is no registry to ask ---- */

/* The bytes as a document under their sha256; they are handed over. */
int image_document_take(struct buf *bytes, struct image_document *ret, struct err *err);

/* The manifest of a config and its layers, of OCI's types, the same for the same, with `annotations` (NAME=VALUE; or
 * NULL). Both stay the caller's. */
int image_manifest_make(const struct image_document *config, const struct oci_descriptor *layers, size_t n_layers,
                        char *const *annotations, struct image_document *ret, struct err *err);

/* The rest of an image that was made here, whose `config` is there: the manifest, and both parsed. */
int image_documents_make(struct image_documents *d, const struct oci_descriptor *layers, size_t n_layers,
                         char *const *annotations, struct err *err);

/* OCI's type of a layer that is packed so. */
const char *image_layer_media_type(enum oci_compression packed);

/* OCI's type of a layer of any manifest; one that no registry may have stays what it is. Borrowed. */
const char *image_layer_oci_type(const struct oci_descriptor *layer);
