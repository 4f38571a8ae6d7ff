/* What single layers say of a path: as overlayfs asks them, one below the other. */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <sys/stat.h>

enum explain_layer_says {
    EXPLAIN_LAYER_NOTHING,
    EXPLAIN_LAYER_HAS,
    EXPLAIN_LAYER_DELETES, /* it, or a directory on the way to it */
    EXPLAIN_LAYER_HIDES,   /* on the way to it there is no directory */
};

struct explain_layer_answer {
    enum explain_layer_says says;
    bool last; /* what lies below does not count */
    struct stat st;
};

/* Asks the directory of a layer, opened for reading, of `path`, which is absolute and clean; no link is followed. 0 or
 * -errno. overlayfs.rst, "whiteouts and opaque directories". */
int explain_layer_ask(int layer, const char *path, struct explain_layer_answer *ret);
