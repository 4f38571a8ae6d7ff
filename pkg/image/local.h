/* An image that was made here: its documents, and one layer that a file has, or none that is not in the store. */
#pragma once

#include "image/documents.h"
#include "image/image.h"
#include "image/layers.h"

/* Brings layer and documents into the store and gives the image `name` (NULL: none). Of `how` counts what
 * brings the bytes of the layer; `wake_fd` is of image/signals.h. */
int image_local_bring(struct store *s, const struct image_documents *documents, const struct oci_reference *name,
                      const struct image_pull_options *how, int wake_fd, struct err *err);

/* Gives an image whose layers are all in the store its names (none: it is kept as one without, unless it has some). Of
 * several platforms (image/index.h) the names mean the index; who calls keeps the layers of the others meanwhile.
 * Where there is an image with this ID, its documents stay: what a registry was found to have is not forgotten. One
 * sync, and none where nothing is new. Told of as "tag" and, with `action`, as that. */
int image_local_name(struct store *s, const struct image_documents *documents, const struct oci_reference *names,
                     size_t n_names, const char *action, struct err *err);
