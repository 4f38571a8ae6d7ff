/* Between the parts of compressing: not for use elsewhere. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

/* A format that layers are compressed to. */
struct compressor {
    size_t piece;                 /* bytes compressed at once */
    int (*load)(struct err *err); /* opens the library; called before any other, on one thread */
    int (*open)(void **ret_state, struct err *err);
    /* One piece, appended to `out`; several threads do so at once, each with a state of its own. */
    int (*piece_compress)(void *state, const void *data, size_t len, struct buf *out, struct err *err);
    void (*close)(void *state);
    /* What stands before the first piece and behind the last, which know of `crc` (codec_crc32()) and size of all. */
    void (*head)(struct buf *out);
    void (*tail)(uint32_t crc, int64_t size, struct buf *out);
};

extern const struct compressor compressor_gzip, compressor_zstd;
