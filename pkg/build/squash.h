/* --squash: all layers above those of the base image as one. */
#pragma once

#include "build/output.h"

/* What a stage at its end is afterwards; the rest is borrowed from the stage that it was made of. */
struct build_squashed {
    struct build_finished finished;
    struct build_stage stage;
    struct build_layer layer;
};

/* Merges them as an overlay shows them, whiteouts against the base kept; its files are links to those that there are,
 * so it costs names and no bytes. The history says so as Docker's does: what the steps made is one layer, named at the
 * end; `ceiling` as of store_build_keep(). The layers of `f` are in the store or in the cache, and the one that is made
 * is in the cache afterwards (store_build_settle()). The caller releases `ret` after 0. */
int build_squash(struct store *s, const struct build_finished *f, int64_t ceiling, struct build_squashed *ret,
                 struct err *err);
void build_squashed_release(struct build_squashed *q);
