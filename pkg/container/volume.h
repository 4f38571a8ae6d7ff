/* Volumes and who uses them. That is read from the options of the containers that there are, and nothing is counted;
 * store/volume.h says why that is enough.
 */
#pragma once

#include "oci/engine.h"
#include "store/store.h"
#include "store/volume.h"

/* The volumes that containers use, sorted by volume. */
struct container_volume_use {
    char *volume, *container;
};
struct container_volume_uses {
    VEC(struct container_volume_use) list;
};

int container_volume_uses(struct store *s, struct container_volume_uses *ret, struct err *err);
bool container_volume_used(const struct container_volume_uses *uses, const char *volume);
void container_volume_uses_release(struct container_volume_uses *uses);
#define _cleanup_volume_uses_ _cleanup_(container_volume_uses_release)

/* Removes a volume that no container uses. ERR_NOT_FOUND; ERR_BUSY: `remove NAME: volume is in use - [ID]`. */
int container_volume_remove(struct store *s, const char *name, struct err *err);

/* The same where a container that uses it does not count. */
int container_volume_remove_but(struct store *s, const char *name, const char *id, struct err *err);

/* Removes the anonymous volumes of a container that is on its way out, but for those that another one uses too. What
 * cannot be removed stays, and is a debug line. */
void container_volumes_drop(struct store *s, const char *id);
