/* images --tree. */
#pragma once

#include "image/filter.h"

/* Prints the names that match, each with the platforms of which something is in the store. `s` may be NULL with an
 * empty list. */
int images_tree_print(struct store *s, const struct store_tag_list *tags, const struct image_filter *filter,
                      struct err *err);
