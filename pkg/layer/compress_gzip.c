#include "layer/compress_internal.h"

#include "layer/codec.h"
#include "sys/dl.h"

#include <zlib.h>

enum { LEVEL = 5, MEMORY_LEVEL = 8, PIECE = 1 << 20 };

#undef deflateInit2
static struct {
    __typeof__(&deflateInit2_) deflateInit2_;
    __typeof__(&deflateBound) deflateBound;
    __typeof__(&deflateReset) deflateReset;
    __typeof__(&deflate) deflate;
    __typeof__(&deflateEnd) deflateEnd;
} zlib;

static const struct dl_symbol symbols[] = {
    DL_SYMBOL(zlib, deflateInit2_), DL_SYMBOL(zlib, deflateBound), DL_SYMBOL(zlib, deflateReset),
    DL_SYMBOL(zlib, deflate),       DL_SYMBOL(zlib, deflateEnd),
};
static struct dl_library library = {"libz.so.1", "zlib1g", symbols, ARRAY_SIZE(symbols), NULL};

static int gzip_load(struct err *err)
{
    int r = dl_open(&library, err);

    return r < 0 || codec_gzip(err) ? r : ERR_UNSUPPORTED; /* for its CRC */
}

static int gzip_open(void **ret_state, struct err *err)
{
    z_stream *z = mem_zalloc(1, sizeof(*z));
    /* No header and no checksum: they are the whole stream's. */
    int code =
        zlib.deflateInit2_(z, LEVEL, Z_DEFLATED, -15, MEMORY_LEVEL, Z_DEFAULT_STRATEGY, ZLIB_VERSION, (int)sizeof(*z));

    if (code != Z_OK) {
        free(z);
        return err_set(err, ERR_UNSUPPORTED, "zlib does not start (%d)", code);
    }
    *ret_state = z;
    return 0;
}

static int gzip_piece(void *state, const void *data, size_t len, struct buf *out, struct err *err)
{
    enum { FLUSH_MAX = 16 };
    z_stream *z = state;
    size_t room;

    zlib.deflateReset(z);
    room = zlib.deflateBound(z, len) + FLUSH_MAX;
    z->next_in = (unsigned char *)data;
    z->avail_in = (unsigned)len;
    z->next_out = buf_reserve(out, room);
    z->avail_out = (unsigned)room;
    if (zlib.deflate(z, Z_SYNC_FLUSH) != Z_OK || z->avail_in || !z->avail_out)
        return err_set(err, ERR_INTERNAL, "zlib does not compress: %s", z->msg ? z->msg : "no reason");
    buf_grown(out, room - z->avail_out);
    return 0;
}

static void gzip_close(void *state)
{
    zlib.deflateEnd(state);
    free(state);
}

static void gzip_head(struct buf *out)
{
    static const unsigned char head[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}; /* no time, no system */

    buf_add(out, head, sizeof(head));
}

static void add_le32(struct buf *out, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        buf_addc(out, (char)(value >> (8 * i)));
}

static void gzip_tail(uint32_t crc, int64_t size, struct buf *out)
{
    static const unsigned char last_block[] = {3, 0}; /* empty, with the fixed codes */

    buf_add(out, last_block, sizeof(last_block));
    add_le32(out, crc);
    add_le32(out, (uint32_t)size);
}

const struct compressor compressor_gzip = {PIECE, gzip_load, gzip_open, gzip_piece, gzip_close, gzip_head, gzip_tail};
