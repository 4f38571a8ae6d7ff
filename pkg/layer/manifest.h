/* What a layer's tree holds, one line a member, for checking and repairing it later.
 *
 *     <type> <mode> <uid> <gid> <mtime> <size> <crc32> <xattrs> <path>[ <target>]
 *
 *     type    f regular file, d directory, l symbolic link, h hard link, c and b devices, p fifo,
 *             w whiteout, o opaque directory (the path is the directory's), - removed: the path and everything
 *             below it were replaced by later lines
 *     mode    permission bits, octal                    uid, gid  decimal
 *     mtime   seconds.nanoseconds since 1970, the seconds signed and the fraction always added to them
 *     size    of a file in bytes, MAJOR:MINOR of a device, else 0
 *     crc32   of a file's content (as zlib's) in 8 hexadecimal digits; "-" for other types and files with holes
 *     xattrs  sha256 over its attributes sorted by name as "name\0" + 32-bit little-endian length + value; or "-"
 *     path    relative to the tree, "." for the tree; bytes below 0x21, above 0x7e and the backslash as \xHH
 *     target  of a symbolic link as it is, of a hard link relative to the tree; escaped like the path
 *
 * Lines stand in the order in which the tree was written: a later line for a path replaces an earlier one.
 */
#pragma once

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct layer_entry {
    char type;
    bool has_crc;
    mode_t mode; /* permission bits */
    uid_t uid;
    gid_t gid;
    unsigned major, minor;
    int64_t mtime_sec;
    uint32_t mtime_nsec;
    uint32_t crc32;
    int64_t size;
    const char *path;
    const char *target; /* NULL unless type is l or h */
    const char *xattrs; /* 64 hexadecimal digits or NULL */
};

/* Appends an entry's line to `out`. */
void layer_manifest_format(const struct layer_entry *e, struct buf *out);

/* Reading one from its start: entries in order. `fd` stays the caller's and is read with pread(2). */
struct layer_manifest_reader;

struct layer_manifest_reader *layer_manifest_reader_new(int fd);
void layer_manifest_reader_free(struct layer_manifest_reader *r);
MEM_DEFINE_CLEANUP(struct layer_manifest_reader, layer_manifest_reader_free);

/* 1 and the next entry, whose strings are good until the next call; 0 at the end; ERR_CORRUPT, ERR_IO. */
int layer_manifest_read(struct layer_manifest_reader *r, struct layer_entry *ret, struct err *err);
