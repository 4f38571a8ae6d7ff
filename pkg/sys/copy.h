/* Bytes from a file to wherever, moved by the kernel where it can: shared on file systems that share, else copied
 * without coming by here. copy_file_range(2), sendfile(2).
 */
#pragma once

#include <signal.h>
#include <stdint.h>

/* Copies `len` bytes at `offset` of the file `in` to where `out` stands; 0 or -errno: -ENODATA where `in` ends before,
 * -EINTR once `*stop` is not 0 (it may be NULL), which is looked at every now and then and after a signal. */
int copy_range(int in, int64_t offset, int out, int64_t len, const volatile sig_atomic_t *stop);

/* The same for all `size` bytes of `in` into the empty file `out`, holes as holes. */
int copy_pieces(int in, int out, int64_t size, const volatile sig_atomic_t *stop);
