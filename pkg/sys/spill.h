/* Bytes that are written one after the other and read again, perhaps more of them than memory should hold: what is
 * beyond a limit lies in a file without a name (open(2), O_TMPFILE) in /var/tmp, which is read in pieces and never
 * mapped, since mapped pages that were touched count as memory. Where no such file can be made all of it stays in
 * memory.
 *
 * Errors are -errno: -ENOSPC and what else writing a file may bring.
 */
#pragma once

#include "base/buf.h"

#include <stdint.h>

struct spill {
    size_t most;        /* bytes that stay in memory before there is a file */
    struct buf waiting; /* all of it; once there is a file, what comes behind it */
    int fd;             /* -1: there is none */
    int64_t written;    /* bytes that are in it */
};

#define SPILL_INIT(n) ((struct spill){.most = (n), .fd = -1})
void spill_release(struct spill *s);
#define _cleanup_spill_ _cleanup_(spill_release)

int spill_add(struct spill *s, const void *data, size_t len);

/* Puts other bytes in the place of some that are there. */
int spill_patch(struct spill *s, int64_t at, const void *data, size_t len);

static inline int64_t spill_size(const struct spill *s)
{
    return s->written + (int64_t)s->waiting.len;
}

/* Reading from any place, best in order: `size` bytes at a time are taken from the file. A patch of what a reader may
 * have taken already is not seen. */
struct spill_reader {
    struct spill *spill;
    size_t size;
    char *window;
    int64_t start; /* of what is in it */
    size_t len;
};

#define SPILL_READER_INIT(s, n) ((struct spill_reader){.spill = (s), .size = (n)})
void spill_reader_release(struct spill_reader *r);

/* `n` bytes from `at` on, at `*ret` until the next call. -EIO where there are fewer. */
int spill_read(struct spill_reader *r, int64_t at, size_t n, const char **ret);
