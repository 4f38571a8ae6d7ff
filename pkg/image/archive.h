/* An archive of images: a tar or a directory with documents and blobs under names.
 *
 * Nothing is unpacked by name. A tar is read once for what stands where in it; a name of a document or blob is then
 * looked up in that list, and its bytes are read where they lie. An uncompressed file stays where it is; a pipe, and
 * whatever is compressed, is first written, decompressed by a confined process, into a file of the store's tmp/ that
 * has no name.
 *
 * All names are foreign. In a tar only regular files count, and links between them; a name that stands there twice is
 * an error once somebody asks for it, since Docker takes the last and others the first: two readers would see two
 * images. In a directory, names are resolved beneath it and only regular files are opened.
 */
#pragma once

#include "base/buf.h"
#include "store/store.h"

struct image_archive;

enum {
    IMAGE_ARCHIVE_ENTRIES_MAX = 1 << 17, /* of one tar */
    IMAGE_ARCHIVE_NAME_MAX = 255,        /* longer ones are passed over: no image has them */
};

/* Opens the file or directory `path`, or standard input where it is NULL. ERR_NOT_FOUND; ERR_CORRUPT: no tar, or a
 * damaged one; ERR_UNSUPPORTED: compressed in a way that is not known; ERR_LIMIT, ERR_NO_SPACE, ERR_INTERRUPTED. */
int image_archive_open(struct store *s, const char *path, struct image_archive **ret, struct err *err);
void image_archive_free(struct image_archive *a);
MEM_DEFINE_CLEANUP(struct image_archive, image_archive_free);

/* The same for what is open already and known to be a plain tar; takes over `fd`. For the fuzzer. */
int image_archive_index(int fd, int64_t size, struct image_archive **ret, struct err *err);

/* Where the bytes of a file of the archive are. */
struct image_archive_file {
    int fd; /* the caller's to close */
    int64_t offset, size;
};

/* Finds one. ERR_NOT_FOUND; ERR_CORRUPT: the name stands there twice, or is no regular file, or a link that leads
 * nowhere. */
int image_archive_find(struct image_archive *a, const char *name, struct image_archive_file *ret, struct err *err);
/* Whether something has the name, be it as it may. */
bool image_archive_has(struct image_archive *a, const char *name);

/* The whole of a small one, appended to `b`, whose `max` bounds it. */
int image_archive_read(struct image_archive *a, const char *name, struct buf *b, struct err *err);
