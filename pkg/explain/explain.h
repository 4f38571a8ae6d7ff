/* What separates a container from its host and from its neighbours, wall by wall, as it is at this moment.
 *
 * Of one that runs everything is read from the kernel, never from what was asked for: a wall that is not there is not
 * told of. Of one that does not run, and of an image, it follows from the specification that a start would use.
 */
#pragma once

#include "container/container.h"
#include "explain/facts.h"

/* Who is explained. All is borrowed. */
struct explain_subject {
    struct store *store;
    const struct config *config;
    const char *id;                              /* NULL: an image, as `run IMAGE` would have it */
    const struct store_container_record *record; /* NULL: an image */
    const struct engine_options *options;        /* merged with the image's config */
    const struct oci_spec *spec;
    char *const *lower; /* directories of its layers below the store's root, the topmost first */
    pid_t pid;          /* its first process in this namespace of processes; 0: it does not run */
};

/* A wall: appends what it consists of. What cannot be read because it has just ended, or without a right, is a fact
 * that says so; an error is for what makes no sense at all. */
typedef int explain_wall_fn(const struct explain_subject *subject, explain_facts *ret, struct err *err);

explain_wall_fn explain_namespaces;   /* which it has, and with whom each is shared */
explain_wall_fn explain_processes;    /* the tree, inside and outside */
explain_wall_fn explain_users;        /* who it runs as, and as whom on the host */
explain_wall_fn explain_capabilities; /* kept and dropped, in words */
explain_wall_fn explain_syscalls;     /* the filter, and what is allowed by it */
explain_wall_fn explain_files;        /* the root's layers, and each mount by origin */
explain_wall_fn explain_kernel;       /* what of /proc and /sys is masked, read-only or set */
explain_wall_fn explain_limits;       /* each beside what is used, and how often it was hit */
explain_wall_fn explain_network;      /* links, addresses, names, and a packet's way to each published port */

/* All of them in this order, as facts whose facts are theirs, and before them as "weakened" what an option took away.
 * The caller releases `ret` after 0. */
int explain_walls(const struct explain_subject *subject, explain_facts *ret, struct err *err);

/* Which layer, volume or mount supplies `path` of the container, through all its links. ERR_NOT_FOUND. */
int explain_file(const struct explain_subject *subject, const char *path, explain_facts *ret, struct err *err);

/* Appends the document: {"Container"|"Image": …, "Running": …, "Weakened": […], "Walls": [{"Name", "Text", "Value",
 * "Source", "Weak", "Facts": […]}]}. */
void explain_dump(const struct explain_subject *subject, const explain_facts *facts, struct buf *out);
