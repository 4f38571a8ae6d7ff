/* Importing: a tar of files becomes an image of one layer. */
#pragma once

#include "image/image.h"

struct image_import_options {
    const char *source;               /* a file or an http(s) URL; NULL: standard input */
    const struct oci_reference *name; /* the image gets it; NULL: none. Its tag is set. */
    const char *platform;             /* "os/architecture[/variant]"; NULL: the host's */
    const char *message;              /* NULL: where it came from */
    char *const *changes;             /* instructions (image/change.h) */
    int64_t created;                  /* time.h */
};

/* Makes the image; `ret_id` is its ID. The tar may be compressed with gzip or zstd, and stays so: the layer's blob is
 * what was given. Watches for signals as image_pull() does.
 *
 * ERR_NOT_FOUND, ERR_INVALID (a change, a platform, a URL), ERR_CORRUPT: no tar that can be unpacked; ERR_UNSUPPORTED:
 * compressed in another way; ERR_NETWORK, ERR_TLS, ERR_NO_SPACE, ERR_PERMISSION, ERR_IO, ERR_INTERRUPTED. */
int image_import(struct store *s, const struct image_import_options *options, struct digest *ret_id, struct err *err);
