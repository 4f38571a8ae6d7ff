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
