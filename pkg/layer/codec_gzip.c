/* gzip by ISA-L, four times as fast, and by zlib, which is everywhere. */
#include "layer/codec.h"

#include "base/log.h"
#include "sys/dl.h"

#include <isa-l.h>
#include <zlib.h>

static struct {
    __typeof__(&isal_inflate_init) isal_inflate_init;
    __typeof__(&isal_inflate_reset) isal_inflate_reset;
    __typeof__(&isal_inflate) isal_inflate;
    __typeof__(&crc32_gzip_refl) crc32_gzip_refl;
} isal;

static const struct dl_symbol isal_symbols[] = {
    DL_SYMBOL(isal, isal_inflate_init),
    DL_SYMBOL(isal, isal_inflate_reset),
    DL_SYMBOL(isal, isal_inflate),
    DL_SYMBOL(isal, crc32_gzip_refl),
};
static struct dl_library isal_library = {"libisal.so.2", "libisal2", isal_symbols, ARRAY_SIZE(isal_symbols), NULL};

/* The plain names are macros or carry a version in zlib.h. */
#undef inflateInit2
static struct {
    __typeof__(&inflateInit2_) inflateInit2_;
    __typeof__(&inflateReset) inflateReset;
    __typeof__(&inflate) inflate;
    __typeof__(&inflateEnd) inflateEnd;
    __typeof__(&crc32) crc32;
} zlib;

static const struct dl_symbol zlib_symbols[] = {
    DL_SYMBOL(zlib, inflateInit2_), DL_SYMBOL(zlib, inflateReset), DL_SYMBOL(zlib, inflate),
    DL_SYMBOL(zlib, inflateEnd),    DL_SYMBOL(zlib, crc32),
};
static struct dl_library zlib_library = {"libz.so.1", "zlib1g", zlib_symbols, ARRAY_SIZE(zlib_symbols), NULL};

static bool gzip_is_frame(const unsigned char *p, size_t len)
{
    return len >= 2 && p[0] == 0x1f && p[1] == 0x8b;
}

static int igzip_load(struct err *err)
{
    return dl_open(&isal_library, err);
}

static int igzip_open(void **ret_state, struct err *err _unused_)
{
    struct inflate_state *state = mem_alloc(sizeof(*state));

    isal.isal_inflate_init(state);
    *ret_state = state;
    return 0;
}

static int igzip_reset(void *data, struct err *err _unused_)
{
    struct inflate_state *state = data;

    isal.isal_inflate_reset(state);
    state->crc_flag = ISAL_GZIP;
    return 0;
}

static const char *igzip_error(int code)
{
    switch (code) {
    case ISAL_INCORRECT_CHECKSUM:
        return "wrong checksum or length";
    case ISAL_INVALID_WRAPPER:
    case ISAL_UNSUPPORTED_METHOD:
        return "damaged member header";
    default:
        return "damaged data";
    }
}

static int igzip_step(void *data, struct codec_io *io, struct err *err)
{
    struct inflate_state *state = data;
    int code;

    state->next_in = (uint8_t *)io->in;
    state->avail_in = (uint32_t)io->in_len;
    state->next_out = io->out;
    state->avail_out = (uint32_t)io->out_len;
    code = isal.isal_inflate(state);
    if (code < 0)
        return err_set(err, ERR_CORRUPT, "inflating gzip: %s", igzip_error(code));
    io->in = state->next_in;
    io->in_len = state->avail_in;
    io->out = state->next_out;
    io->out_len = state->avail_out;
    io->frame_end = state->block_state == ISAL_BLOCK_FINISH;
    return 0;
}

const struct codec codec_igzip = {"gzip", igzip_load, igzip_open, igzip_reset, igzip_step, free, gzip_is_frame};

static int zlib_load(struct err *err)
{
    return dl_open(&zlib_library, err);
}

static int zlib_open(void **ret_state, struct err *err)
{
    z_stream *z = mem_zalloc(1, sizeof(*z));
    int code = zlib.inflateInit2_(z, 15 + 16, ZLIB_VERSION, (int)sizeof(*z));

    if (code != Z_OK) {
        free(z);
        return err_set(err, ERR_UNSUPPORTED, "zlib does not start (%d)", code);
    }
    *ret_state = z;
    return 0;
}

static int zlib_reset(void *data, struct err *err _unused_)
{
    zlib.inflateReset(data);
    return 0;
}

static int zlib_step(void *data, struct codec_io *io, struct err *err)
{
    z_stream *z = data;
    int code;

    z->next_in = (unsigned char *)io->in;
    z->avail_in = (unsigned)io->in_len;
    z->next_out = io->out;
    z->avail_out = (unsigned)io->out_len;
    code = zlib.inflate(z, Z_NO_FLUSH);
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
        return err_set(err, ERR_CORRUPT, "inflating gzip: %s", z->msg ? z->msg : "damaged data");
    io->in = z->next_in;
    io->in_len = z->avail_in;
    io->out = z->next_out;
    io->out_len = z->avail_out;
    io->frame_end = code == Z_STREAM_END;
    return 0;
}

static void zlib_close(void *data)
{
    zlib.inflateEnd(data);
    free(data);
}

const struct codec codec_zlib = {"gzip", zlib_load, zlib_open, zlib_reset, zlib_step, zlib_close, gzip_is_frame};

const struct codec *codec_gzip(struct err *err)
{
    struct err missing = ERR_INIT;

    if (codec_igzip.load(&missing) == 0)
        return &codec_igzip;
    log_debug("inflating with zlib, which is slower: %s", missing.text);
    return codec_zlib.load(err) == 0 ? &codec_zlib : NULL;
}

uint32_t codec_crc32(uint32_t crc, const void *data, size_t len)
{
    if (isal_library.handle)
        return isal.crc32_gzip_refl(crc, data, len);
    return (uint32_t)zlib.crc32(crc, data, (unsigned)len);
}
