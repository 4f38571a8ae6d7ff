/* A tree becomes a layer: what it is as a tar (layer/pack.h, as an upper directory), digested without being written,
 * and its manifest, both in one reading of its files.
 */
#pragma once

#include "digest/digest.h"

#include <signal.h>

struct layer_sealed {
    struct digest_computed diff_id; /* with the size of the tar */
    int64_t bytes;                  /* sum of the sizes of regular files */
    int64_t members;
};

/* `tree` and the empty file `manifest` stay the caller's. One thread is started for large trees, and has ended when
 * this returns; layer_open_libraries() was called before. ERR_LIMIT: names, depths and numbers that no layer may have
 * (layer/apply.h). */
int layer_seal(int tree, int manifest, const volatile sig_atomic_t *stop, struct layer_sealed *ret, struct err *err);
