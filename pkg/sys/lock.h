/* Locks between processes: flock(2) on a file of its own, released when the last descriptor goes, so also by SIGKILL.
 *
 * The file is never deleted by whoever unlocks; lock_take() checks after the lock that the name still means the file
 * that it locked, so a sweep that holds the lock may delete it. The order in which locks nest is written down in
 * store/store.h.
 */
#pragma once

#include "base/err.h"

#include <sys/types.h>

enum lock_mode {
    LOCK_SHARED,
    LOCK_EXCLUSIVE,
};

enum lock_wait {
    LOCK_WAIT,
    LOCK_TRY, /* ERR_BUSY instead of waiting */
};

/* Opens (creating it with mode 0600) and locks `name` below `dirfd`; the descriptor holds the lock until it is closed
 * (it is not inherited over exec). Waiting ends with ERR_INTERRUPTED when a signal handler without SA_RESTART ran. */
int lock_take(int dirfd, const char *name, enum lock_mode mode, enum lock_wait wait, int *ret_fd, struct err *err);

/* Locks a directory by itself, exclusively: whoever makes a directory in a place that is swept holds this lock until it
 * has its final name. ERR_NOT_FOUND, also where it lost its name while it was waited for. */
int lock_dir(int dirfd, const char *name, enum lock_wait wait, int *ret_fd, struct err *err);

/* Makes a directory and locks it. A sweep, which locks a directory before it takes it away, finds it locked or is
 * noticed here. */
int lock_make_dir(int dirfd, const char *name, mode_t mode, int *ret_fd, struct err *err);
