/* Saving: images of the store become a file or a directory that others read.
 *
 * Documents and layers are written as they are in the store, so that all digests stay. What is written depends on the
 * images alone: order, times and owners are fixed.
 */
#pragma once

#include "image/image.h"

enum image_save_format {
    /* One tar that is both an OCI layout and what Docker reads: as Docker writes it since 25, and 1.10 and later read.
     */
    IMAGE_SAVE_DOCKER,
    IMAGE_SAVE_OCI,       /* the OCI layout alone, in a tar */
    IMAGE_SAVE_DIRECTORY, /* the same as a directory */
};

struct image_save_options {
    enum image_save_format format;
    const char *platform; /* of an image that was pulled for several; NULL: the one that it means here */
    bool all_platforms;   /* the index with all that it names */
};

/* Writes the images `names` to `path`: a file (mode 0600), whole or not there; a directory, new or empty; or, where it
 * is NULL, standard output. A repository without a tag means all of its tags, as in Docker. Watches for signals as
 * image_pull() does; nothing is left of what was not finished.
 *
 * ERR_NOT_FOUND: an image, a blob or a platform that is not in the store; ERR_EXISTS: the directory is not empty;
 * ERR_CORRUPT, ERR_NO_SPACE, ERR_PERMISSION, ERR_IO, ERR_INTERRUPTED. */
int image_save(struct store *s, char *const *names, const struct image_save_options *options, const char *path,
               struct err *err);

struct image_documents;

/* A blob that is not in the store: a file, from its start. */
struct image_made_blob {
    struct digest digest;
    int fd;
};

/* The same of an image that was just made: its documents need not be in the store, nor the layers that are among
 * `blobs`. Signals are watched for by the caller (image/signals.h). */
struct image_made {
    const struct image_documents *documents;
    const struct image_made_blob *blobs;
    size_t n_blobs;
    const struct oci_reference *names;
    size_t n_names;
};
int image_save_made(struct store *s, const struct image_made *made, enum image_save_format format, const char *path,
                    struct err *err);
