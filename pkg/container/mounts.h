/* What is mounted in a container: first decided, which only reads, then made. Between the two its options are written
 * down, so that whoever removes volumes sees who uses them (store/volume.h).
 *
 *     container_mounts_decide(s, &options, err);
 *     (options.json)
 *     container_mounts_make(s, id, &options, lower, &made, err);
 *     (bundle_make(), the record; and where any of it fails)
 *     container_mounts_unmake(s, id, made);
 */
#pragma once

#include "oci/engine.h"
#include "store/store.h"

/* Fills `o->mounts` from what was asked for, later ones in place of earlier ones at the same destination, as Docker has
 * it: host.volumes_from, host.binds, host.mounts, and config.volumes (the image's and those of -v) where nothing else
 * is. Names of anonymous volumes are made up here. ERR_INVALID and ERR_NOT_FOUND in Docker's words: `Duplicate mount
 * point: …`, `invalid mount config for type "bind": bind source path does not exist: …`. */
int container_mounts_decide(struct store *s, struct engine_options *o, struct err *err);

/* Makes the volumes and the sources of -v that are missing, and fills volumes that are empty with what the image has in
 * their places. `lower`: the image's layers, as struct runtime_overlay has them. `*ret_made`: the volumes that were not
 * there before; the caller frees it, and on failure there is none: everything is as before. */
int container_mounts_make(struct store *s, const char *id, const struct engine_options *o, char **lower,
                          char ***ret_made, struct err *err);

/* Removes the volumes that were made for the container `id`, unless another one uses them by now. */
void container_mounts_unmake(struct store *s, const char *id, char *const *made);

/* Makes the sources of binds that are not there any more: before each start. */
int container_mounts_sources(const struct engine_options *o, struct err *err);

/* Whether any volume is anonymous. */
bool container_mounts_anonymous(const struct engine_options *o);
