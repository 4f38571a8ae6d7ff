/* What builds keep, for the commands that remove it. */
#pragma once

#include "store/build_cache.h"

/* Removes, and prints what: `how` but for whom to tell. */
int builder_prune(struct store *s, const struct store_build_prune *how, int64_t *ret_bytes, struct err *err);
