/* Which images an archive holds: Docker's layouts and that of OCI, recognised by what is there.
 *
 *     index.json      an OCI image layout (image-layout.md); Docker writes one too since 25, and then it is what counts
 *     manifest.json   Docker's: a list of images, each with the names of its config, its layers and its tags
 *
 * This is where the documents are read, checked by their digests, and what is to be brought in is listed. Layers and
 * blobs are not looked at, except a compressed layer of Docker's layout, whose digest nobody says.
 */
#pragma once

#include "image/archive.h"
#include "image/documents.h"

struct image_load_options;

/* A layer under a name of its own in the archive; others lie under their digests. */
struct image_archive_layer {
    struct digest digest;
    char *name;
};

struct image_archived {
    struct image_documents documents; /* with those of all platforms, where they were asked for */
    char **names;                     /* "docker.io/library/alpine:latest"; NULL: none */
    VEC(struct image_archive_layer) layers;
};

struct image_contents {
    VEC(struct image_archived) images;
    size_t bytes; /* of their documents */
};

/* Reads them. ERR_INVALID: the archive holds no image; ERR_CORRUPT, ERR_LIMIT, ERR_NOT_FOUND (a document, a platform),
 * ERR_UNSUPPORTED, ERR_INTERRUPTED. The caller releases `ret` in any case. */
int image_contents_read(struct image_archive *a, const struct image_load_options *options, struct image_contents *ret,
                        struct err *err);
void image_contents_release(struct image_contents *c);

/* "blobs/sha256/HEX": where an OCI layout has a blob. The caller frees it. */
char *image_archive_blob_name(const struct digest *d);

/* ---- between contents.c, contents_oci.c and contents_docker.c ---- */

int image_contents_read_oci(struct image_archive *a, const struct image_load_options *options,
                            struct image_contents *ret, struct err *err);
int image_contents_read_docker(struct image_archive *a, const struct image_load_options *options,
                               struct image_contents *ret, struct err *err);

/* Adds what is known under a name: to the image that is there already, or as the next one. `image` is handed over.
 * ERR_LIMIT where all documents together become too large. */
int image_contents_add(struct image_contents *c, struct image_archived *image, struct err *err);

/* Parses the documents and checks that they fit each other and the platform that was asked for. */
int image_archived_check(struct image_archived *image, const struct image_load_options *options, struct err *err);
void image_archived_release(struct image_archived *image);
