/* What streams are compressed with, by how they begin: the one table of it. */
#pragma once

#include "layer/codec.h"
#include "layer/tar.h"
#include "oci/manifest.h"

/* What has to be seen of a stream: a tar is known by all of its first header. */
enum { COMPRESSION_START = TAR_BLOCK };

struct compression {
    const char *name;            /* of the usual program as well */
    const struct codec *codec;   /* NULL: known by name alone */
    enum oci_compression layers; /* as layers of images may have it; OCI_COMPRESSION_NONE: they may not */
    const char *magic;           /* of what has no codec */
    size_t len;
};

/* By the first COMPRESSION_START bytes, or as many as there are. NULL: with nothing that is known, as a tar whose first
 * member's name begins like something compressed. */
const struct compression *compression_find(const void *start, size_t len);

/* What decompresses it, its library open: so for before a process confines itself. NULL: ERR_UNSUPPORTED, as below or
 * for lack of the library. */
const struct codec *compression_open(const struct compression *c, struct err *err);

/* ERR_UNSUPPORTED: `compressed with lz4, which is not supported`. */
int compression_refuse(const struct compression *c, struct err *err);
