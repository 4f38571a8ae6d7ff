#include "layer/compress_internal.h"

#include "sys/dl.h"

#include <zstd.h>

enum { LEVEL = 3, PIECE = 2 << 20 };

static struct {
    __typeof__(&ZSTD_createCCtx) ZSTD_createCCtx;
    __typeof__(&ZSTD_freeCCtx) ZSTD_freeCCtx;
    __typeof__(&ZSTD_CCtx_setParameter) ZSTD_CCtx_setParameter;
    __typeof__(&ZSTD_compress2) ZSTD_compress2;
    __typeof__(&ZSTD_compressBound) ZSTD_compressBound;
    __typeof__(&ZSTD_isError) ZSTD_isError;
    __typeof__(&ZSTD_getErrorName) ZSTD_getErrorName;
} lib;

static const struct dl_symbol symbols[] = {
    DL_SYMBOL(lib, ZSTD_createCCtx),   DL_SYMBOL(lib, ZSTD_freeCCtx),      DL_SYMBOL(lib, ZSTD_CCtx_setParameter),
    DL_SYMBOL(lib, ZSTD_compress2),    DL_SYMBOL(lib, ZSTD_compressBound), DL_SYMBOL(lib, ZSTD_isError),
    DL_SYMBOL(lib, ZSTD_getErrorName),
};
static struct dl_library library = {"libzstd.so.1", "libzstd1", symbols, ARRAY_SIZE(symbols), NULL};

static int zstd_load(struct err *err)
{
    return dl_open(&library, err);
}

static int zstd_open(void **ret_state, struct err *err)
{
    ZSTD_CCtx *ctx = lib.ZSTD_createCCtx();

    if (!ctx || lib.ZSTD_isError(lib.ZSTD_CCtx_setParameter(ctx, ZSTD_c_compressionLevel, LEVEL)) ||
        lib.ZSTD_isError(lib.ZSTD_CCtx_setParameter(ctx, ZSTD_c_checksumFlag, 1))) {
        lib.ZSTD_freeCCtx(ctx);
        return err_set(err, ERR_UNSUPPORTED, "libzstd does not start");
    }
    *ret_state = ctx;
    return 0;
}

static int zstd_piece(void *state, const void *data, size_t len, struct buf *out, struct err *err)
{
    size_t room = lib.ZSTD_compressBound(len);
    size_t n = lib.ZSTD_compress2(state, buf_reserve(out, room), room, data, len);

    if (lib.ZSTD_isError(n))
        return err_set(err, ERR_INTERNAL, "libzstd does not compress: %s", lib.ZSTD_getErrorName(n));
    buf_grown(out, n);
    return 0;
}

static void zstd_close(void *state)
{
    lib.ZSTD_freeCCtx(state);
}

const struct compressor compressor_zstd = {PIECE, zstd_load, zstd_open, zstd_piece, zstd_close, NULL, NULL};
