#include "layer/codec.h"

#include "sys/dl.h"

#include <lzma.h>

static struct {
    __typeof__(&lzma_stream_decoder) lzma_stream_decoder;
    __typeof__(&lzma_code) lzma_code;
    __typeof__(&lzma_end) lzma_end;
} lib;

static const struct dl_symbol symbols[] = {
    DL_SYMBOL(lib, lzma_stream_decoder),
    DL_SYMBOL(lib, lzma_code),
    DL_SYMBOL(lib, lzma_end),
};
static struct dl_library library = {"liblzma.so.5", "liblzma5", symbols, ARRAY_SIZE(symbols), NULL};

static bool xz_is_frame(const unsigned char *p, size_t len)
{
    return len >= 6 && memcmp(p, "\xfd\x37zXZ\0", 6) == 0;
}

static int xz_load(struct err *err)
{
    return dl_open(&library, err);
}

static int xz_open(void **ret_state, struct err *err _unused_)
{
    *ret_state = mem_zalloc(1, sizeof(lzma_stream));
    return 0;
}

/* A stream is a frame. */
static int xz_reset(void *state, struct err *err)
{
    if (lib.lzma_stream_decoder(state, (uint64_t)CODEC_XZ_MEMORY_MAX, 0) != LZMA_OK)
        return err_set(err, ERR_UNSUPPORTED, "liblzma does not start");
    return 0;
}

static int xz_failed(lzma_ret code, struct err *err)
{
    if (code == LZMA_MEMLIMIT_ERROR)
        return err_set(err, ERR_LIMIT, "decompressing xz takes more than %d MiB of memory", CODEC_XZ_MEMORY_MAX >> 20);
    return err_set(err, ERR_CORRUPT, "decompressing xz: %s",
                   code == LZMA_OPTIONS_ERROR ? "a filter that is not known" : "damaged data");
}

static int xz_step(void *state, struct codec_io *io, struct err *err)
{
    lzma_stream *s = state;
    lzma_ret code;

    s->next_in = io->in;
    s->avail_in = io->in_len;
    s->next_out = io->out;
    s->avail_out = io->out_len;
    code = lib.lzma_code(s, LZMA_RUN);
    /* That nothing moved is for the decoder to see. */
    if (code != LZMA_OK && code != LZMA_STREAM_END && code != LZMA_BUF_ERROR)
        return xz_failed(code, err);
    io->in = s->next_in;
    io->in_len = s->avail_in;
    io->out = s->next_out;
    io->out_len = s->avail_out;
    io->frame_end = code == LZMA_STREAM_END;
    return 0;
}

static void xz_close(void *state)
{
    lib.lzma_end(state);
    free(state);
}

const struct codec codec_xz = {"xz", xz_load, xz_open, xz_reset, xz_step, xz_close, xz_is_frame};
