#include "make.h"

#include "layer/compression.h"
#include "layer/tar_write.h"

/* Every test of gzip runs with both libraries: they must accept and refuse the same. */
static const struct codec *const both[] = {&codec_igzip, &codec_zlib};
static const char *const names[] = {"ISA-L", "zlib"};

/* Decodes all of `in`, `step` bytes at a time: 0 or the error. */
static int decode(const struct codec *gzip, const struct buf *in, size_t step, struct buf *out, struct err *err)
{
    _cleanup_fd_ int fd = memory_file(in->p, in->len);
    _cleanup_(layer_source_free_cleanup) struct layer_source *s = layer_source_file(fd);
    _cleanup_(decoder_free_cleanup) struct decoder *d = NULL;
    int r = decoder_new(s, gzip, &d, err);

    buf_clear(out);
    while (r == 0) {
        ssize_t n = decoder_read(d, buf_reserve(out, step), step, err);

        if (n < 0)
            return (int)n;
        buf_grown(out, (size_t)n);
        if ((size_t)n < step) {
            assert_int_equal(decoder_read(d, buf_reserve(out, step), step, err), 0); /* and stays at the end */
            assert_int_equal(decoder_consumed(d), in->len);
            return 0;
        }
    }
    return r;
}

static void check_decodes(const struct codec *gzip, const struct buf *in, const struct buf *expected)
{
    static const size_t steps[] = {1 << 20, 4096, 1000, 7};
    _cleanup_buf_ struct buf out = BUF_INIT;
    struct err err = ERR_INIT;

    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        assert_ok(decode(gzip, in, steps[i], &out, &err));
        assert_int_equal(out.len, expected->len);
        assert_memory_equal(buf_str(&out), buf_str(expected), expected->len);
    }
}

static void check_gzip(const struct buf *in, const struct buf *expected)
{
    for (size_t i = 0; i < ARRAY_SIZE(both); i++)
        check_decodes(both[i], in, expected);
}

static void check_gzip_refused(const struct buf *in, const char *what)
{
    _cleanup_buf_ struct buf out = BUF_INIT;

    for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
        struct err err = ERR_INIT;
        int r = decode(both[i], in, 5000, &out, &err);

        if (r != ERR_CORRUPT)
            fail_msg("%s by %s: %d %s", what, names[i], r, err.text);
    }
}

static void test_plain(void **state _unused_)
{
    _cleanup_buf_ struct buf in = BUF_INIT, none = BUF_INIT, one = BUF_INIT;

    some_bytes(&in, 300000, 1);
    in.p[0] = 'x';
    check_decodes(NULL, &in, &in);
    buf_adds(&one, "\x1f");
    check_decodes(NULL, &one, &one);
    buf_add(&none, "", 0);
    check_decodes(NULL, &none, &none);
}

static void test_gzip_members(void **state _unused_)
{
    _cleanup_buf_ struct buf data = BUF_INIT, in = BUF_INIT;
    static const size_t ends[] = {0, 1, 1, 70000, 70001, 400000, 400000, 500000};

    some_bytes(&data, 500000, 2);
    for (size_t i = 1; i < ARRAY_SIZE(ends); i++) /* empty members among them */
        gzip_member(&in, data.p + ends[i - 1], ends[i] - ends[i - 1], NULL);
    check_gzip(&in, &data);
}

static void test_gzip_many_small_members(void **state _unused_)
{
    _cleanup_buf_ struct buf data = BUF_INIT, in = BUF_INIT;

    some_bytes(&data, 20000, 3);
    for (size_t at = 0; at < data.len; at += 20)
        gzip_member(&in, data.p + at, 20, NULL);
    check_gzip(&in, &data);
}

static void test_gzip_header_fields(void **state _unused_)
{
    _cleanup_buf_ struct buf data = BUF_INIT, in = BUF_INIT;
    unsigned char extra[300] = {1, 2, 3};
    gz_header header = {.extra = extra,
                        .extra_len = sizeof(extra),
                        .name = (unsigned char *)(uintptr_t) "layer.tar",
                        .comment = (unsigned char *)(uintptr_t) "a comment",
                        .hcrc = 1};

    some_bytes(&data, 5000, 4);
    gzip_member(&in, data.p, data.len, &header);
    check_gzip(&in, &data);
}

static void test_gzip_padding(void **state _unused_)
{
    static const char zero[200000];
    _cleanup_buf_ struct buf data = BUF_INIT, in = BUF_INIT, more = BUF_INIT;

    some_bytes(&data, 5000, 5);
    gzip_member(&in, data.p, data.len, NULL);
    buf_add(&more, in.p, in.len);
    buf_addc(&in, 0);
    check_gzip(&in, &data);
    buf_add(&in, zero, sizeof(zero));
    check_gzip(&in, &data);
    buf_addc(&in, 'x');
    check_gzip_refused(&in, "a byte behind the padding");
    buf_addc(&more, 'x');
    check_gzip_refused(&more, "a byte behind the last member");
    more.len--;
    buf_adds(&more, "\x1f\x8b");
    check_gzip_refused(&more, "the beginning of a member");
}

static void test_gzip_truncated_anywhere(void **state _unused_)
{
    _cleanup_buf_ struct buf data = BUF_INIT, in = BUF_INIT;
    size_t first, all;

    some_bytes(&data, 3000, 6);
    gzip_member(&in, data.p, 1000, NULL);
    first = in.len;
    gzip_member(&in, data.p, 2000, NULL);
    all = in.len;
    for (in.len = 2; in.len < all; in.len++)
        if (in.len != first)
            check_gzip_refused(&in, "truncated");
}

static void test_gzip_damaged(void **state _unused_)
{
    _cleanup_buf_ struct buf data = BUF_INIT, in = BUF_INIT;

    some_bytes(&data, 3000, 7);
    gzip_member(&in, data.p, data.len, NULL);
    /* The method, a byte in the middle, the checksum, the length. */
    for (size_t i = 0; i < 4; i++) {
        size_t at = (size_t[]){2, in.len / 2, in.len - 8, in.len - 1}[i];

        in.p[at] ^= 0x11;
        check_gzip_refused(&in, "damaged");
        in.p[at] ^= 0x11;
    }
    check_gzip(&in, &data);
}

static void test_zstd_frames(void **state _unused_)
{
    static const unsigned char skippable[] = {0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3};
    _cleanup_buf_ struct buf data = BUF_INIT, in = BUF_INIT;

    some_bytes(&data, 500000, 8);
    buf_add(&in, skippable, sizeof(skippable));
    zstd_frame(&in, data.p, 300000, 0);
    zstd_frame(&in, "", 0, 0);
    buf_add(&in, skippable, sizeof(skippable));
    zstd_frame(&in, data.p + 300000, 200000, CODEC_ZSTD_WINDOW_LOG_MAX);
    buf_add(&in, skippable, sizeof(skippable));
    check_decodes(NULL, &in, &data);
    buf_add(&in, "\0\0\0\0\0", 5);
    check_decodes(NULL, &in, &data);
}

static void test_zstd_refused(void **state _unused_)
{
    _cleanup_buf_ struct buf data = BUF_INIT, in = BUF_INIT, out = BUF_INIT, wide = BUF_INIT;
    struct err err = ERR_INIT;
    size_t all;

    some_bytes(&data, 3000, 9);
    zstd_frame(&in, data.p, data.len, 0);
    all = in.len;
    for (in.len = 4; in.len < all; in.len++)
        assert_fails(decode(NULL, &in, 5000, &out, &err), ERR_CORRUPT, "truncated");
    in.p[all - 1] ^= 1; /* the checksum */
    assert_fails(decode(NULL, &in, 5000, &out, &err), ERR_CORRUPT, "checksum");
    in.p[all - 1] ^= 1;
    buf_adds(&in, "garbage");
    assert_fails(decode(NULL, &in, 5000, &out, &err), ERR_CORRUPT, "bytes that are no zstd");
    /* More memory for its window than a stream is given. */
    zstd_frame(&wide, data.p, data.len, CODEC_ZSTD_WINDOW_LOG_MAX + 1);
    assert_fails(decode(NULL, &wide, 5000, &out, &err), ERR_CORRUPT, "memory");
}

/* ---- what archives have ---- */

static int decode_any(const struct buf *in, size_t step, struct buf *out, struct err *err)
{
    _cleanup_fd_ int fd = memory_file(in->p, in->len);
    _cleanup_(layer_source_free_cleanup) struct layer_source *s = layer_source_file(fd);
    _cleanup_(decoder_free_cleanup) struct decoder *d = NULL;
    int r = decoder_new_any(s, &d, err);

    buf_clear(out);
    while (r == 0) {
        ssize_t n = decoder_read(d, buf_reserve(out, step), step, err);

        if (n < 0)
            return (int)n;
        buf_grown(out, (size_t)n);
        if ((size_t)n < step)
            return 0;
    }
    return r;
}

/* Appends what the command makes of the bytes. */
static void by_program(const char *command, const void *data, size_t len, struct buf *out)
{
    _cleanup_free_ char *line = str_printf("%s <plain >packed", command);
    _cleanup_fd_ int fd = open("plain", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    _cleanup_buf_ struct buf packed = BUF_INIT_MAX(64 << 20);
    struct err err;

    assert_int_equal(fd_write_all(fd, data, len), 0);
    assert_int_equal(system(line), 0);
    assert_ok(fd_read_file(AT_FDCWD, "packed", &packed, &err));
    buf_add(out, packed.p, packed.len);
}

static void check_archive_codec(const char *command, const char *name)
{
    static const size_t steps[] = {1 << 20, 4096, 7};
    _cleanup_buf_ struct buf data = BUF_INIT, in = BUF_INIT, out = BUF_INIT;
    struct err err = ERR_INIT;
    size_t first, all;

    some_bytes(&data, 300000, 10);
    by_program(command, data.p, 100000, &in);
    first = in.len;
    by_program(command, data.p + 100000, 200000, &in);
    by_program(command, "", 0, &in);
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        assert_ok(decode_any(&in, steps[i], &out, &err));
        assert_int_equal(out.len, data.len);
        assert_memory_equal(out.p, data.p, data.len);
    }
    /* Layers never have it: there these are bytes like others. */
    assert_ok(decode(NULL, &in, 4096, &out, &err));
    assert_int_equal(out.len, in.len);
    all = in.len;
    for (in.len = first + 20; in.len < all - 100; in.len += 999)
        assert_fails(decode_any(&in, 5000, &out, &err), ERR_CORRUPT, name);
    in.len = first;
    for (size_t at = 20; at < first; at += 9973) {
        in.p[at] ^= 0x11;
        assert_fails(decode_any(&in, 5000, &out, &err), ERR_CORRUPT, name);
        in.p[at] ^= 0x11;
    }
    buf_adds(&in, "garbage");
    assert_fails(decode_any(&in, 5000, &out, &err), ERR_CORRUPT, "bytes that are no");
}

static void test_xz(void **state _unused_)
{
    _cleanup_buf_ struct buf in = BUF_INIT, out = BUF_INIT;
    struct err err = ERR_INIT;

    check_archive_codec("xz -c", "xz");
    by_program("xz -c --lzma2=dict=192MiB,mf=hc3", "x", 1, &in);
    assert_fails(decode_any(&in, 5000, &out, &err), ERR_LIMIT, "takes more than 160 MiB");
}

static void test_bzip2(void **state _unused_)
{
    check_archive_codec("bzip2 -c", "bzip2");
}

static void test_found(void **state _unused_)
{
    static const struct {
        const char *start;
        size_t len;
        const char *name;
    } starts[] = {
        {"\x1f\x8b", 2, "gzip"},
        {"\x28\xb5\x2f\xfd", 4, "zstd"},
        {"\xfd\x37zXZ\0", 6, "xz"},
        {"BZh91AY&SY", 10, "bzip2"},
        {"BZhello...", 10, NULL},
        {"BZh91AY&S", 9, NULL},
        {"\x04\x22\x4d\x18", 4, "lz4"},
        {"LZIP", 4, "lzip"},
        {"", 0, NULL},
    };

    for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
        const struct compression *c = compression_find(starts[i].start, starts[i].len);

        assert_true(!c == !starts[i].name);
        if (c)
            assert_string_equal(c->name, starts[i].name);
    }
}

/* The name of its first member is what a tar begins with. */
static void test_a_tar_is_a_tar(void **state _unused_)
{
    static const char *const first[] = {"LZIP", "BZh91AY&SY"};

    for (size_t i = 0; i < ARRAY_SIZE(first); i++) {
        const struct tar_member m = {.type = TAR_FILE, .path = first[i], .mode = 0644};
        _cleanup_buf_ struct buf header = BUF_INIT;

        tar_write_header(&m, &header);
        assert_int_equal(header.len, COMPRESSION_START);
        assert_null(compression_find(header.p, header.len));
        header.p[header.len - 1]++; /* the checksum is another one's */
        assert_non_null(compression_find(header.p, header.len));
    }
}

static void test_crc(void **state _unused_)
{
    struct err err = ERR_INIT;

    assert_non_null(codec_gzip(&err));
    assert_int_equal(codec_crc32(0, "123456789", 9), 0xcbf43926);
    assert_int_equal(codec_crc32(codec_crc32(0, "1234", 4), "56789", 5), 0xcbf43926);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_gzip_members),
        cmocka_unit_test(test_gzip_many_small_members),
        cmocka_unit_test(test_gzip_header_fields),
        cmocka_unit_test(test_gzip_padding),
        cmocka_unit_test(test_gzip_truncated_anywhere),
        cmocka_unit_test(test_gzip_damaged),
        cmocka_unit_test(test_zstd_frames),
        cmocka_unit_test(test_zstd_refused),
        scratch_test(test_xz),
        scratch_test(test_bzip2),
        cmocka_unit_test(test_found),
        cmocka_unit_test(test_a_tar_is_a_tar),
        cmocka_unit_test(test_crc),
    };

    return cmocka_run_group_tests_name("layer/codec", tests, NULL, NULL);
}
