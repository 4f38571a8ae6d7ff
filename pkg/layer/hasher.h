/* Digesting on a thread of its own: hashing a tar takes about as long as reading the files for it, so the two run side
 * by side. What is smaller than one buffer starts no thread.
 */
#pragma once

#include "digest/digest.h"

#include <stddef.h>

struct hasher;

int hasher_new(enum digest_algorithm a, struct hasher **ret, struct err *err);
void hasher_free(struct hasher *h);
MEM_DEFINE_CLEANUP(struct hasher, hasher_free);

void hasher_add(struct hasher *h, const void *data, size_t len);

/* Waits for the thread; it can only be freed afterwards. */
void hasher_final(struct hasher *h, struct digest_computed *ret);
