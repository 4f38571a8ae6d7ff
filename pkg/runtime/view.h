/* The files of a container that does not run, for those who look at them or copy. */
#pragma once

#include "runtime/runtime.h"

/* Gives the calling process, which has one thread, a mount namespace of its own, in which the layers are mounted on
 * `target`, a directory of the host, and in them the bind mounts of `spec`, unless that is NULL: `*ret_root` is the
 * root of all, the caller's to close. Nobody else sees any of it, and it is gone with the process. What the host mounts
 * later is seen; the working directory stays. What cannot be mounted, since its source is gone, is left out.
 * ERR_PERMISSION, ERR_UNSUPPORTED, ERR_IO. */
int runtime_view(const struct runtime_overlay *overlay, const char *target, const struct oci_spec *spec, int *ret_root,
                 struct err *err);

/* The root file system of a running container without anything that is mounted in it: a descriptor of its own mount,
 * which no namespace has. `pidfd`: a process of the container. ERR_NOT_FOUND where it has ended meanwhile. */
int runtime_view_running(int pidfd, int *ret_root, struct err *err);
