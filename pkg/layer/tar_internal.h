/* Between the parts of the tar reader; not for use elsewhere. */
#pragma once

#include "base/buf.h"
#include "layer/tar.h"

/* One piece of a sparse file that has content. */
struct tar_piece {
    int64_t offset;
    int64_t size;
};

struct tar_map {
    VEC(struct tar_piece) pieces;
    int64_t total; /* of the pieces' sizes */
};

/* What a PAX header says about the member that follows it; pointers into `raw`. */
struct tar_pax {
    struct buf raw;
    const char *path, *linkpath;
    bool has_size, has_uid, has_gid, has_mtime;
    int64_t size, uid, gid;
    int64_t mtime_sec;
    uint32_t mtime_nsec;
    VEC(struct tar_xattr) xattrs;

    /* GNU.sparse.* */
    bool sparse, sparse_in_data; /* the file has holes; the map is in its content (format 1.0), not in records */
    const char *sparse_name;
    int64_t sparse_size; /* -1: not given */
    struct tar_map map;
};

/* POSIX "ustar Interchange Format", with what GNU tar puts in the place of the prefix. */
struct tar_header {
    unsigned char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, linkname[100], magic[8],
        uname[32], gname[32], major[8], minor[8];
    union {
        unsigned char prefix[155];
        struct {
            unsigned char atime[12], ctime[12], offset[12], longnames[4], unused;
            unsigned char pieces[4][2][12];
            unsigned char extended, size[12];
        } gnu;
    } u;
    unsigned char padding[12];
};
_Static_assert(sizeof(struct tar_header) == TAR_BLOCK, "a header fills a block");

/* What goes on the map of an old GNU sparse file. */
struct tar_extension {
    unsigned char pieces[21][2][12], extended, padding[7];
};
_Static_assert(sizeof(struct tar_extension) == TAR_BLOCK, "so does its continuation");

struct tar_reader {
    struct layer_stream *stream; /* NULL: the file */
    int fd;
    int64_t file_size;
    int64_t file_at; /* behind what was read of the file */
    unsigned char *file_buffer;
    const unsigned char *p; /* what is left of the stream's buffer, or of the file's */
    size_t len;
    bool ended;

    struct tar_pax pax;
    struct buf long_name, long_link;
    char name[sizeof(((struct tar_header *)0)->u.prefix) + 1 + sizeof(((struct tar_header *)0)->name) + 1];
    char linkname[sizeof(((struct tar_header *)0)->linkname) + 1];

    /* The content of the current member. */
    int64_t left; /* bytes of it in the stream, without padding */
    unsigned pad;
    int64_t offset; /* in the file, of the next byte */
    bool sparse;
    size_t piece; /* of the map */
};

/* Forgets all, keeps memory. */
void tar_pax_clear(struct tar_pax *pax);
void tar_pax_release(struct tar_pax *pax);

/* Reads the records in `pax->raw` (which is changed). */
int tar_pax_parse(struct tar_pax *pax, struct err *err);

/* Adds a piece; it must lie behind those before it. */
int tar_map_add(struct tar_map *map, int64_t offset, int64_t size, struct err *err);

/* Whether all of it lies within a file of `size` bytes and `stored` bytes of content are what it needs. */
int tar_map_check(const struct tar_map *map, int64_t size, int64_t stored, struct err *err);

/* A field of a header: octal digits, or base 256 where the first bit is set. ERR_CORRUPT naming the field. */
int tar_number(const unsigned char *field, size_t len, const char *name, int64_t *ret, struct err *err);

/* A decimal number of exactly `len` bytes; false where it is none or too large. */
bool tar_decimal(const char *s, size_t len, int64_t *ret);

/* Seconds with an optional fraction and sign; times before 1970 have a fraction that counts forwards. */
bool tar_time(const char *s, size_t len, int64_t *ret_sec, uint32_t *ret_nsec);

/* The next block of the stream: 1, or 0 at the end. */
int tar_reader_block(struct tar_reader *t, const unsigned char **ret, struct err *err);

/* ERR_CORRUPT: the stream ends in the middle. */
int tar_reader_truncated(struct err *err);

/* The map of the current member, from an old GNU header (and the size that this has) or from the front of the content,
 * which `left` is reduced by. */
int tar_sparse_old(struct tar_reader *t, const struct tar_header *h, struct err *err);
int tar_sparse_in_data(struct tar_reader *t, struct err *err);
