/* What the prune commands share. */
#pragma once

#include "store/store.h"

/* Removes unused images and says which; `*ret_bytes` is what that freed. `downloads`: unfinished ones as well. */
int cbox_prune_images(struct store *s, char *const *filters, bool all, bool downloads, int64_t *ret_bytes,
                      struct err *err);

/* Docker's last line. */
void cbox_print_reclaimed(int64_t bytes);
