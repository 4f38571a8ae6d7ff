/* A container's changes as a new image. */
#pragma once

#include "container/container.h"
#include "oci/reference.h"

struct container_commit {
    const struct oci_reference *name; /* the image gets it; NULL: none */
    const char *author, *message;
    char *const *changes; /* instructions (image/change.h) */
    bool pause;           /* one that runs stands still while its files are read */
    int64_t created;      /* time.h */
};

/* `ret_id` is the image's ID. What the image says is what the container was started with, with the changes. Volumes and
 * other mounts are no part of it. Errors of image_change() and image_commit(). */
int container_commit(struct store *s, const char *container, const struct container_commit *how, struct digest *ret_id,
                     struct err *err);
