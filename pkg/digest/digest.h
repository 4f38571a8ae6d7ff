/* Content digests (OCI image specification, descriptor.md, "Digests").
 *
 * What a document or a user claims and what was computed from bytes are different types: only digest_final() makes a
 * `struct digest_computed`, and everything that makes content visible asks for one, so that unverified content does not
 * compile. Parsing, printing and comparing need no library; computing opens libcrypto on first use.
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum digest_algorithm {
    DIGEST_NONE, /* zeroed struct: no digest */
    DIGEST_SHA256,
    DIGEST_SHA512,
};

enum { DIGEST_HEX_MAX = 128, DIGEST_TEXT_MAX = 7 + DIGEST_HEX_MAX + 1 };

/* A claimed digest. A plain value. */
struct digest {
    enum digest_algorithm algorithm;
    char hex[DIGEST_HEX_MAX + 1]; /* lower case */
};

/* A digest that was computed here. */
struct digest_computed {
    struct digest digest;
    int64_t size; /* bytes that went in */
};

/* "sha256:" and 64, or "sha512:" and 128 lower-case hexadecimal digits, and nothing else; ERR_INVALID, or
 * ERR_UNSUPPORTED for another algorithm. */
int digest_parse(const char *text, struct digest *ret, struct err *err);

/* "sha256:…", written to `out`, which is returned. */
char *digest_format(const struct digest *d, char out[DIGEST_TEXT_MAX]);

/* "sha256" */
const char *digest_algorithm_name(enum digest_algorithm a);

bool digest_equal(const struct digest *a, const struct digest *b);

/* A running computation. */
struct digest_stream;

int digest_stream_new(enum digest_algorithm a, struct digest_stream **ret, struct err *err);
void digest_stream_free(struct digest_stream *s);
MEM_DEFINE_CLEANUP(struct digest_stream, digest_stream_free);

void digest_stream_update(struct digest_stream *s, const void *data, size_t len);

/* Ends the computation; the stream can only be freed afterwards. */
void digest_stream_final(struct digest_stream *s, struct digest_computed *ret);

/* Of bytes in memory. */
int digest_compute(enum digest_algorithm a, const void *data, size_t len, struct digest_computed *ret, struct err *err);

/* The sha256 of bytes in memory as 64 hexadecimal digits, for who names things by it. */
enum { DIGEST_SHA256_HEX = 64 };
int digest_hex(const void *data, size_t len, char ret[DIGEST_SHA256_HEX + 1], struct err *err);

/* 0, or ERR_CORRUPT saying what was expected and what came. `size` < 0 is not compared. */
int digest_verify(const struct digest *expected, int64_t size, const struct digest_computed *computed, struct err *err);
