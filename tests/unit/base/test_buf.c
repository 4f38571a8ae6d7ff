#include "../unit.h"

#include "base/buf.h"

static struct err err;

static void test_empty(void **state)
{
    struct buf b = BUF_INIT;
    _cleanup_free_ char *stolen = NULL;

    (void)state;
    assert_string_equal(buf_str(&b), "");
    buf_clear(&b);
    buf_consume(&b, 5);
    stolen = buf_steal(&b);
    assert_string_equal(stolen, "");
    buf_add(&b, NULL, 0);
    assert_non_null(b.p);
    assert_string_equal(b.p, "");
    buf_free(&b);
    buf_free(&b);
    assert_null(b.p);
}

static void test_append(void **state)
{
    _cleanup_buf_ struct buf b = BUF_INIT;

    (void)state;
    buf_adds(&b, "ab");
    buf_addc(&b, 'c');
    buf_addf(&b, "%d%s", 4, "");
    buf_add(&b, "\0x", 2);
    assert_int_equal(b.len, 6);
    assert_memory_equal(b.p, "abc4\0x", 7);
    buf_clear(&b);
    assert_string_equal(buf_str(&b), "");
    /* Every size around the points where it grows. */
    for (size_t i = 0; i < 5000; i++) {
        buf_addc(&b, (char)('a' + i % 26));
        assert_int_equal(b.p[b.len], 0);
        assert_true(b.len < b.cap);
    }
    for (size_t i = 0; i < 5000; i++)
        assert_int_equal(b.p[i], 'a' + i % 26);
}

static void test_limit(void **state)
{
    _cleanup_buf_ struct buf b = BUF_INIT_MAX(10);

    (void)state;
    assert_ok(buf_append(&b, "0123456", 7, &err));
    assert_fails(buf_append(&b, "789x", 4, &err), ERR_LIMIT, "10 bytes");
    assert_string_equal(buf_str(&b), "0123456");
    assert_ok(buf_append(&b, "789", 3, &err));
    assert_int_equal(b.len, 10);
    assert_fails(buf_append(&b, "x", 1, &err), ERR_LIMIT, "10");
    assert_ok(buf_append(&b, "", 0, &err));
    assert_null(buf_reserve(&b, 1));
    buf_consume(&b, 4);
    assert_string_equal(buf_str(&b), "456789");
    assert_non_null(buf_reserve(&b, 4));
    assert_null(buf_reserve(&b, 5));
    /* The limit outlives what was in it. */
    free(buf_steal(&b));
    assert_int_equal(b.max, 10);
    assert_null(buf_reserve(&b, 11));
    buf_free(&b);
    assert_int_equal(b.max, 10);
}

static void test_overflow(void **state)
{
    _cleanup_buf_ struct buf b = BUF_INIT;

    (void)state;
    buf_adds(&b, "x");
    assert_null(buf_reserve(&b, SIZE_MAX));
    assert_null(buf_reserve(&b, SIZE_MAX - 1));
    assert_string_equal(buf_str(&b), "x");
}

static void test_reserve(void **state)
{
    _cleanup_buf_ struct buf b = BUF_INIT;
    char *to = buf_reserve(&b, 100);

    (void)state;
    memset(to, 'z', 100);
    buf_grown(&b, 3);
    assert_string_equal(buf_str(&b), "zzz");
    to = buf_reserve(&b, 1000);
    memset(to, 'y', 1000);
    buf_grown(&b, 1000);
    assert_int_equal(b.len, 1003);
    assert_int_equal(b.p[1002], 'y');
    assert_int_equal(b.p[1003], 0);
}

static void test_consume(void **state)
{
    _cleanup_buf_ struct buf b = BUF_INIT;
    _cleanup_free_ char *stolen = NULL;

    (void)state;
    buf_adds(&b, "headbody");
    buf_consume(&b, 4);
    assert_string_equal(buf_str(&b), "body");
    buf_consume(&b, 0);
    assert_string_equal(buf_str(&b), "body");
    stolen = buf_steal(&b);
    assert_string_equal(stolen, "body");
    assert_null(b.p);
    buf_adds(&b, "more");
    buf_consume(&b, 99);
    assert_string_equal(buf_str(&b), "");
}

static void test_json(void **state)
{
    _cleanup_buf_ struct buf b = BUF_INIT;

    (void)state;
    buf_add_json(&b, "a\"\\/\b\t\n\f\r\x01\x7f\u00e4");
    assert_string_equal(buf_str(&b), "\"a\\\"\\\\/\\b\\t\\n\\f\\r\\u0001\\u007f\u00e4\"");
    /* What a terminal may take for the beginning of a command. */
    buf_clear(&b);
    buf_add_json(&b, "\xc2\x80\xc2\x9b"
                     "31m\xc2\xa0\xc2");
    assert_string_equal(buf_str(&b), "\"\\u0080\\u009b31m\xc2\xa0\xc2\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),    cmocka_unit_test(test_empty),    cmocka_unit_test(test_append),
        cmocka_unit_test(test_limit),   cmocka_unit_test(test_overflow), cmocka_unit_test(test_reserve),
        cmocka_unit_test(test_consume),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
