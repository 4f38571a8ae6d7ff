/* Mounting by descriptor: fsopen(2), open_tree(2), move_mount(2), mount_setattr(2), and mount(2) where the kernel has
 * none of them (before 5.2; 5.12 for the last). Targets are descriptors, so a path that the image could have prepared
 * is resolved once, inside the root, and never again. /proc of the host must still be in sight. Only for runtime/.
 */
#pragma once

#include "runtime/plan.h"

/* Mounts a file system of `type` on `target`, a descriptor; 0 or -errno. */
int mount_new(int target, const char *type, const char *source, char *const *data, uint64_t attributes);

/* A file system of `type` that is mounted nowhere and gone with its descriptor: its root, or -errno (ENOSYS before
 * 5.2). */
int mount_detached(const char *type);

/* Mounts what `source` (below `dirfd`, or `dirfd` itself where it is "") shows on `target`, with the changes of `how`
 * applied before anybody can see it; 0 or -errno. Before 5.12 attributes are those of the topmost mount alone, whatever
 * `how` says of recursion. */
int mount_bind(int dirfd, const char *source, int target, const struct plan_mount *how);

/* Changes attributes and propagation of the mount whose root is `target`; 0 or -errno. */
int mount_change(int target, const struct plan_mount *how);

/* Mounts layers on `target`: ERR_UNSUPPORTED, ERR_IO and others say what the kernel would not. */
int mount_overlay(int target, const struct runtime_overlay *layers, struct err *err);
