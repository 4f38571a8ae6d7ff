/* Writing what a layer's tree holds (layer/manifest.h), as its members come. */
#pragma once

#include "layer/manifest.h"
#include "layer/tar.h"

/* Zeroed but for `fd`, which stays the caller's. */
struct manifest_writer {
    int fd;
    struct buf text; /* not written yet */
};

void manifest_writer_release(struct manifest_writer *w);

int manifest_writer_add(struct manifest_writer *w, const struct layer_entry *e, struct err *err);

/* A line that has nothing but a name. */
int manifest_writer_mark(struct manifest_writer *w, char type, const char *path, struct err *err);

/* A member as `path`; `crc` NULL: none; `xattrs`: as attributes_digest() gives it. */
int manifest_writer_member(struct manifest_writer *w, const struct tar_member *m, const char *path, const char *target,
                           const uint32_t *crc, const char *xattrs, struct err *err);

/* Writes what is left. */
int manifest_writer_flush(struct manifest_writer *w, struct err *err);
