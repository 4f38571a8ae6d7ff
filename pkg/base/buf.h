/* A growable byte buffer.
 *
 * Invariants: `p` is never NULL after the first append and p[len] is always 0, so a buffer that holds text is a C
 * string; before the first append buf_str() gives "". A buffer with `max` > 0 holds at most that many bytes: foreign
 * data is only ever collected in such a one, and an append beyond it fails with ERR_LIMIT and changes nothing. Appends
 * to a buffer without `max` cannot fail.
 */
#pragma once

#include "base/err.h"

#include <stddef.h>
#include <sys/types.h>

struct buf {
    char *p;
    size_t len;
    size_t cap; /* allocated bytes, the final 0 included */
    size_t max; /* 0: unlimited */
};

#define BUF_INIT        ((struct buf){0})
#define BUF_INIT_MAX(m) ((struct buf){.max = (m)})

void buf_free(struct buf *b);
#define _cleanup_buf_ _cleanup_(buf_free)

/* Appends; 0 or ERR_LIMIT (the text names the limit). */
int buf_append(struct buf *b, const void *data, size_t len, struct err *err);

/* Appends to an unlimited buffer (or one known to have room): aborts where a limit is hit. */
void buf_add(struct buf *b, const void *data, size_t len);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) _printf_(2, 3);

/* Appends `s` as a string of a JSON document, in quotes. RFC 8259, section 7. */
void buf_add_json(struct buf *b, const char *s);

/* Makes room for `n` more bytes beyond `len` and returns where they go; the caller adds to `len` what it wrote, with
 * buf_grown(). NULL where `max` forbids it. */
void *buf_reserve(struct buf *b, size_t n);
void buf_grown(struct buf *b, size_t n);

/* Drops the content and keeps the memory. */
void buf_clear(struct buf *b);

/* Drops the first `n` bytes. */
void buf_consume(struct buf *b, size_t n);

/* The content as a C string, owned by the buffer. */
const char *buf_str(const struct buf *b);

/* Hands the content over as a string that the caller frees; the buffer is empty afterwards. */
char *buf_steal(struct buf *b);
