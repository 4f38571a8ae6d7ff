/* Where what is mounted in a container comes from, in words: from mounts as plain data. */
#pragma once

#include "explain/mountinfo.h"
#include "explain/read.h"

/* What is looked at. All is borrowed. */
struct explain_origin_view {
    const explain_mounts *mounts; /* explain_mounts_of() */
    const struct engine_options *options;
    const char *store_root, *id; /* of the store and the container */
    const char *source;          /* where the lines were read; NULL: as of the fact above */
};

enum explain_origin_kind {
    EXPLAIN_ORIGIN_ROOT,   /* the layers */
    EXPLAIN_ORIGIN_KERNEL, /* a file system that the kernel makes up */
    EXPLAIN_ORIGIN_TMPFS,
    EXPLAIN_ORIGIN_OWN,    /* a file of cbox for this container, /etc/hosts and its like */
    EXPLAIN_ORIGIN_JOINED, /* the same of the container whose network it has */
    EXPLAIN_ORIGIN_VOLUME,
    EXPLAIN_ORIGIN_IMAGE,
    EXPLAIN_ORIGIN_LAYER, /* a directory of the store's own layers */
    EXPLAIN_ORIGIN_BIND,  /* of the host */
    EXPLAIN_ORIGIN_OTHER, /* what the host does not see */
};

struct explain_origin {
    enum explain_origin_kind kind;
    char *name; /* of the volume (NULL: a run would make one) or the image, the id of the joined container; NULL */
    char *path; /* on the host; NULL where it has none */
};
void explain_origin_release(struct explain_origin *o);
#define _cleanup_explain_origin_ _cleanup_(explain_origin_release)

/* "layers", "kernel", "tmpfs", "cbox", "volume", "image", "layer", "bind", "other" */
const char *explain_origin_kind_name(enum explain_origin_kind kind);

/* Where a mount comes from. The caller releases `ret`. */
void explain_origin_of(const struct explain_origin_view *v, const struct explain_mount *m, struct explain_origin *ret);

/* What it is, and how it is mounted: "read-only, nosuid …"; the caller frees them. */
char *explain_origin_words(const struct explain_origin *o, const struct explain_mount *m);
char *explain_mount_words(const struct explain_origin_view *v, const struct explain_mount *m);

/* A fact for each mount but those in /proc and /sys, which are another wall's. */
void explain_origins_describe(const struct explain_origin_view *v, explain_facts *ret);

/* Whether it can be written to as far as the mount is concerned. */
bool explain_mount_is_readonly(const struct explain_mount *m);

/* The value of an option with "=" ("size"), or NULL. */
const char *explain_mount_option(char *const *options, const char *name);

/* How those of the subject are looked at. The others are borrowed. */
struct explain_origin_view explain_origin_view(const struct explain_subject *subject, const explain_mounts *mounts,
                                               const char *source);
