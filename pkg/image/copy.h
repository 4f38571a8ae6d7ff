/* Copying from one registry to another, past the store: nothing is unpacked, and documents stay what they are byte for
 * byte, so digests do too. What the name leads to may be anything: images, indexes of them, attestations, artifacts.
 *
 * A blob that the destination lacks is mounted where both are in one registry; else it is downloaded into a file
 * without a name (store/spool.h), verified, and only then uploaded, so that either side may fail and go on by itself.
 */
#pragma once

#include "config/config.h"
#include "image/push.h"
#include "registry/registry.h"
#include "store/store.h"

struct image_copy_options {
    const char *platform; /* the image for this one alone, in place of the index; NULL: all that the name leads to */
    bool insecure;        /* as in struct registry_options */
    /* Blobs are told of as the layers of a push are, each when it is known. May be NULL. */
    void (*event)(const struct image_push_event *e, void *data);
    void *data;
};

/* Copies what `from` names, and gives it the tag of `to` (both have a tag or a digest). Watches for signals as
 * image_pull() does, and is to be called in a process like that. Errors are those of reading and of writing,
 * registry/registry.h, and ERR_CORRUPT. */
int image_copy(struct store *s, const struct config *config, const struct oci_reference *from,
               const struct oci_reference *to, const struct image_copy_options *options, struct image_pushed *ret,
               struct err *err);

/* The same with a client that there is already, without a name: the manifest or index `digest` is in the repository of
 * `to` afterwards, with its content. `wake_fd` becomes readable when a signal has set the client's `interrupted`. */
int image_copy_content(struct store *s, struct registry *registry, int wake_fd, const struct oci_reference *from,
                       const struct digest *digest, const struct oci_reference *to,
                       const struct image_copy_options *options, struct err *err);
