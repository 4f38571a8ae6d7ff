/* What ADD does beside COPY: archives unpacked, what was fetched put into its place. Not for use outside of copy*.c. */
#pragma once

#include "build/copying.h"
#include "layer/tar.h"

/* Unpacks a selected file that is an archive: 1; 0: it is none, and is to be copied. */
int add_selected(struct copying *c, const struct build_file *f, struct err *err);

/* A file of a URL, or a repository. */
int add_fetched(struct copying *c, const struct build_fetched *f, struct err *err);

/* ---- archives ---- */

/* A tar, plain or compressed in any of the ways that Docker knows. */
struct add_archive {
    struct layer_source *source;
    struct layer_stream *stream;
    struct tar_reader *tar;
    struct tar_member first; /* read already */
};
#define ADD_ARCHIVE_NONE ((struct add_archive){.tar = NULL})

/* Whether the file may be an archive, by what it begins with: 1, the library of its compression open; 0.
 * ERR_UNSUPPORTED: that is missing. */
int add_archive_likely(int fd, struct err *err);

/* Whether the file, of `size` bytes, is an archive that has something in it: 1, open; 0: it is something else. For a
 * confined process, as all below. ERR_LIMIT, ERR_CORRUPT. add_archive_close() in any case. */
int add_archive_open(int fd, int64_t size, struct add_archive *ret, struct err *err);
/* At its end: whether it was whole. */
int add_archive_finish(struct add_archive *a, struct err *err);
void add_archive_close(struct add_archive *a);

/* All members into place_top() of `c->place`, a directory: as in a root. */
int add_members(struct copying *c, struct add_archive *a, struct err *err);
