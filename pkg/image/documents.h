/* The documents of an image: index, manifest, config, fetched and verified. */
#pragma once

#include "base/buf.h"
#include "oci/image_config.h"
#include "oci/manifest.h"
#include "registry/registry.h"
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

    /* Where all platforms were asked for, what the index leads to beside the chosen one: manifests and further indexes,
     * and the blobs that they name. */
    VEC(struct image_document) others;
    VEC(struct oci_descriptor) blobs;
};

struct image_wanted {
    const char *platform; /* as the user wrote it, or NULL for the host's */
    bool all_platforms;
};

/* Resolves a name: asks the registry for what it means now, chooses the platform, also from indexes inside the index,
 * and reads manifest and config, from the store where it has them. Checks that manifest and config speak of as many
 * layers. The caller releases `ret` in any case. */
int image_documents_fetch(struct store *s, struct registry *registry, const struct oci_reference *name,
                          const struct image_wanted *wanted, struct image_documents *ret, struct err *err);

/* Whether manifest and config, parsed, speak of as many layers, and the config of a platform
 * that serves `platform` (NULL: any). ERR_CORRUPT, ERR_NOT_FOUND. */
int image_documents_check(const struct image_documents *d, const char *platform, struct err *err);
void image_documents_release(struct image_documents *d);

/* What the registry has under the name. */
const struct digest *image_documents_target(const struct image_documents *d);

/* Adds all of them to a transaction. */
int image_documents_put(const struct image_documents *d, struct store_transaction *t, struct err *err);
