/* What an image stands on: the blobs and layers without which it is not whole. Collection keeps it, a check looks for
 * it, and disk usage is counted by it.
 */
#pragma once

#include "base/vec.h"
#include "digest/digest.h"
#include "store/store.h"
#include "store/tag.h"

typedef VEC(struct digest) store_digests;

/* Sorts, and keeps one of equals, for looking up. */
void store_digests_sort(store_digests *set);
bool store_digests_have(const store_digests *sorted, const struct digest *d);

/* In no order, and with repetitions. */
struct store_needs {
    store_digests blobs;
    store_digests layers; /* unpacked, by diffID */
};

void store_needs_release(struct store_needs *n);
#define _cleanup_needs_ _cleanup_(store_needs_release)

/* Adds a manifest, its config, its layers packed and unpacked. Fails where one of the two documents cannot be read:
 * what was found until then was added. */
int store_needs_add_image(struct store *s, const struct digest *manifest, struct store_needs *to, struct err *err);

/* Adds an index and, as blobs, everything below it, also below indexes inside it; of layers that were built here, and
 * have no blob, the layer. */
int store_needs_add_index(struct store *s, const struct digest *index, struct store_needs *to, struct err *err);

/* Adds what a record leads to: the image, what the registry has under the name, and all platforms where it says so. */
int store_needs_add_tag(struct store *s, const struct store_tag *t, struct store_needs *to, struct err *err);

/* Adds what all names and containers lead to, as far as their documents can be followed. */
int store_needs_add_known(struct store *s, struct store_needs *to, struct err *err);
