/* What the parts of container/ share. */
#pragma once

#include "container/container.h"

#include <time.h>

/* Waits a little for what others are at, and longer each time, but not for ever. */
struct patience {
    int64_t until;
    struct timespec pause;
};

struct patience patience_begin(void);
bool patience_wait(struct patience *p); /* false: it has come to its end */

/* Takes the lock of a container that has no monitor: somebody who only looks holds it for a moment. ERR_BUSY where it
 * has one. */
int container_lock_idle(struct store *s, struct store_container *dir, struct err *err);

/* Changes what is written of a container: by its monitor where it has one, or by us under its lock. Which of them may
 * change at any moment. */
struct container_rewrite {
    int (*ask)(int monitor, const void *data, struct err *err);
    int (*write)(struct store *s, struct store_container *dir, struct store_container_record *record, const void *data,
                 struct err *err); /* locked */
    const void *data;
};
int container_rewrite(struct store *s, const char *id, const struct container_rewrite *c, struct err *err);

/* Kills what is in the container's cgroup, frozen or not, and removes it where it is to go. */
int container_kill_cgroup(const char *path, bool remove, struct err *err);

/* Removes one that is locked by us and whose processes are gone, with what its monitor kept elsewhere. */
int container_drop(struct store *s, struct store_container *dir, const struct store_container_record *record,
                   struct err *err);

/* Freezes it, or lets it go on. */
int container_freeze_cgroup(const char *path, bool frozen, struct err *err);

/* Whether the owner of a name has none any more, or another one by now: the name is free then. So it is where a command
 * was killed before its container had a monitor, or in the middle of a rename. */
bool container_name_is_stale(struct store *s, const char *name, const char *owner);
