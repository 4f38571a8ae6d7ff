#include "layer/codec.h"

#include "sys/dl.h"

#include <bzlib.h>
#include <limits.h>

static struct {
    __typeof__(&BZ2_bzDecompressInit) BZ2_bzDecompressInit;
    __typeof__(&BZ2_bzDecompress) BZ2_bzDecompress;
    __typeof__(&BZ2_bzDecompressEnd) BZ2_bzDecompressEnd;
} lib;

static const struct dl_symbol symbols[] = {
    DL_SYMBOL(lib, BZ2_bzDecompressInit),
    DL_SYMBOL(lib, BZ2_bzDecompress),
    DL_SYMBOL(lib, BZ2_bzDecompressEnd),
};
static struct dl_library library = {"libbz2.so.1.0", "libbz2-1.0", symbols, ARRAY_SIZE(symbols), NULL};

/* The header with its block size, and behind it a block or the end: by less than that text would be taken for it. */
static bool bzip2_is_frame(const unsigned char *p, size_t len)
{
    return len >= 10 && memcmp(p, "BZh", 3) == 0 && p[3] >= '1' && p[3] <= '9' &&
           (memcmp(p + 4, "\x31\x41\x59\x26\x53\x59", 6) == 0 || memcmp(p + 4, "\x17\x72\x45\x38\x50\x90", 6) == 0);
}

static int bzip2_load(struct err *err)
{
    return dl_open(&library, err);
}

static int bzip2_open(void **ret_state, struct err *err _unused_)
{
    *ret_state = mem_zalloc(1, sizeof(bz_stream));
    return 0;
}

/* A stream is a frame. One that was not begun has no state, which is no error. */
static int bzip2_reset(void *state, struct err *err)
{
    lib.BZ2_bzDecompressEnd(state);
    if (lib.BZ2_bzDecompressInit(state, 0, 0) != BZ_OK)
        return err_set(err, ERR_UNSUPPORTED, "libbz2 does not start");
    return 0;
}

static int bzip2_step(void *state, struct codec_io *io, struct err *err)
{
    bz_stream *s = state;
    unsigned in = (unsigned)MIN_OF(io->in_len, (size_t)UINT_MAX), out = (unsigned)MIN_OF(io->out_len, (size_t)UINT_MAX);
    int code;

    s->next_in = (char *)(uintptr_t)io->in;
    s->avail_in = in;
    s->next_out = (char *)io->out;
    s->avail_out = out;
    code = lib.BZ2_bzDecompress(s);
    if (code != BZ_OK && code != BZ_STREAM_END)
        return err_set(err, ERR_CORRUPT, "decompressing bzip2: %s",
                       code == BZ_MEM_ERROR ? "out of memory" : "damaged data");
    io->in += in - s->avail_in;
    io->in_len -= in - s->avail_in;
    io->out += out - s->avail_out;
    io->out_len -= out - s->avail_out;
    io->frame_end = code == BZ_STREAM_END;
    return 0;
}

static void bzip2_close(void *state)
{
    lib.BZ2_bzDecompressEnd(state);
    free(state);
}

const struct codec codec_bzip2 = {"bzip2",    bzip2_load,  bzip2_open,    bzip2_reset,
                                  bzip2_step, bzip2_close, bzip2_is_frame};
