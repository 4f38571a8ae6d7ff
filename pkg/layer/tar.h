/* Reading a tar: ustar, PAX, GNU and the old V7 form.
 *
 * Our own reader, though pkg/ otherwise leaves formats to libraries, because a layer's names are bytes: libarchive
 * converts those of PAX headers to the locale, which changes decomposed Unicode (e + U+0301 becomes U+00E9) and loses a
 * symbolic link's target that it cannot convert. Docker reads layers with Go's archive/tar; where dialects leave
 * room, this follows it: global PAX headers are read over, a GNU long name wins over PAX, a hard link, a directory and
 * other types without content have none whatever their header's size says, and a type of entry that is not known is an
 * error. POSIX pax, "ustar Interchange Format" and "pax Header Block"; GNU tar manual, "Basic Tar Format" and "Storing
 * Sparse Files".
 *
 * Memory is bounded: PAX headers and long names by TAR_SPECIAL_MAX, the map of a sparse file by TAR_SPARSE_MAX.
 */
#pragma once

#include "base/vec.h"
#include "layer/stream.h"

#include <stdbool.h>
#include <sys/types.h>

enum {
    TAR_BLOCK = 512,
    TAR_SPECIAL_MAX = 1 << 20, /* bytes of one PAX header or long name, as Go's */
    TAR_SPARSE_MAX = 1 << 17,  /* pieces of one sparse file */
    TAR_XATTRS_MAX = 256,      /* extended attributes of one member */
};

enum tar_type {
    TAR_FILE,
    TAR_DIRECTORY,
    TAR_SYMLINK,
    TAR_HARDLINK,
    TAR_CHARACTER,
    TAR_BLOCK_DEVICE,
    TAR_FIFO,
};

struct tar_xattr {
    const char *name;
    const void *value;
    size_t len;
};

/* Strings and attributes belong to the reader and are good until the next header. */
struct tar_member {
    enum tar_type type;
    const char *path; /* as it stands in the tar */
    const char *target;
    mode_t mode; /* 07777 */
    uid_t uid;
    gid_t gid;
    int64_t mtime_sec;
    uint32_t mtime_nsec;
    int64_t size; /* of a file, holes included; else 0 */
    unsigned major, minor;
    bool sparse;
    const struct tar_xattr *xattrs;
    size_t n_xattrs;
};

/* Whether TAR_BLOCK bytes are the header of a member: by their checksum. */
bool tar_is_header(const void *block);

struct tar_reader;

/* The stream stays the caller's. */
struct tar_reader *tar_reader_new(struct layer_stream *stream);
/* Reads a tar that lies uncompressed in a file of `size` bytes, from its start, with pread(2): contents that nobody
 * asks for are jumped over. The descriptor stays the caller's. */
struct tar_reader *tar_reader_new_file(int fd, int64_t size);
/* Of such a reader: where in the file the content of the member begins that tar_reader_next() gave last. */
int64_t tar_reader_offset(const struct tar_reader *t);

void tar_reader_free(struct tar_reader *t);
MEM_DEFINE_CLEANUP(struct tar_reader, tar_reader_free);

/* The next member: 1; 0 at the end; ERR_CORRUPT, ERR_LIMIT, ERR_UNSUPPORTED or an error of the stream. What is left of
 * the previous member's content is passed over. */
int tar_reader_next(struct tar_reader *t, struct tar_member *ret, struct err *err);

/* The next piece of the member's content without copying it: 1 and where it belongs in the file; 0 at the end. */
int tar_reader_data(struct tar_reader *t, const unsigned char **ret, size_t *ret_len, int64_t *ret_offset,
                    struct err *err);

/* Passes over all that follows the end of the tar, so that the whole stream is hashed. */
int tar_reader_drain(struct tar_reader *t, struct err *err);
