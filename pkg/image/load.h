/* Loading: images out of a file or directory come into the store. */
#pragma once

#include "image/image.h"

/* What became of an image, once for each name that it got, or once without. */
struct image_loaded {
    const char *name; /* "alpine:latest"; NULL: it has none */
    struct digest id;
    struct digest manifest;        /* of the platform that was chosen */
    const struct digest *replaced; /* the ID of another image that had the name, or NULL */
};

/* Which image of an OCI layout is meant, by what index.json says of it. */
struct image_choice {
    const char *tag;      /* org.opencontainers.image.ref.name; NULL: "latest", or else the only one that there is */
    struct digest digest; /* of its index or manifest; where it is given it counts alone */
};

struct image_load_options {
    const struct image_choice *choice; /* of an OCI layout this one alone; NULL: all that there are */
    const char *platform;              /* "os/architecture[/variant]"; NULL: the host's where there are several */
    bool all_platforms;                /* everything that an index names is to come in, as blobs */
    bool nameless;                     /* names of the archive are not given */
    bool unrecorded; /* not even without a name is it kept: it stays as long as loaded() takes, in which another
                        lease can be taken for it */
    void (*event)(const struct image_event *e, void *data); /* as of a pull (image/image.h); may be NULL */
    void (*loaded)(const struct image_loaded *l, void *data);
    void *data;
};

/* Loads all images of the archive `path` (NULL: standard input), which is recognised by its content: archives of Docker
 * old and new, OCI archives and directories, as they are or compressed with gzip or zstd. Everything is verified before
 * it can be seen: blobs by their digests, layers by diffID; names come last. Watches for signals as image_pull() does.
 *
 * Images that were told of as loaded stay when a later one fails. ERR_NOT_FOUND, ERR_INVALID (no archive of images; a
 * choice that leaves several), ERR_CORRUPT, ERR_LIMIT, ERR_UNSUPPORTED, ERR_NO_SPACE, ERR_PERMISSION, ERR_IO,
 * ERR_INTERRUPTED. */
int image_load(struct store *s, const char *path, const struct image_load_options *options, struct err *err);
