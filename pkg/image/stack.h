/* Layers on top of each other, as an overlay wants them. */
#pragma once

#include "digest/digest.h"
#include "store/store.h"

#include <stddef.h>

/* The trees of the layers (the lowest first in `layers`) as paths below the store's root, the topmost first, the
 * skeleton last. A layer that stands in it twice is named once, for its highest place, as overlayfs takes no directory
 * twice; nothing stands below one that hides all (layer/apply.h). Layers of a build that are not settled are found as
 * well: for them under store_build_lock() shared. ERR_NOT_FOUND. The caller frees the vector. */
int image_stack(struct store *s, const struct digest *layers, size_t n, char ***ret, struct err *err);
