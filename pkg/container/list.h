/* Lists of containers. */
#pragma once

#include "container/filter.h"

struct container_list_options {
    bool all;                              /* those that do not run as well */
    int64_t last;                          /* only so many, the newest, whether they run or not; 0 and below: all */
    const struct container_filter *filter; /* NULL: none */
};

struct container_list {
    struct store_container_record *v;
    size_t n, cap;
};

/* Looks at all containers (container_look()) and keeps those that are meant, the newest first. Records that cannot be
 * read are passed over: `broken` is told. The caller releases `ret` in any case. */
int container_list(struct store *s, const struct container_list_options *options, void (*broken)(const struct err *why),
                   struct container_list *ret, struct err *err);
void container_list_release(struct container_list *l);
#define _cleanup_container_list_ _cleanup_(container_list_release)

/* What its layer has, bytes as `ps -s` counts them: all that it wrote. 0 where that cannot be read. */
int64_t container_size(struct store *s, const char *id);
