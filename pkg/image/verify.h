/* Comparing one thing of the store with what it was when it came in: not for use outside pkg/image. */
#pragma once

#include "digest/digest.h"
#include "layer/verify.h"
#include "store/store.h"

/* 1 when it was looked at: `*ret_what` (freed by the caller) is NULL for a blob that has its digest, else what is
 * wrong. 0 when it is not there. */
int image_blob_verify(struct store *s, const struct digest *d, char **ret_what, struct err *err);

/* The same for a layer: all its entries, with `deep` the contents of its files as well, for which
 * layer_open_libraries() was called before. */
int image_layer_verify(struct store *s, const struct digest *diff_id, bool deep, char **ret_what);

/* layer_verify() of a layer of the store, and of what its record says. */
int image_layer_compare(struct store *s, const struct digest *diff_id, enum layer_verify_depth depth,
                        bool (*differs)(const char *path, const char *what, void *data), void *data, struct err *err);
