/* Mounting by descriptor: fsopen(2), open_tree(2), move_mount(2), mount_setattr(2), and mount(2) where the kernel has
 * none of them (before 5.2; 5.12 for the last). Targets are descriptors, so a path that the image could have prepared
 * is resolved once, inside the root, and never again. /proc of the host must still be in sight. Only for runtime/.
 */
#pragma once

#include "runtime/plan.h"

enum { MOUNT_SAID_MAX = 512 };

/* Mounts a file system of `type` on `target`, a descriptor, with all that `how` says but for copying up; 0 or -errno,
 * and what the kernel says of it in `said`, which may be NULL. The root of what is mounted is `*ret_root`, unless that
 * is NULL. */
int mount_new(int target, const char *type, const char *source, const struct plan_mount *how, int *ret_root,
              char said[MOUNT_SAID_MAX]);

/* A file system of `type` that is mounted nowhere and gone with its descriptor: its root, or -errno (ENOSYS before
 * 5.2). */
int mount_detached(const char *type);

/* Mounts what `source` (below `dirfd`, or `dirfd` itself where it is "") shows on `target`, with the changes of `how`
 * applied before anybody can see it (before 5.12, right after that, and mount by mount); 0 or -errno. Ids are not
 * mapped: mount_clone(). */
int mount_bind(int dirfd, const char *source, int target, const struct plan_mount *how);

/* The same in two steps: a copy that is mounted nowhere, or -errno (ENOSYS before 5.12). `userns` is a user namespace
 * whose mappings it gets where how->map, or -1. */
int mount_clone(int dirfd, const char *source, const struct plan_mount *how, int userns);
int mount_attach(int tree, int target);

/* Changes attributes and propagation of the mount whose root is `target`; 0 or -errno. */
int mount_change(int target, const struct plan_mount *how);

/* Changes the file system itself, and the mount whose root is `target` to what `how` says and nothing else; 0 or
 * -errno. mount(2), MS_REMOUNT. */
int mount_reconfigure(int target, const struct plan_mount *how);

/* Mounts layers on `target`: ERR_UNSUPPORTED, ERR_IO and others say what the kernel would not. */
int mount_overlay(int target, const struct runtime_overlay *layers, struct err *err);

/* A user namespace with these mappings, which no process is in: a descriptor. ERR_PERMISSION, ERR_UNSUPPORTED. */
int idmap_open(const oci_id_mappings *uids, const oci_id_mappings *gids, struct err *err);
