/* The files of a container, running or not, for commands that look at them or copy. */
#pragma once

#include "container/container.h"

enum container_files_kind {
    CONTAINER_FILES_SEEN,  /* as its processes see them, with volumes and binds; to be written as they may */
    CONTAINER_FILES_ROOT,  /* its root file system alone, to be read */
    CONTAINER_FILES_LOWER, /* what its image has, to be read */
    CONTAINER_FILES_UPPER, /* nothing is mounted: there is `upper` alone, and no root */
};

struct container_files {
    struct store *store; /* borrowed */
    struct container_view view;
    struct container held; /* locked, where it does not run: it cannot be started meanwhile */
    int upper;             /* the directory of what it changed */
    int root;              /* what was asked for; paths are resolved in it by sys/path.h */
};

/* One that does not run has its files mounted for the calling process alone, which has one thread and gets a mount
 * namespace of its own. ERR_NOT_FOUND, ERR_BUSY where it is just starting or ending. The caller releases `ret` after 0.
 */
int container_files_open(struct store *s, const char *name, enum container_files_kind kind, struct container_files *ret,
                         struct err *err);
void container_files_release(struct container_files *f);
#define _cleanup_container_files_ _cleanup_(container_files_release)
