/* The layers of an image, brought into the store: downloaded, verified and unpacked, all at once. */
#pragma once

#include "image/documents.h"
#include "image/image.h"
#include "store/gc.h"

/* Brings in what is missing or damaged of the layers that the documents name, packed and unpacked, and makes it visible
 * with the documents (all go through `t`). Layers that another process is bringing in are waited for. The lease covers
 * all of them: the caller frees it (also after a failure, where it may be NULL) once a name leads to the image.
 *
 * Without a registry (`registry` and `name` NULL) the bytes of a blob that is not in the store come from
 * `options->fill`; ERR_NOT_FOUND where there is neither.
 *
 * `wake_fd` becomes readable when a signal has set the registry client's `interrupted`. On failure every process that
 * was started has ended, and nothing is left but downloads that can go on. */
int image_layers_bring(struct store *s, struct registry *registry, const struct oci_reference *name,
                       const struct image_documents *documents, const struct image_pull_options *options, int wake_fd,
                       struct store_transaction *t, struct store_lease **ret_lease, struct err *err);
