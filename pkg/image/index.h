/* Images of several platforms, made here, under one index. */
#pragma once

#include "image/documents.h"

struct image_index_entry {
    struct image_documents documents;    /* of one image */
    const struct oci_platform *platform; /* as the index is to say it; borrowed */
};

/* An index of OCI's type that leads to them, in their order and each once; the documents of entry `chosen`, and beside
 * them
 * (`others`) manifests and configs of the rest. What the entries had is handed over. Of a single entry its own
 * documents, without an index. `annotations` (NAME=VALUE; or NULL) are the index's. The
 * caller releases `ret` in any case. */
int image_index_make(struct image_index_entry *entries, size_t n, size_t chosen, char *const *annotations,
                     struct image_documents *ret, struct err *err);
