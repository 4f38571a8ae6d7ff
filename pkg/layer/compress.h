/* Compressing a layer for a registry, on as many threads as there are processors, with bytes that depend on the content
 * alone: neither on the number of threads nor on the processor.
 *
 * The tar is cut into pieces of a fixed size, each compressed without knowledge of the others, and put together in
 * their order: as one gzip member (RFC 1952; each piece ends on a byte, as after a flush, so the whole is one deflate
 * stream that every reader takes), or as one zstd frame a piece (RFC 8878). The gzip header names neither time nor
 * system.
 *
 * gzip is zlib at level 5, which takes two thirds of the time of level 6 for 2 per cent more bytes; ISA-L is faster,
 * but its bytes differ from processor to processor. zstd is at level 3, its own default.
 */
#pragma once

#include "digest/digest.h"
#include "layer/source.h"
#include "oci/manifest.h"

#include <signal.h>

struct layer_compress_options {
    enum oci_compression to;                        /* gzip or zstd */
    unsigned threads;                               /* 0: one a processor, 16 at most */
    void (*progress)(int64_t consumed, void *data); /* bytes of the source that were taken; may be NULL */
    void *data;
    const volatile sig_atomic_t *interrupted; /* non-zero: it ends with ERR_INTERRUPTED; may be NULL */
};

struct layer_compressed {
    struct digest_computed blob;
    struct digest_computed diff_id; /* of the tar */
};

/* Opens the libraries. For those who compress on another thread than the one that opens others. */
int layer_compress_open(enum oci_compression to, struct err *err);

/* Reads a layer, which may be compressed in any known way, and writes it to `fd` from its file position on. The source
 * and `fd` stay the caller's. ERR_CORRUPT, ERR_INTERRUPTED, ERR_UNSUPPORTED where a library is
 * missing, or what writing fails with. */
int layer_compress(struct layer_source *source, int fd, const struct layer_compress_options *options,
                   struct layer_compressed *ret, struct err *err);
