/* Removing images that nothing uses. */
#pragma once

#include "image/filter.h"

/* Removes the images that match and that no container, running or not, stands on: those without a tag, or (`all`, or
 * the filter dangling=false) with tags as well; and with them, and with what earlier crashes left, everything that
 * nothing needs. `how->force` means nothing here. */
int image_prune(struct store *s, const struct image_filter *filter, bool all, const struct image_removal *how,
                struct err *err);
