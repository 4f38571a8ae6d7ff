/* Copying between the host and a container's files by Docker's rules: what a slash or a dot at the end of a path means,
 * when a copy goes into a directory and when it takes its name.
 *
 * A container's paths are resolved inside its root, whatever its processes do to it meanwhile (sys/path.h).
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A path of the host, or in a container. */
struct container_cp_end {
    int root;              /* of the container's files, or -1: the host */
    const char *path;      /* absolute in a container, or meant so */
    const char *container; /* as the user named it, for errors; NULL: the host */
};

struct container_cp {
    bool follow;        /* a link at the end of the source's path */
    const uid_t *owner; /* whom copies belong to: uid and gid; NULL: as it was */
    int64_t bytes;      /* that were copied, as a tar has them */
};

/* ERR_NOT_FOUND: `could not find the file … in container …`; ERR_INVALID in Docker's words; ERR_EXISTS where a
 * directory and something else are in each other's way. */
int container_cp_copy(const struct container_cp_end *from, const struct container_cp_end *to, struct container_cp *how,
                      struct err *err);

/* The source as a tar, written to `fd`; and a tar from `fd` unpacked into a directory. */
int container_cp_pack(const struct container_cp_end *from, struct container_cp *how, int fd, struct err *err);
int container_cp_unpack(int fd, const struct container_cp_end *to, struct container_cp *how, struct err *err);
