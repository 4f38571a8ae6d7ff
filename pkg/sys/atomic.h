/* Files that are whole or absent, whatever crashes.
 *
 * A file appears under its name only complete and on disk: it is written beside it under a temporary name, synced, and
 * renamed over it (or linked, where it must not exist yet), and the directory is synced. After a power cut the name has
 * the old content or the new one. Temporary names start with ".tmp-" and are anybody's to delete when they are older
 * than the boot. rename(2), fsync(2).
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum atomic_flags {
    ATOMIC_NEW = 1 << 0,      /* fail with ERR_EXISTS where the name is taken */
    ATOMIC_VOLATILE = 1 << 1, /* no sync: for files that mean nothing after a reboot */
    ATOMIC_FLEETING = 1 << 2, /* with that: and are soon removed. After a power cut the name may have nothing at all */
};

/* `name` is one component or a relative path whose directories exist. */
int atomic_write(int dirfd, const char *name, const void *data, size_t len, mode_t mode, unsigned flags,
                 struct err *err);

/* fsync of a directory by descriptor or by a path below it; `what` names it in errors. */
int atomic_sync_dir(int dirfd, const char *path, struct err *err);
