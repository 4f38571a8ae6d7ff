/* Decompressing a layer or an archive: many frames behind each other, each checked, nothing behind them but zero
 * padding.
 *
 * A gzip stream has members, a zstd stream frames, and both may have many: stopping behind the first would cut the
 * layer silently. What follows the last must be nothing or zeros; anything else, and an end inside a frame, is
 * ERR_CORRUPT. RFC 1952, RFC 8878.
 */
#pragma once

#include "layer/source.h"

#include <stdbool.h>

/* Input and output of one step; a step moves the pointers on. */
struct codec_io {
    const unsigned char *in;
    size_t in_len;
    unsigned char *out;
    size_t out_len;
    bool frame_end; /* the frame is complete and was found right */
};

/* One library that decompresses one format. Its state lives for a whole stream; each frame starts with reset(). */
struct codec {
    const char *name;
    int (*load)(struct err *err); /* opens the library; called before any other */
    int (*open)(void **ret_state, struct err *err);
    int (*reset)(void *state, struct err *err);
    int (*step)(void *state, struct codec_io *io, struct err *err); /* as far as input and room go */
    void (*close)(void *state);
    bool (*is_frame)(const unsigned char *p, size_t len); /* whether a frame begins here */
};

extern const struct codec codec_igzip; /* gzip by ISA-L */
extern const struct codec codec_zlib;  /* gzip by zlib */
extern const struct codec codec_zstd;
extern const struct codec codec_xz;    /* by liblzma */
extern const struct codec codec_bzip2; /* by libbz2 */

/* Windows of zstd up to 2^27 bytes: what its own tool accepts by default, and the memory that one stream may take. */
enum { CODEC_ZSTD_WINDOW_LOG_MAX = 27 };
/* Memory of xz, whose dictionary is most of it: twice what `xz -9` asks for, and below what a confined process has. */
enum { CODEC_XZ_MEMORY_MAX = 160 << 20 };

/* What gzip is inflated by: ISA-L where it can be opened, else zlib. */
const struct codec *codec_gzip(struct err *err);

struct decoder;

/* Reads the beginning of `source` to see what it is; a stream that is neither gzip nor zstd passes as it is. `gzip`
 * inflates gzip; NULL means codec_gzip(). The source stays the caller's. */
int decoder_new(struct layer_source *source, const struct codec *gzip, struct decoder **ret, struct err *err);
/* Of archives, which may be compressed in all ways that can be undone here (layer/compression.h). */
int decoder_new_any(struct layer_source *source, struct decoder **ret, struct err *err);
void decoder_free(struct decoder *d);
MEM_DEFINE_CLEANUP(struct decoder, decoder_free);

/* Fills `data` completely unless the stream ends: the count, 0 at the end, or a negative kind. */
ssize_t decoder_read(struct decoder *d, void *data, size_t size, struct err *err);

/* Compressed bytes taken from the source so far. */
int64_t decoder_consumed(const struct decoder *d);

/* CRC-32 of RFC 1952, continued from `crc` (0 at first), by whichever library is open. For after codec_gzip(). */
uint32_t codec_crc32(uint32_t crc, const void *data, size_t len);
