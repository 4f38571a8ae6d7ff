/* Whether a layer of the store is still what was unpacked: a pull that finds it heals it.
 *
 * Looking at every file of a large image takes longer than all the rest of a pull that finds it up to date (30,000
 * files: 130 ms, and far more from a disk). What users meet is a name that is gone: deleted by hand, or lost with a
 * damaged file system, and that shows in the directories, which are a tenth of it (20 ms). So directories are looked at
 * in every layer, and every file as far as a budget goes, which covers the small images that people edit in. Contents
 * are for a check of the store to read.
 */
#pragma once

#include "store/layer.h"

/* Entries that one pull looks at beside directories. */
enum { IMAGE_LOOK_AT_MAX = 2048 };

/* Looks at a layer that is there. `budget`: what is left of IMAGE_LOOK_AT_MAX. */
bool image_layer_damaged(struct store *s, const struct digest *diff_id, int64_t *budget);
