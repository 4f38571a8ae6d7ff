#include "make.h"

#include "layer/codec.h"
#include "layer/compress.h"

/* Text that compresses, with pieces' borders inside. */
static void fill(struct buf *b, size_t n)
{
    uint32_t x = 1;

    while (b->len < n) {
        x = x * 1664525 + 1013904223;
        buf_addf(b, "%x word %u ", (unsigned)(x >> 20), (unsigned)(b->len >> 10));
    }
    b->len = n;
}

static int pack(const struct buf *in, enum oci_compression to, unsigned threads, struct buf *out,
                struct layer_compressed *ret, struct err *err)
{
    struct layer_compress_options options = {.to = to, .threads = threads};
    _cleanup_fd_ int fd = memory_file(in->p, in->len), to_fd = memory_file("", 0);
    _cleanup_(layer_source_free_cleanup) struct layer_source *s = layer_source_file(fd);
    int r = layer_compress(s, to_fd, &options, ret, err);

    buf_clear(out);
    assert_int_equal(lseek(to_fd, 0, SEEK_SET), 0);
    return r < 0 ? r : fd_read_rest(to_fd, "compressed", out, err);
}

static void check_digest(const struct digest_computed *computed, const struct buf *bytes)
{
    struct digest_computed expected;
    struct err err;

    assert_ok(digest_compute(DIGEST_SHA256, buf_str(bytes), bytes->len, &expected, &err));
    assert_true(digest_equal(&expected.digest, &computed->digest));
    assert_int_equal(expected.size, computed->size);
}

/* What any other program reads must be what went in. */
static void check_decoded(const struct buf *packed, const struct buf *expected, const struct codec *gzip)
{
    _cleanup_fd_ int fd = memory_file(packed->p, packed->len);
    _cleanup_(layer_source_free_cleanup) struct layer_source *s = layer_source_file(fd);
    _cleanup_(decoder_free_cleanup) struct decoder *d = NULL;
    _cleanup_free_ char *out = mem_alloc(expected->len + 1);
    struct err err;

    assert_ok(decoder_new(s, gzip, &d, &err));
    assert_int_equal(decoder_read(d, out, expected->len + 1, &err), expected->len);
    assert_memory_equal(out, buf_str(expected), expected->len);
}

static void check_size(size_t size, enum oci_compression to)
{
    static const unsigned threads[] = {1, 2, 3, 16};
    _cleanup_buf_ struct buf in = BUF_INIT, first = BUF_INIT, out = BUF_INIT;
    struct layer_compressed packed;
    struct err err;

    fill(&in, size);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        assert_ok(pack(&in, to, threads[i], &out, &packed, &err));
        check_digest(&packed.blob, &out);
        check_digest(&packed.diff_id, &in);
        if (!i)
            buf_add(&first, out.p, out.len);
        assert_int_equal(out.len, first.len);
        assert_memory_equal(out.p, first.p, out.len);
    }
    check_decoded(&out, &in, &codec_igzip);
    check_decoded(&out, &in, &codec_zlib);
}

static const size_t sizes[] = {0, 1, 512, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, (2 << 20) + 5, 9 << 20};

static void test_gzip(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
        check_size(sizes[i], OCI_COMPRESSION_GZIP);
}

static void test_zstd(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
        check_size(sizes[i], OCI_COMPRESSION_ZSTD);
}

/* One member, without a time: a reader that stops behind the first has all of it. */
static void test_one_member(void **state)
{
    static const unsigned char head[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};
    _cleanup_buf_ struct buf in = BUF_INIT, out = BUF_INIT;
    _cleanup_free_ unsigned char *room = mem_alloc(4 << 20);
    struct layer_compressed packed;
    struct codec_io io = {.out = room, .out_len = 4 << 20};
    void *inflating = NULL;
    struct err err;

    (void)state;
    fill(&in, 3 << 20);
    assert_ok(pack(&in, OCI_COMPRESSION_GZIP, 2, &out, &packed, &err));
    assert_memory_equal(out.p, head, sizeof(head));
    io.in = (unsigned char *)out.p;
    io.in_len = out.len;
    assert_ok(codec_zlib.load(&err));
    assert_ok(codec_zlib.open(&inflating, &err));
    assert_ok(codec_zlib.step(inflating, &io, &err));
    assert_true(io.frame_end);
    assert_int_equal(io.in_len, 0);
    assert_int_equal(io.out - room, in.len);
    codec_zlib.close(inflating);
    assert_true(out.len < in.len);
}

/* From one format to the other, by way of the tar. */
static void test_again(void **state)
{
    _cleanup_buf_ struct buf in = BUF_INIT, gzip = BUF_INIT, zstd = BUF_INIT, back = BUF_INIT;
    struct layer_compressed packed;
    struct err err;

    (void)state;
    fill(&in, 2500000);
    assert_ok(pack(&in, OCI_COMPRESSION_GZIP, 2, &gzip, &packed, &err));
    assert_ok(pack(&gzip, OCI_COMPRESSION_ZSTD, 2, &zstd, &packed, &err));
    check_digest(&packed.diff_id, &in);
    assert_ok(pack(&zstd, OCI_COMPRESSION_GZIP, 2, &back, &packed, &err));
    assert_int_equal(back.len, gzip.len);
    assert_memory_equal(back.p, gzip.p, back.len);
}

static void test_failures(void **state)
{
    _cleanup_buf_ struct buf in = BUF_INIT, gzip = BUF_INIT;
    struct layer_compress_options options = {.to = OCI_COMPRESSION_GZIP, .threads = 2};
    struct layer_compressed packed;
    struct err err = ERR_INIT;
    _cleanup_fd_ int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

    (void)state;
    fill(&in, 5 << 20);
    assert_ok(pack(&in, OCI_COMPRESSION_GZIP, 1, &gzip, &packed, &err));
    gzip.len /= 2;
    assert_fails(pack(&gzip, OCI_COMPRESSION_ZSTD, 3, &in, &packed, &err), ERR_CORRUPT, "truncated");
    {
        _cleanup_fd_ int fd = memory_file(gzip.p, gzip.len);
        _cleanup_(layer_source_free_cleanup) struct layer_source *s = layer_source_file(fd);

        assert_fails(layer_compress(s, full, &options, &packed, &err), ERR_NO_SPACE, "writing the compressed layer");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gzip),  cmocka_unit_test(test_zstd),     cmocka_unit_test(test_one_member),
        cmocka_unit_test(test_again), cmocka_unit_test(test_failures),
    };

    return cmocka_run_group_tests_name("compress", tests, NULL, NULL);
}
