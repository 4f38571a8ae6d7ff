/* What the prune commands share. */
#pragma once

#include "image/filter.h"

/* Removes unused images and says which. `downloads`: unfinished ones as well. */
int cbox_prune_images(struct store *s, const struct image_filter *filter, bool all, bool downloads, struct err *err);

/* Docker's last line. */
void cbox_print_reclaimed(int64_t bytes);
