/* Tars and compressed streams made in memory, with nothing that stops them from being wrong. */
#pragma once

#include "../unit.h"

#include "base/buf.h"
#include "layer/source.h"
#include "sys/dl.h"
#include "sys/fd.h"

#include <sys/mman.h>
#include <zlib.h>
#include <zstd.h>

/* A member; what is 0 gets what most have. */
struct item {
    const char *name;
    char type; /* '0' */
    unsigned mode;
    int64_t uid, gid; /* the running user's, so that no root is needed */
    int64_t mtime;
    const char *link;
    const void *data;
    size_t len;
    int64_t size; /* what the header says instead of `len`; -1: 0 */
    unsigned major, minor;
};

static inline void octal(char *field, size_t len, int64_t value)
{
    if (value >= 0 && value < (int64_t)1 << (3 * (len - 1))) {
        snprintf(field, len, "%0*llo", (int)len - 1, (unsigned long long)value);
        return;
    }
    /* base 256 */
    for (size_t i = len; i-- > 0; value >>= 8)
        field[i] = (char)value;
    field[0] = (char)(field[0] | 0x80);
}

static inline void tar_sum(char *h)
{
    unsigned sum = 0;

    memset(h + 148, ' ', 8);
    for (unsigned i = 0; i < 512; i++)
        sum += (unsigned char)h[i];
    snprintf(h + 148, 8, "%06o", sum);
}

static inline void tar_content(struct buf *out, const void *data, size_t len)
{
    static const char zero[512];

    buf_add(out, data, len);
    buf_add(out, zero, -len & 511);
}

/* A header alone, for who wants to change it. */
static inline void tar_make_header(char h[512], const struct item *i)
{
    size_t n = strlen(i->name), k = i->link ? strlen(i->link) : 0;

    memset(h, 0, 512);
    memcpy(h, i->name, MIN_OF(n, (size_t)100));
    octal(h + 100, 8, i->mode ? i->mode : i->type == '5' ? 0755 : 0644);
    octal(h + 108, 8, i->uid ? i->uid : geteuid());
    octal(h + 116, 8, i->gid ? i->gid : getegid());
    octal(h + 124, 12, i->size < 0 ? 0 : i->size ? i->size : (int64_t)i->len);
    octal(h + 136, 12, i->mtime);
    h[156] = i->type ? i->type : '0';
    if (k)
        memcpy(h + 157, i->link, MIN_OF(k, (size_t)100));
    memcpy(h + 257,
           "ustar\0"
           "00",
           8);
    octal(h + 329, 8, i->major);
    octal(h + 337, 8, i->minor);
    tar_sum(h);
}

static inline void tar_item(struct buf *out, const struct item *i)
{
    char h[512];

    tar_make_header(h, i);
    buf_add(out, h, sizeof(h));
    tar_content(out, i->data ? i->data : "", i->len);
}

/* tar_add(&b, .name = "x", …) */
#define tar_add(out, ...)           tar_item(out, &(struct item){__VA_ARGS__})
#define tar_dir(out, n, ...)        tar_item(out, &(struct item){.name = (n), .type = '5', ##__VA_ARGS__})
#define tar_file(out, n, text, ...) tar_add(out, .name = (n), .data = (text), .len = strlen(text), ##__VA_ARGS__)

/* "LEN KEY=VALUE\n" appended to the content of a PAX header. */
static inline void pax_record(struct buf *pax, const char *key, const void *value, size_t len)
{
    size_t rest = strlen(key) + len + 3, total = rest + 1;
    char digits[24];

    while ((size_t)snprintf(digits, sizeof(digits), "%zu", total) + rest != total)
        total++;
    buf_addf(pax, "%zu %s=", total, key);
    buf_add(pax, value, len);
    buf_addc(pax, '\n');
}

static inline void tar_special(struct buf *out, char type, const void *data, size_t len)
{
    tar_item(out, &(struct item){.name = "special", .type = type, .data = data, .len = len});
}

/* A PAX header with one record for the next member. */
static inline void tar_pax(struct buf *out, const char *key, const void *value, size_t len)
{
    _cleanup_buf_ struct buf pax = BUF_INIT;

    pax_record(&pax, key, value, len);
    tar_special(out, 'x', pax.p, pax.len);
}

static inline void tar_end(struct buf *out)
{
    static const char zero[1024];

    buf_add(out, zero, sizeof(zero));
}

static inline int memory_file(const void *data, size_t len)
{
    int fd = memfd_create("test", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, data, len), 0);
    return fd;
}

/* Compressors, opened like the library itself opens what takes their work back. */
static struct {
    __typeof__(&deflateInit2_) deflateInit2_;
    __typeof__(&deflate) deflate;
    __typeof__(&deflateEnd) deflateEnd;
    __typeof__(&deflateSetHeader) deflateSetHeader;
} deflating;

static struct {
    __typeof__(&ZSTD_createCCtx) ZSTD_createCCtx;
    __typeof__(&ZSTD_freeCCtx) ZSTD_freeCCtx;
    __typeof__(&ZSTD_CCtx_setParameter) ZSTD_CCtx_setParameter;
    __typeof__(&ZSTD_compress2) ZSTD_compress2;
    __typeof__(&ZSTD_compressStream2) ZSTD_compressStream2;
    __typeof__(&ZSTD_isError) ZSTD_isError;
} zst;

static const struct dl_symbol z_symbols[] = {DL_SYMBOL(deflating, deflateInit2_), DL_SYMBOL(deflating, deflate),
                                             DL_SYMBOL(deflating, deflateEnd), DL_SYMBOL(deflating, deflateSetHeader)};
static const struct dl_symbol zst_symbols[] = {DL_SYMBOL(zst, ZSTD_createCCtx),        DL_SYMBOL(zst, ZSTD_freeCCtx),
                                               DL_SYMBOL(zst, ZSTD_CCtx_setParameter), DL_SYMBOL(zst, ZSTD_compress2),
                                               DL_SYMBOL(zst, ZSTD_compressStream2),   DL_SYMBOL(zst, ZSTD_isError)};
static struct dl_library z_library = {"libz.so.1", "zlib1g", z_symbols, ARRAY_SIZE(z_symbols), NULL};
static struct dl_library zst_library = {"libzstd.so.1", "libzstd1", zst_symbols, ARRAY_SIZE(zst_symbols), NULL};

/* Appends one gzip member; `header` may be NULL. */
static inline void gzip_member(struct buf *out, const void *data, size_t len, gz_header *header)
{
    struct err err = ERR_INIT;
    z_stream s = {0};
    size_t room = len + len / 1000 + 4096;

    assert_ok(dl_open(&z_library, &err));
    assert_int_equal(
        deflating.deflateInit2_(&s, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, sizeof(s)), Z_OK);
    if (header)
        assert_int_equal(deflating.deflateSetHeader(&s, header), Z_OK);
    s.next_in = (unsigned char *)(uintptr_t)data;
    s.avail_in = (unsigned)len;
    s.next_out = buf_reserve(out, room);
    s.avail_out = (unsigned)room;
    assert_int_equal(deflating.deflate(&s, Z_FINISH), Z_STREAM_END);
    buf_grown(out, s.total_out);
    deflating.deflateEnd(&s);
}

/* Appends one zstd frame with a checksum. */
static inline void zstd_frame(struct buf *out, const void *data, size_t len, int window_log)
{
    struct err err = ERR_INIT;
    ZSTD_CCtx *c;
    size_t room = len + len / 100 + 4096;
    ZSTD_inBuffer in = {data, len, 0};
    ZSTD_outBuffer o;

    assert_ok(dl_open(&zst_library, &err));
    c = zst.ZSTD_createCCtx();
    zst.ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
    if (window_log) {
        zst.ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, window_log);
        zst.ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, 0);
    }
    o = (ZSTD_outBuffer){buf_reserve(out, room), room, 0};
    /* In two steps, so that the window is what was asked for and not what the content needs. */
    if (window_log)
        assert_false(zst.ZSTD_isError(zst.ZSTD_compressStream2(c, &o, &in, ZSTD_e_flush)));
    assert_int_equal(zst.ZSTD_compressStream2(c, &o, &in, ZSTD_e_end), 0);
    buf_grown(out, o.pos);
    zst.ZSTD_freeCCtx(c);
}

/* Bytes that compress a little, the same each time. */
static inline void some_bytes(struct buf *out, size_t len, uint32_t seed)
{
    unsigned char *p = buf_reserve(out, len);

    for (size_t i = 0; i < len; i++) {
        seed = seed * 1664525 + 1013904223;
        p[i] = (unsigned char)((seed >> 24) & (i & 64 ? 0x0f : 0xff));
    }
    buf_grown(out, len);
}
