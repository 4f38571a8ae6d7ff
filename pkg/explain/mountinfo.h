/* What is mounted where, as the kernel tells it. proc_pid_mountinfo(5) */
#pragma once

#include "base/err.h"
#include "base/strv.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct explain_mount {
    int64_t id, parent;
    dev_t device;
    char *root;     /* which part of the file system is mounted: "/" */
    char *target;   /* where, as the process sees it */
    char **options; /* of the mount: "ro", "nosuid" */
    char **fields;  /* its propagation: "shared:1", "master:2" */
    char *type;     /* of the file system: "ext4", "tmpfs" */
    char *source;   /* what the file system says it is on: "/dev/sda1", "overlay" */
    char **super;   /* options of the file system: "rw", "size=65536k" */
    char *origin;   /* the host's path of what is mounted, or NULL; only of explain_mounts_of() */
    bool to_host;   /* what is mounted below it appears on the host as well; the same */
};
typedef VEC(struct explain_mount) explain_mounts;

/* Lines that make no sense are passed over. The caller releases `ret`. */
void explain_mounts_parse(const char *text, explain_mounts *ret);

/* Those of a process (0: the calling one, which is the host's view). ERR_NOT_FOUND where it has ended, ERR_LIMIT. The
 * caller releases `ret` after 0. */
int explain_mounts_read(pid_t pid, explain_mounts *ret, struct err *err);
void explain_mounts_release(explain_mounts *mounts);
#define _cleanup_explain_mounts_ _cleanup_(explain_mounts_release)

/* Those of a container, or what its specification will mount, mask and protect, with what they are on the host. As
 * explain_mounts_read(). */
struct explain_subject;
int explain_mounts_of(const struct explain_subject *subject, explain_mounts *ret, struct err *err);

/* The topmost mount at exactly this path, or NULL. */
const struct explain_mount *explain_mount_at(const explain_mounts *mounts, const char *target);

/* The mount that a path without links ends in: as the kernel walks, so that what lies below a later mount is not found.
 * NULL where there is none at all. */
const struct explain_mount *explain_mount_of(const explain_mounts *mounts, const char *path);

/* The path by which the host has what is mounted: found by file system and root in its own mounts. NULL where the host
 * does not see it. The caller frees it. */
char *explain_mount_origin(const struct explain_mount *m, const explain_mounts *host);

/* Whether `path` is `dir` or lies below it; both cleaned. */
bool explain_path_within(const char *path, const char *dir);
