/* Comparing a layer's tree with its manifest (layer/manifest.h): whether what was unpacked is still there and
 * unchanged.
 *
 * Names of the tree that the manifest does not have are seen by the times of their directories
 * alone.
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum layer_verify_depth {
    /* Directories, whiteouts and what lies at the top: a name that was removed, added or replaced anywhere else changes
     * its directory's time of modification. */
    LAYER_VERIFY_NAMES,
    /* Every entry: type, mode, owner, size, time of modification, targets of links. */
    LAYER_VERIFY_ENTRIES,
    /* And the content of files, by its checksum; layer_open_libraries() was called before. */
    LAYER_VERIFY_CONTENTS,
};

struct layer_verify_options {
    int tree_fd;
    int manifest_fd; /* for reading, by pread(2) */
    bool user_xattr; /* as it was unpacked (layer/apply.h) */
    enum layer_verify_depth depth;

    /* Told of each difference, in no order: "is missing", "has another size", …; false ends the comparison. */
    bool (*differs)(const char *path, const char *what, void *data);
    void *data;
};

/* Compares; differences are no failure. `*ret_bytes`: the sum of the sizes of regular files that the manifest has, as
 * layer_apply() counts them. ERR_CORRUPT where the manifest cannot be read, ERR_IO. */
int layer_verify(const struct layer_verify_options *options, int64_t *ret_bytes, struct err *err);
