/* An image that was made here: its documents, and one layer that a file has. */
#pragma once

#include "image/documents.h"
#include "image/image.h"
#include "image/layers.h"

/* Brings layer and documents into the store and gives the image `name` (NULL: none). Of `how` counts what
 * brings the bytes of the layer; `wake_fd` is of image/signals.h. */
int image_local_bring(struct store *s, const struct image_documents *documents, const struct oci_reference *name,
                      const struct image_pull_options *how, int wake_fd, struct err *err);
