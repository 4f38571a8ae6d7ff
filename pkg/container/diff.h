/* What a container changed in the root file system of its image: Docker's diff. */
#pragma once

#include "container/files.h"

enum container_change {
    CONTAINER_CHANGED = 'C',
    CONTAINER_ADDED = 'A',
    CONTAINER_DELETED = 'D',
};

/* Calls `each` for each change, a directory before what is in it, in the order of the names. `f` was opened for what
 * its image has (CONTAINER_FILES_LOWER). A directory is changed where something in it is, or its owner or mode; of one
 * that was added or replaced everything is told, of one that is gone only that. */
typedef void (*container_diff_fn)(enum container_change change, const char *path, void *data);
int container_diff(const struct container_files *f, container_diff_fn each, void *data, struct err *err);
