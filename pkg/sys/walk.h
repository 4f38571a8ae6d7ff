/* The way of sys/path.h on kernels without openat2(2): not for use elsewhere. */
#pragma once

#include <sys/types.h>

enum walk_mode {
    WALK_BENEATH, /* leaving `dirfd` is EXDEV */
    WALK_IN_ROOT, /* `dirfd` is the root */
};

/* As path_open_beneath() and path_open_in_root(): a descriptor or -errno. */
int walk_open(int dirfd, const char *path, int flags, mode_t mode, enum walk_mode how);
