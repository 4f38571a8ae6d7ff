/* Where a layer's compressed bytes come from: a file that may still be growing.
 *
 * A layer is unpacked while it is downloaded. One process writes the blob into a file and announces through a pipe how
 * many bytes are there; another one unpacks and never reads beyond what was announced. Whoever downloads never waits
 * for the unpacking, and a download that goes on after an interruption is announced from the start by one number.
 *
 * On the pipe goes one int64_t a message, in the host's byte order: the number of bytes that the file now has from its
 * start, or, as the last message, its bitwise complement (so a negative number) when the blob is complete. The numbers
 * only grow. The end of the pipe without a last message means that the download was given up.
 */
#pragma once

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct layer_source;

/* A file that is complete; read from its start to its end with pread(2). The descriptor stays the caller's and must
 * outlive the source. */
struct layer_source *layer_source_file(int fd);

/* Whatever can be read, a pipe mostly, from where it stands to its end. It cannot be cancelled: for a process of its
 * own. The descriptor stays the caller's. */
struct layer_source *layer_source_pipe(int fd);

/* As many of its bytes have been read already, and come first. They stay the caller's and must outlive the source. */
void layer_source_begin_with(struct layer_source *s, const void *start, size_t len);

/* A file that grows as `notice_fd`, the reading end of the pipe, says. Both descriptors stay the caller's; the source
 * makes `notice_fd` non-blocking. */
struct layer_source *layer_source_growing(int fd, int notice_fd);

void layer_source_free(struct layer_source *s);
MEM_DEFINE_CLEANUP(struct layer_source, layer_source_free);

/* Reads up to `size` bytes, waiting while none are announced: the count, 0 at the end of the complete blob, or
 * ERR_INTERRUPTED (given up by the writer, or cancelled), ERR_CORRUPT (shorter than announced), ERR_IO. */
ssize_t layer_source_read(struct layer_source *s, void *data, size_t size, struct err *err);

/* Makes a read that waits, and every later one, fail with ERR_INTERRUPTED. The one function here that another thread
 * may call. */
void layer_source_cancel(struct layer_source *s);

/* For the writing side: announces that `total` bytes are there; `last` when the blob is complete and its digest was
 * found right. On a full non-blocking pipe a message that is not the last is left out, since the next one says more;
 * the last one waits. 0, or -errno (EPIPE: the reader is gone, which is his to report; SIGPIPE is ignored by the
 * caller). */
int layer_source_announce(int notice_fd, int64_t total, int last);
