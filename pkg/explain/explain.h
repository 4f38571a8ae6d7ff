/* What separates a container from its host and from its neighbours, wall by wall, as it is at this moment.
 *
 * Of one that runs everything is read from the kernel, never from what was asked for: a wall that is not there is not
 * told of. Of one that does not run, and of an image, it follows from the specification that a start would use.
 */
#pragma once

#include "container/container.h"
#include "explain/facts.h"

struct explain_space;

/* Who is explained. All is borrowed. */
struct explain_subject {
    struct store *store;
    const struct config *config;
    const char *name;                            /* of the container, or as the image was named */
    const char *id;                              /* NULL: an image, as `run IMAGE` would have it */
    const struct store_container_record *record; /* NULL: an image */
    const struct engine_options *options;        /* merged with the image's config */
    const struct oci_spec *spec;
    char *const *lower; /* directories of its layers below the store's root, the topmost first */
    pid_t pid;          /* its first process in this namespace of processes; 0: it does not run */
    int pidfd;          /* that process; -1: it does not run */

    /* Its EXPLAIN_SPACES namespaces, to the walls: explain_walls() looks at all processes of the host, once. */
    const struct explain_space *spaces;
};

/* A wall: appends what it consists of. An error is for what cannot be told as a whole: it becomes the wall's only fact.
 * What cannot be read within is a fact that says so (explain/read.h). */
typedef int explain_wall_fn(const struct explain_subject *subject, explain_facts *ret, struct err *err);

explain_wall_fn explain_namespaces;   /* which it has, and with whom each is shared */
explain_wall_fn explain_processes;    /* the tree, inside and outside */
explain_wall_fn explain_users;        /* who it runs as, and as whom on the host */
explain_wall_fn explain_capabilities; /* kept and dropped, in words */
explain_wall_fn explain_syscalls;     /* the filter, and what is allowed by it */
explain_wall_fn explain_labels;       /* of AppArmor and SELinux */
explain_wall_fn explain_files;        /* the root's layers, and each mount by origin */
explain_wall_fn explain_kernel;       /* what of /proc and /sys is masked, read-only or set */
explain_wall_fn explain_limits;       /* each beside what is used, and how often it was hit */
explain_wall_fn explain_rlimits;      /* of the process */
explain_wall_fn explain_network;      /* links, addresses, names, and a packet's way to each published port */

explain_wall_fn explain_weakened; /* what options took away, most dangerous first: weakened.c */

/* All of them in this order, as facts whose facts are theirs, and before them as "weakened" what an option took away.
 * ERR_NOT_FOUND where one that ran has ended meanwhile: it can be explained anew. The caller releases `ret` after 0. */
int explain_walls(const struct explain_subject *subject, explain_facts *ret, struct err *err);

/* Which layer, volume or mount supplies `path` of the container, through all its links. ERR_NOT_FOUND. */
int explain_file(const struct explain_subject *subject, const char *path, explain_facts *ret, struct err *err);

/* The document: {"Name", "ID", "Image", "Running", "Pid", "Weakened": […], "Walls": [{"Name", "Text", "Facts"}]}, with
 * lists as explain_facts_value() makes them. The caller releases it. */
struct cli_value explain_document(const struct explain_subject *subject, const explain_facts *walls);

/* The same for people, appended; `bold`: headings stand out on a terminal. */
void explain_print_walls(const struct explain_subject *subject, const explain_facts *walls,
                         const struct explain_print *how, bool bold, struct buf *out);
