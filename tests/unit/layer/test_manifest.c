#include "make.h"

#include "layer/manifest.h"

static void check_equal(const struct layer_entry *a, const struct layer_entry *b)
{
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->mode, b->mode);
    assert_int_equal(a->uid, b->uid);
    assert_int_equal(a->gid, b->gid);
    assert_int_equal(a->major, b->major);
    assert_int_equal(a->minor, b->minor);
    assert_true(a->mtime_sec == b->mtime_sec && a->mtime_nsec == b->mtime_nsec);
    assert_int_equal(a->has_crc, b->has_crc);
    assert_int_equal(a->crc32, b->crc32);
    assert_true(a->size == b->size);
    assert_string_equal(a->path, b->path);
    assert_true(str_eq(a->target, b->target));
    assert_true(str_eq(a->xattrs, b->xattrs));
}

static const char hex[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static void test_round_trip(void **state _unused_)
{
    static const struct layer_entry entries[] = {
        {.type = 'f',
         .mode = 04755,
         .uid = 4294967294,
         .gid = 1,
         .mtime_sec = -3,
         .mtime_nsec = 999999999,
         .size = INT64_MAX,
         .has_crc = true,
         .crc32 = 0xf0000001,
         .path = "usr/bin/x",
         .xattrs = hex},
        {.type = 'f', .has_crc = true, .path = "with space\n\\x20\x01\x7f\xff\xc3\xa9"},
        {.type = 'd', .mode = 01777, .mtime_sec = INT64_MAX, .path = "."},
        {.type = 'l', .path = "link", .target = "to \xff somewhere"},
        {.type = 'h', .path = "hard", .target = "usr/bin/x"},
        {.type = 'c', .major = 4095, .minor = 1048575, .path = "dev/x"},
        {.type = 'b', .major = 7, .path = "dev/y"},
        {.type = 'p', .path = "fifo"},
        {.type = 'w', .path = "gone"},
        {.type = 'o', .path = "hidden"},
        {.type = '-', .path = "replaced"},
    };
    _cleanup_(layer_manifest_reader_free_cleanup) struct layer_manifest_reader *r = NULL;
    _cleanup_buf_ struct buf text = BUF_INIT;
    _cleanup_fd_ int fd = -1;
    struct layer_entry e;
    struct err err = ERR_INIT;

    for (int n = 0; n < 200; n++) /* more than one reading of the file */
        for (size_t i = 0; i < ARRAY_SIZE(entries); i++)
            layer_manifest_format(&entries[i], &text);
    assert_null(strchr(text.p, '\x7f'));
    fd = memory_file(text.p, text.len);
    r = layer_manifest_reader_new(fd);
    for (int n = 0; n < 200; n++) {
        for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
            assert_int_equal(layer_manifest_read(r, &e, &err), 1);
            check_equal(&e, &entries[i]);
        }
    }
    assert_ok(layer_manifest_read(r, &e, &err));
}

static void test_line(void **state _unused_)
{
    _cleanup_buf_ struct buf text = BUF_INIT;

    layer_manifest_format(&(struct layer_entry){.type = 'l',
                                                .mode = 0777,
                                                .uid = 5,
                                                .mtime_sec = 12,
                                                .mtime_nsec = 34,
                                                .path = "a b",
                                                .target = "\xc3\xa9"},
                          &text);
    assert_string_equal(text.p, "l 777 5 0 12.000000034 0 - - a\\x20b \\xc3\\xa9\n");
}

static void test_longest_names(void **state _unused_)
{
    _cleanup_(layer_manifest_reader_free_cleanup) struct layer_manifest_reader *r = NULL;
    _cleanup_buf_ struct buf text = BUF_INIT;
    _cleanup_fd_ int fd = -1;
    char name[4096];
    struct layer_entry e = {.type = 'l', .path = name, .target = name}, got;
    struct err err = ERR_INIT;

    memset(name, 0xff, sizeof(name) - 1);
    name[sizeof(name) - 1] = 0;
    layer_manifest_format(&e, &text);
    layer_manifest_format(&e, &text);
    fd = memory_file(text.p, text.len);
    r = layer_manifest_reader_new(fd);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(layer_manifest_read(r, &got, &err), 1);
        check_equal(&got, &e);
    }
    assert_ok(layer_manifest_read(r, &got, &err));
}

static void test_damaged(void **state _unused_)
{
    static const char *const lines[] = {
        "",
        "\n",
        "f 644 0 0 0.000000000 0 - -\n",
        "f 644 0 0 0.000000000 0 - - a", /* cut off */
        "f 644 0 0 0.000000000 0 - - a b\n",
        "l 644 0 0 0.000000000 0 - - a\n",
        "l 644 0 0 0.000000000 0 - - a b c\n",
        "x 644 0 0 0.000000000 0 - - a\n",
        "ff 644 0 0 0.000000000 0 - - a\n",
        "f 648 0 0 0.000000000 0 - - a\n",
        "f 10000 0 0 0.000000000 0 - - a\n",
        "f 644 -1 0 0.000000000 0 - - a\n",
        "f 644 4294967296 0 0.000000000 0 - - a\n",
        "f 644 0 0 0 0 - - a\n",
        "f 644 0 0 0.0 0 - - a\n",
        "f 644 0 0 0.1000000000 0 - - a\n",
        "f 644 0 0 0.000000000 -1 - - a\n",
        "f 644 0 0 0.000000000 0 xyz - a\n",
        "f 644 0 0 0.000000000 0 - short a\n",
        "f 644 0 0 0.000000000 0 - - a\\x2\n",
        "f 644 0 0 0.000000000 0 - - a\\n\n",
        "c 644 0 0 0.000000000 5 - - a\n",
    };

    for (size_t i = 1; i < ARRAY_SIZE(lines); i++) {
        _cleanup_fd_ int fd = memory_file(lines[i], strlen(lines[i]));
        _cleanup_(layer_manifest_reader_free_cleanup) struct layer_manifest_reader *r = layer_manifest_reader_new(fd);
        struct layer_entry e;
        struct err err = ERR_INIT;

        assert_fails(layer_manifest_read(r, &e, &err), ERR_CORRUPT, "line 1 ");
    }
}

static void test_endless_line(void **state _unused_)
{
    _cleanup_(layer_manifest_reader_free_cleanup) struct layer_manifest_reader *r = NULL;
    _cleanup_buf_ struct buf text = BUF_INIT;
    _cleanup_fd_ int fd = -1;
    struct layer_entry e;
    struct err err = ERR_INIT;

    memset(buf_reserve(&text, 1 << 20), 'f', 1 << 20);
    buf_grown(&text, 1 << 20);
    fd = memory_file(text.p, text.len);
    r = layer_manifest_reader_new(fd);
    assert_fails(layer_manifest_read(r, &e, &err), ERR_CORRUPT, "line 1 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_line),         cmocka_unit_test(test_longest_names),
        cmocka_unit_test(test_damaged),    cmocka_unit_test(test_endless_line),
    };

    return cmocka_run_group_tests_name("layer/manifest", tests, NULL, NULL);
}
