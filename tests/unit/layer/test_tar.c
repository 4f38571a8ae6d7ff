#include "make.h"

#include "layer/tar.h"

/* Where a test reads: opened with tar_open(), closed by itself. */
struct reading {
    int fd;
    struct layer_source *source;
    struct layer_stream *stream;
    struct tar_reader *tar;
    struct tar_member m;
};

static void tar_close(struct reading *r)
{
    tar_reader_free(r->tar);
    layer_stream_free(r->stream);
    layer_source_free(r->source);
    fd_close(r->fd);
}
#define _cleanup_reading_ _cleanup_(tar_close)

static struct reading tar_open(const struct buf *b)
{
    struct err err = ERR_INIT;
    struct reading r = {.fd = memory_file(b->p, b->len)};

    r.source = layer_source_file(r.fd);
    assert_ok(layer_stream_new(r.source, NULL, &r.stream, &err));
    r.tar = tar_reader_new(r.stream);
    return r;
}

static void next(struct reading *r, const char *path)
{
    struct err err = ERR_INIT;
    int got = tar_reader_next(r->tar, &r->m, &err);

    if (got != 1)
        fail_msg("no member %s: %d %s", path, got, err.text);
    assert_string_equal(r->m.path, path);
}

static void ends(struct reading *r)
{
    struct err err = ERR_INIT;

    assert_ok(tar_reader_next(r->tar, &r->m, &err));
    assert_ok(tar_reader_next(r->tar, &r->m, &err)); /* and stays there */
    assert_ok(tar_reader_drain(r->tar, &err));
}

/* The tar's first failure, of headers or content. */
static int failure(const struct buf *b, struct err *err)
{
    _cleanup_reading_ struct reading r = tar_open(b);
    const unsigned char *data;
    size_t len;
    int64_t offset;
    int got;

    while ((got = tar_reader_next(r.tar, &r.m, err)) == 1) {
        do
            got = tar_reader_data(r.tar, &data, &len, &offset, err);
        while (got == 1);
        if (got < 0)
            break;
    }
    return got;
}

/* The content laid out as a file. */
static void content(struct reading *r, struct buf *out)
{
    struct err err = ERR_INIT;
    const unsigned char *data;
    size_t len;
    int64_t offset;
    int got;

    buf_clear(out);
    memset(buf_reserve(out, (size_t)r->m.size), '.', (size_t)r->m.size);
    buf_grown(out, (size_t)r->m.size);
    while ((got = tar_reader_data(r->tar, &data, &len, &offset, &err)) == 1) {
        assert_true(offset >= 0 && offset + (int64_t)len <= r->m.size);
        memcpy(out->p + offset, data, len);
    }
    if (got)
        fail_msg("%s", err.text);
}

static void test_types(void **state _unused_)
{
    _cleanup_buf_ struct buf b = BUF_INIT;
    static const struct {
        char letter;
        enum tar_type type;
    } types[] = {{'0', TAR_FILE},         {'1', TAR_HARDLINK},  {'2', TAR_SYMLINK}, {'3', TAR_CHARACTER},
                 {'4', TAR_BLOCK_DEVICE}, {'5', TAR_DIRECTORY}, {'6', TAR_FIFO},    {'7', TAR_FILE}};

    /* Other types than files have no content, whatever their size says. */
    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        tar_add(&b, .name = "n", .type = types[i].letter, .link = "target", .major = 0300, .minor = 070000,
                .size = types[i].type == TAR_FILE ? 0 : 100000, .mode = 07123);
    tar_add(&b, .name = "v7/");
    tar_end(&b);
    _cleanup_reading_ struct reading r = tar_open(&b);
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        next(&r, "n");
        assert_int_equal(r.m.type, types[i].type);
        assert_int_equal(r.m.mode, 07123);
        assert_int_equal(r.m.size, 0);
        if (i == 1 || i == 2)
            assert_string_equal(r.m.target, "target");
        else
            assert_null(r.m.target);
        if (i == 3 || i == 4) {
            assert_int_equal(r.m.major, 0300);
            assert_int_equal(r.m.minor, 070000);
        }
    }
    next(&r, "v7/");
    assert_int_equal(r.m.type, TAR_DIRECTORY);
    ends(&r);
}

static void test_numbers(void **state _unused_)
{
    _cleanup_buf_ struct buf b = BUF_INIT, pax = BUF_INIT;

    tar_add(&b, .name = "base256", .uid = 3000000000, .gid = 2097152, .mtime = -5);
    tar_add(&b, .name = "late", .mtime = 5000000000);
    pax_record(&pax, "uid", "4000000000", 10);
    pax_record(&pax, "gid", "7", 1);
    pax_record(&pax, "mtime", "-1.5", 4);
    pax_record(&pax, "size", "3", 1);
    tar_special(&b, 'x', pax.p, pax.len);
    tar_add(&b, .name = "pax", .data = "abc", .len = 3, .size = -1);
    tar_pax(&b, "mtime", "99999999999.9876543219", 22);
    tar_add(&b, .name = "nanoseconds");
    tar_pax(&b, "mtime", "-3", 2);
    tar_add(&b, .name = "whole");
    tar_pax(&b, "mtime", "", 0);
    tar_add(&b, .name = "empty-record", .mtime = 77);
    _cleanup_reading_ struct reading r = tar_open(&b); /* no zero blocks: ends as well */
    next(&r, "base256");
    assert_true(r.m.uid == 3000000000 && r.m.gid == 2097152 && r.m.mtime_sec == -5 && r.m.mtime_nsec == 0);
    next(&r, "late");
    assert_true(r.m.mtime_sec == 5000000000);
    next(&r, "pax");
    assert_true(r.m.uid == 4000000000 && r.m.gid == 7 && r.m.mtime_sec == -2 && r.m.mtime_nsec == 500000000);
    assert_int_equal(r.m.size, 3);
    content(&r, &pax);
    assert_string_equal(buf_str(&pax), "abc");
    next(&r, "nanoseconds");
    assert_true(r.m.mtime_sec == 99999999999 && r.m.mtime_nsec == 987654321);
    next(&r, "whole");
    assert_true(r.m.mtime_sec == -3 && r.m.mtime_nsec == 0);
    next(&r, "empty-record");
    assert_true(r.m.mtime_sec == 77);
    ends(&r);
}

static void test_names(void **state _unused_)
{
    _cleanup_buf_ struct buf b = BUF_INIT;
    char hundred[101], prefix[156], whole[300], h[512], very_long[4000];

    memset(hundred, 'n', 100);
    memset(prefix, 'p', 155);
    hundred[100] = prefix[155] = 0;
    memset(very_long, 'l', sizeof(very_long) - 1);
    very_long[sizeof(very_long) - 1] = 0;
    tar_add(&b, .name = hundred, .type = '2', .link = hundred);
    tar_make_header(h, &(struct item){.name = hundred});
    memcpy(h + 345, prefix, 155);
    tar_sum(h);
    buf_add(&b, h, 512);
    tar_special(&b, 'L', very_long, sizeof(very_long));
    tar_special(&b, 'K', "k\0ignored", 10);
    tar_add(&b, .name = "short", .type = '2', .link = "x");
    tar_special(&b, 'g', "anything at all", 15);
    tar_special(&b, 'g', "twice", 5);
    tar_special(&b, 'x', "", 0);
    tar_pax(&b, "path", "latin-\xe9\xff", 8);
    tar_add(&b, .name = "placeholder");
    tar_pax(&b, "linkpath", "e\xcc\x81\xff", 4);
    tar_add(&b, .name = "placeholder", .type = '2', .link = "x");
    tar_pax(&b, "path", "first", 5);
    tar_pax(&b, "path", "second", 6); /* replaces the first */
    tar_add(&b, .name = "placeholder");
    tar_add(&b, .name = "raw-\xff");
    tar_end(&b);
    _cleanup_reading_ struct reading r = tar_open(&b);
    next(&r, hundred);
    assert_string_equal(r.m.target, hundred);
    snprintf(whole, sizeof(whole), "%s/%s", prefix, hundred);
    next(&r, whole);
    next(&r, very_long);
    assert_string_equal(r.m.target, "k");
    next(&r, "latin-\xe9\xff");
    next(&r, "placeholder");
    assert_string_equal(r.m.target, "e\xcc\x81\xff");
    next(&r, "second");
    next(&r, "raw-\xff");
    ends(&r);
}

static void test_gnu_and_v7_have_no_prefix(void **state _unused_)
{
    _cleanup_buf_ struct buf b = BUF_INIT;
    char h[512];

    tar_make_header(h, &(struct item){.name = "gnu"});
    memcpy(h + 257, "ustar  ", 8);
    memcpy(h + 345, "01234567012", 11); /* time of access */
    tar_sum(h);
    buf_add(&b, h, 512);
    tar_make_header(h, &(struct item){.name = "v7"});
    memset(h + 257, 0, 255);
    h[156] = 0;
    tar_sum(h);
    buf_add(&b, h, 512);
    _cleanup_reading_ struct reading r = tar_open(&b);
    next(&r, "gnu");
    next(&r, "v7");
    ends(&r);
}

static void test_xattrs(void **state _unused_)
{
    _cleanup_buf_ struct buf b = BUF_INIT, pax = BUF_INIT;

    pax_record(&pax, "SCHILY.xattr.user.nul", "a\0b\0", 4);
    pax_record(&pax, "SCHILY.xattr.user.empty", "", 0);
    pax_record(&pax, "SCHILY.xattr.user.twice", "1", 1);
    pax_record(&pax, "SCHILY.xattr.user.twice", "2=\n2", 4);
    pax_record(&pax, "comment", "not one", 7);
    tar_special(&b, 'x', pax.p, pax.len);
    tar_add(&b, .name = "with");
    tar_add(&b, .name = "without");
    _cleanup_reading_ struct reading r = tar_open(&b);
    next(&r, "with");
    assert_int_equal(r.m.n_xattrs, 3);
    assert_string_equal(r.m.xattrs[0].name, "user.nul");
    assert_int_equal(r.m.xattrs[0].len, 4);
    assert_memory_equal(r.m.xattrs[0].value, "a\0b\0", 4);
    assert_int_equal(r.m.xattrs[1].len, 0);
    assert_int_equal(r.m.xattrs[2].len, 4);
    assert_memory_equal(r.m.xattrs[2].value, "2=\n2", 4);
    next(&r, "without");
    assert_int_equal(r.m.n_xattrs, 0);
}

/* "ab" at 1000, "cde" at 5000, of 6000 bytes. */
static void check_sparse(const struct buf *b)
{
    _cleanup_buf_ struct buf file = BUF_INIT;
    _cleanup_reading_ struct reading r = tar_open(b);

    next(&r, "holes");
    assert_true(r.m.sparse);
    assert_int_equal(r.m.size, 6000);
    content(&r, &file);
    assert_memory_equal(file.p + 999, ".ab.", 4);
    assert_memory_equal(file.p + 4999, ".cde.", 5);
    assert_int_equal(strspn(file.p, "."), 1000);
    next(&r, "after");
    ends(&r);
}

static void test_sparse_old(void **state _unused_)
{
    _cleanup_buf_ struct buf b = BUF_INIT;
    char h[512];

    tar_make_header(h, &(struct item){.name = "holes", .type = 'S', .len = 5});
    memcpy(h + 257, "ustar  ", 8);
    memset(h + 345, 0, 167);
    octal(h + 386, 12, 1000);
    octal(h + 398, 12, 2);
    h[482] = 1; /* goes on */
    octal(h + 483, 12, 6000);
    tar_sum(h);
    buf_add(&b, h, 512);
    memset(h, 0, 512);
    octal(h, 12, 5000);
    octal(h + 12, 12, 3);
    octal(h + 24, 12, 6000); /* an empty piece says where the end is */
    octal(h + 36, 12, 0);
    buf_add(&b, h, 512);
    tar_content(&b, "abcde", 5);
    tar_file(&b, "after", "x");
    check_sparse(&b);
}

static void test_sparse_pax(void **state _unused_)
{
    static const char *const formats[][7][2] = {
        {{"GNU.sparse.size", "6000"},
         {"GNU.sparse.numblocks", "2"},
         {"GNU.sparse.offset", "1000"},
         {"GNU.sparse.numbytes", "2"},
         {"GNU.sparse.offset", "5000"},
         {"GNU.sparse.numbytes", "3"},
         {"path", "holes"}},
        {{"GNU.sparse.size", "6000"},
         {"GNU.sparse.numblocks", "2"},
         {"GNU.sparse.name", "holes"},
         {"GNU.sparse.map", "1000,2,5000,3"},
         {"path", "GNUSparseFile.1/holes"}},
        {{"GNU.sparse.major", "1"},
         {"GNU.sparse.minor", "0"},
         {"GNU.sparse.name", "holes"},
         {"GNU.sparse.realsize", "6000"},
         {"path", "GNUSparseFile.1/holes"}},
    };

    for (size_t f = 0; f < ARRAY_SIZE(formats); f++) {
        _cleanup_buf_ struct buf b = BUF_INIT, pax = BUF_INIT, data = BUF_INIT;

        for (size_t i = 0; i < 7 && formats[f][i][0]; i++)
            pax_record(&pax, formats[f][i][0], formats[f][i][1], strlen(formats[f][i][1]));
        tar_special(&b, 'x', pax.p, pax.len);
        if (f == 2)
            tar_content(&data, "2\n1000\n2\n5000\n3\n", 16);
        buf_adds(&data, "abcde");
        tar_add(&b, .name = "placeholder", .data = data.p, .len = data.len);
        tar_file(&b, "after", "x");
        check_sparse(&b);
    }
}

static void test_content_of_any_length(void **state _unused_)
{
    static const size_t sizes[] = {0, 1, 511, 512, 513, 262144, 262145, 1000000};
    _cleanup_buf_ struct buf b = BUF_INIT, data = BUF_INIT, out = BUF_INIT;

    some_bytes(&data, 1000000, 1);
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
        tar_add(&b, .name = "f", .data = data.p, .len = sizes[i]);
    _cleanup_reading_ struct reading all = tar_open(&b);
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        next(&all, "f");
        content(&all, &out);
        assert_int_equal(out.len, sizes[i]);
        assert_memory_equal(buf_str(&out), data.p, sizes[i]);
    }
    ends(&all);
    _cleanup_reading_ struct reading skipping = tar_open(&b);
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
        next(&skipping, "f");
    ends(&skipping);
}

static void test_end(void **state _unused_)
{
    struct digest_computed whole, seen;
    _cleanup_buf_ struct buf b = BUF_INIT;
    struct err err = ERR_INIT;

    tar_file(&b, "f", "x");
    tar_end(&b);
    some_bytes(&b, 600000, 1); /* counts for the digest, for nothing else */
    assert_ok(digest_compute(DIGEST_SHA256, b.p, b.len, &whole, &err));
    _cleanup_reading_ struct reading r = tar_open(&b);
    next(&r, "f");
    ends(&r);
    layer_stream_digest(r.stream, &seen);
    assert_ok(digest_verify(&whole.digest, whole.size, &seen, &err));
    assert_int_equal(layer_stream_consumed(r.stream), b.len);
}

static void test_empty(void **state _unused_)
{
    _cleanup_buf_ struct buf none = BUF_INIT, zeros = BUF_INIT;

    buf_add(&none, "", 0);
    _cleanup_reading_ struct reading a = tar_open(&none);
    ends(&a);
    tar_end(&zeros);
    zeros.len = 512;
    _cleanup_reading_ struct reading b = tar_open(&zeros);
    ends(&b);
}

static void test_truncated_anywhere(void **state _unused_)
{
    _cleanup_buf_ struct buf b = BUF_INIT;
    struct err err = ERR_INIT;
    size_t all;

    tar_pax(&b, "path", "f", 1);
    tar_add(&b, .name = "placeholder", .data = "0123456789", .len = 10);
    all = b.len;
    for (b.len = 1; b.len < all; b.len += b.len % 512 == 511 ? 1 : 10)
        assert_fails(failure(&b, &err), ERR_CORRUPT, "truncated");
    b.len = all;
    assert_ok(failure(&b, &err));
}

/* One field of an otherwise good header overwritten. */
static void check_damage(size_t at, const char *bytes, size_t len, bool sum, const char *part)
{
    _cleanup_buf_ struct buf b = BUF_INIT;
    struct err err = ERR_INIT;
    char h[512];

    tar_make_header(h, &(struct item){.name = "f", .type = '3'});
    memcpy(h + at, bytes, len);
    if (sum)
        tar_sum(h);
    buf_add(&b, h, 512);
    assert_fails(failure(&b, &err), ERR_CORRUPT, part);
}

static void test_damaged_headers(void **state _unused_)
{
    check_damage(0, "g", 1, false, "checksum");
    check_damage(148, "no sum", 6, false, "checksum");
    check_damage(0, "\0", 1, true, "without a name");
    check_damage(100, "00x", 3, true, "mode");
    check_damage(108, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, true, "owner");
    check_damage(116, "\x80\0\0\0\xff\xff\xff\xff", 8, true, "group"); /* "leave it" to chown */
    check_damage(124, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12, true, "size");
    check_damage(124, "\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 12, true, "size");
    check_damage(136, "\xbf\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12, true, "time");
    check_damage(329, "\x80\0\0\1\0\0\0\0", 8, true, "device");
}

static void check_pax_damage(const char *content, int kind, const char *part)
{
    _cleanup_buf_ struct buf b = BUF_INIT;
    struct err err = ERR_INIT;

    tar_special(&b, 'x', content, strlen(content));
    tar_file(&b, "f", "x");
    assert_fails(failure(&b, &err), kind, part);
}

static void test_damaged_pax(void **state _unused_)
{
    static const char *const damaged[] = {
        "path=x\n",
        "5 a=b",
        "7 a=b\n",
        "5 a=b\n",
        "4 a=b\n",
        "0 a=b\n",
        "-6 a=b\n",
        "6 abcd\n",
        "99999999999999999999 a=b\n",
        "6 a=b\nx",
        " a=b\n",
        "11 mtime=x\n",
        "12 mtime=1-\n",
        "11 uid=1.5\n",
        "11 size=-1\n",
        "26 GNU.sparse.map=1000,2,\n",
        "22 GNU.sparse.map=1,\n",
        "27 GNU.sparse.map=5,5,2,1\n",
        "22 GNU.sparse.major=2\n",
        "25 GNU.sparse.numbytes=1\n",
        "17 SCHILY.xattr.=\n",
    };

    for (size_t i = 0; i < ARRAY_SIZE(damaged); i++)
        check_pax_damage(damaged[i], ERR_CORRUPT, "damaged tar header");
}

static void test_nul_in_a_name(void **state _unused_)
{
    _cleanup_buf_ struct buf b = BUF_INIT;
    struct err err = ERR_INIT;

    tar_pax(&b, "path", "a\0b", 3);
    tar_file(&b, "f", "x");
    assert_fails(failure(&b, &err), ERR_CORRUPT, "path");
}

static void test_limits(void **state _unused_)
{
    _cleanup_buf_ struct buf many = BUF_INIT, big = BUF_INIT, data = BUF_INIT, pax = BUF_INIT, map = BUF_INIT;
    struct err err = ERR_INIT;

    for (int i = 0; i <= TAR_XATTRS_MAX; i++) {
        _cleanup_free_ char *name = str_printf("SCHILY.xattr.user.%d", i);

        pax_record(&pax, name, "x", 1);
    }
    tar_special(&many, 'x', pax.p, pax.len);
    tar_file(&many, "f", "x");
    assert_fails(failure(&many, &err), ERR_LIMIT, "extended attributes");
    some_bytes(&data, TAR_SPECIAL_MAX + 1, 1);
    tar_special(&big, 'L', data.p, data.len);
    assert_fails(failure(&big, &err), ERR_LIMIT, "long name");
    /* A map in the content has no other bound than ours. */
    buf_clear(&pax);
    buf_clear(&big);
    pax_record(&pax, "GNU.sparse.major", "1", 1);
    pax_record(&pax, "GNU.sparse.realsize", "10000000", 8);
    buf_adds(&map, "99999999\n");
    for (int i = 0; i <= TAR_SPARSE_MAX + 100; i++) /* and on, over the end of its block */
        buf_addf(&map, "%d\n1\n", 2 * i);
    tar_special(&big, 'x', pax.p, pax.len);
    tar_add(&big, .name = "f", .data = map.p, .len = map.len);
    assert_fails(failure(&big, &err), ERR_LIMIT, "pieces");
}

static void test_sparse_maps_that_do_not_fit(void **state _unused_)
{
    static const char *const maps[] = {"0,2", "0,4", "5998,3", "9223372036854775807,3", "0,9223372036854775807"};

    for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
        _cleanup_buf_ struct buf b = BUF_INIT, pax = BUF_INIT;
        struct err err = ERR_INIT;

        pax_record(&pax, "GNU.sparse.size", "6000", 4);
        pax_record(&pax, "GNU.sparse.map", maps[i], strlen(maps[i]));
        tar_special(&b, 'x', pax.p, pax.len);
        tar_file(&b, "f", "abc");
        assert_fails(failure(&b, &err), ERR_CORRUPT, "sparse");
    }
}

static void test_unknown_type_and_garbage(void **state _unused_)
{
    _cleanup_buf_ struct buf unknown = BUF_INIT, garbage = BUF_INIT, lone = BUF_INIT;
    static const char zero[512];
    struct err err = ERR_INIT;

    tar_add(&unknown, .name = "multi", .type = 'M');
    assert_fails(failure(&unknown, &err), ERR_UNSUPPORTED, "type 'M'");
    some_bytes(&garbage, 2048, 1);
    assert_fails(failure(&garbage, &err), ERR_CORRUPT, "damaged tar header");
    tar_file(&lone, "f", "x");
    buf_add(&lone, zero, 512);
    tar_file(&lone, "g", "x");
    assert_fails(failure(&lone, &err), ERR_CORRUPT, "zero block");
}

/* A reader that stops early, as after an error of the disk, must not wait for the rest. */
static void test_stop_in_the_middle(void **state _unused_)
{
    _cleanup_buf_ struct buf b = BUF_INIT, data = BUF_INIT;

    some_bytes(&data, 8 << 20, 1);
    tar_add(&b, .name = "f", .data = data.p, .len = data.len);
    _cleanup_reading_ struct reading r = tar_open(&b);
    next(&r, "f");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_gnu_and_v7_have_no_prefix),
        cmocka_unit_test(test_xattrs),
        cmocka_unit_test(test_sparse_old),
        cmocka_unit_test(test_sparse_pax),
        cmocka_unit_test(test_content_of_any_length),
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_truncated_anywhere),
        cmocka_unit_test(test_damaged_headers),
        cmocka_unit_test(test_damaged_pax),
        cmocka_unit_test(test_nul_in_a_name),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_sparse_maps_that_do_not_fit),
        cmocka_unit_test(test_unknown_type_and_garbage),
        cmocka_unit_test(test_stop_in_the_middle),
    };

    return cmocka_run_group_tests_name("layer/tar", tests, NULL, NULL);
}
