/* Writing a tar: the headers of its members, byte for byte the same for the same member.
 *
 * A member that fits is written as ustar, as everybody reads it. What does not fit there (long names and those that are
 * no ASCII, sizes of 8 GiB and more, large ids, times with fractions or out of range, extended attributes) stands in a
 * PAX header before it, as Go's archive/tar has it. POSIX pax, "pax Header Block".
 *
 *     tar_write_header(&member, &out);   then the member's `size` bytes, then
 *     tar_write_padding(size, &out);     and behind the last member
 *     tar_write_end(&out);
 */
#pragma once

#include "base/buf.h"
#include "layer/tar.h"

/* Appends what stands before the content of `m`. Only a file has content; a sparse one is written whole. A directory's
 * name gets its slash. */
void tar_write_header(const struct tar_member *m, struct buf *out);

/* Appends what fills up the last block of a content of `size` bytes. */
void tar_write_padding(int64_t size, struct buf *out);

/* Appends the end of the tar. */
void tar_write_end(struct buf *out);
