#include "layer/codec.h"

#include "sys/dl.h"

#include <zstd.h>

static struct {
    __typeof__(&ZSTD_createDCtx) ZSTD_createDCtx;
    __typeof__(&ZSTD_freeDCtx) ZSTD_freeDCtx;
    __typeof__(&ZSTD_DCtx_setParameter) ZSTD_DCtx_setParameter;
    __typeof__(&ZSTD_DCtx_reset) ZSTD_DCtx_reset;
    __typeof__(&ZSTD_decompressStream) ZSTD_decompressStream;
    __typeof__(&ZSTD_isError) ZSTD_isError;
    __typeof__(&ZSTD_getErrorName) ZSTD_getErrorName;
} lib;

static const struct dl_symbol symbols[] = {
    DL_SYMBOL(lib, ZSTD_createDCtx),       DL_SYMBOL(lib, ZSTD_freeDCtx), DL_SYMBOL(lib, ZSTD_DCtx_setParameter),
    DL_SYMBOL(lib, ZSTD_DCtx_reset),       DL_SYMBOL(lib, ZSTD_isError),  DL_SYMBOL(lib, ZSTD_getErrorName),
    DL_SYMBOL(lib, ZSTD_decompressStream),
};
static struct dl_library library = {"libzstd.so.1", "libzstd1", symbols, ARRAY_SIZE(symbols), NULL};

/* A frame, or a skippable frame, as chunked layers have for their index. */
static bool zstd_is_frame(const unsigned char *p, size_t len)
{
    return len >= 4 && ((p[0] == 0x28 && p[1] == 0xb5 && p[2] == 0x2f && p[3] == 0xfd) ||
                        ((p[0] & 0xf0) == 0x50 && p[1] == 0x2a && p[2] == 0x4d && p[3] == 0x18));
}

static int zstd_load(struct err *err)
{
    return dl_open(&library, err);
}

static int zstd_open(void **ret_state, struct err *err)
{
    ZSTD_DCtx *ctx = lib.ZSTD_createDCtx();

    if (!ctx || lib.ZSTD_isError(lib.ZSTD_DCtx_setParameter(ctx, ZSTD_d_windowLogMax, CODEC_ZSTD_WINDOW_LOG_MAX))) {
        lib.ZSTD_freeDCtx(ctx);
        return err_set(err, ERR_UNSUPPORTED, "libzstd does not start");
    }
    *ret_state = ctx;
    return 0;
}

static int zstd_reset(void *state, struct err *err _unused_)
{
    lib.ZSTD_DCtx_reset(state, ZSTD_reset_session_only);
    return 0;
}

static int zstd_step(void *state, struct codec_io *io, struct err *err)
{
    ZSTD_inBuffer in = {io->in, io->in_len, 0};
    ZSTD_outBuffer out = {io->out, io->out_len, 0};
    size_t left = lib.ZSTD_decompressStream(state, &out, &in);

    if (lib.ZSTD_isError(left))
        return err_set(err, ERR_CORRUPT, "decompressing zstd: %s", lib.ZSTD_getErrorName(left));
    io->in += in.pos;
    io->in_len -= in.pos;
    io->out += out.pos;
    io->out_len -= out.pos;
    io->frame_end = left == 0;
    return 0;
}

static void zstd_close(void *state)
{
    lib.ZSTD_freeDCtx(state);
}

const struct codec codec_zstd = {"zstd", zstd_load, zstd_open, zstd_reset, zstd_step, zstd_close, zstd_is_frame};
