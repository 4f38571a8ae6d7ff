/* Removing all containers that do not run. */
#pragma once

#include "container/filter.h"

/* Removes those that are meant; `removed` is told of each, by its id. `*ret_bytes`: what they had written. One that was
 * started or removed meanwhile is passed over. */
int container_prune(struct store *s, const struct container_filter *filter, void (*removed)(const char *id, void *data),
                    void *data, int64_t *ret_bytes, struct err *err);
