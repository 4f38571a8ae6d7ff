#include "../unit.h"

#include "base/num.h"

static struct err err;

static void test_i64(void **state)
{
    static const char *const bad[] = {"", "-", "+1", " 1", "1 ", "1x", "0x10", "1.5", "--1", "a", "- 1", "\xff"};
    int64_t n = 99;

    (void)state;
    assert_ok(num_parse_i64("0", 0, 0, &n, &err));
    assert_int_equal(n, 0);
    assert_ok(num_parse_i64("-9223372036854775808", INT64_MIN, INT64_MAX, &n, &err));
    assert_true(n == INT64_MIN);
    assert_ok(num_parse_i64("9223372036854775807", INT64_MIN, INT64_MAX, &n, &err));
    assert_true(n == INT64_MAX);
    assert_ok(num_parse_i64("0010", 0, 100, &n, &err));
    assert_int_equal(n, 10);
    assert_fails(num_parse_i64("9223372036854775808", INT64_MIN, INT64_MAX, &n, &err), ERR_INVALID, "range");
    assert_fails(num_parse_i64("99999999999999999999999", 0, 9, &n, &err), ERR_INVALID, "range 0 to 9");
    assert_fails(num_parse_i64("-1", 0, 9, &n, &err), ERR_INVALID, "-1 is not in the range");
    assert_fails(num_parse_i64("10", 0, 9, &n, &err), ERR_INVALID, "range");
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_fails(num_parse_i64(bad[i], INT64_MIN, INT64_MAX, &n, &err), ERR_INVALID, "is not a number");
    assert_int_equal(n, 10); /* untouched by failures */
}

static void test_size(void **state)
{
    static const struct {
        const char *text;
        int64_t bytes;
    } good[] = {
        {"0", 0},
        {"32", 32},
        {"32b", 32},
        {"32B", 32},
        {"32k", 32 * 1024},
        {"32K", 32 * 1024},
        {"32kb", 32 * 1024},
        {"32KiB", 32 * 1024},
        {"32 kb", 32 * 1024},
        {"1.5k", 1536},
        {".5m", 512 * 1024},
        {"5.k", 5 * 1024},
        {"0.1g", 107374182},
        {"32m", INT64_C(32) << 20},
        {"2G", INT64_C(2) << 30},
        {"3t", INT64_C(3) << 40},
        {"4p", INT64_C(4) << 50},
        {"8191p", INT64_C(8191) << 50},
        {"999999999999999999", INT64_C(999999999999999999)},
    };
    static const char *const bad[] = {
        "",     " ",   "k",   "b", "-1", "1x",    "1kk",  "1kx", "1kib2", "1 k b",         "1bb",        "1bib",
        "1  k", "1e3", "0x1", ".", ".k", "1..5k", "1,5k", "k1",  "hello", "1.0000000001k", "1\xc2\xa0k", "1\x0b"};
    static const char *const large[] = {"8192p", "9223372036854775p", "999999999999999999k"};
    int64_t n = -7;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        assert_ok(num_parse_size(good[i].text, &n, &err));
        if (n != good[i].bytes)
            fail_msg("%s: %lld", good[i].text, (long long)n);
    }
    n = -7;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_fails(num_parse_size(bad[i], &n, &err), ERR_INVALID, "is not a size");
    for (size_t i = 0; i < ARRAY_SIZE(large); i++)
        assert_fails(num_parse_size(large[i], &n, &err), ERR_INVALID, "too large");
    assert_int_equal(n, -7);
}

static void test_nano(void **state)
{
    static const char *const bad[] = {"", ".", "-1", "1,5", "1.5x", "1.0000000001", "1e9", " 1", "1 ", "1.5.1"};
    int64_t n;

    (void)state;
    assert_ok(num_parse_nano("1.5", &n, &err));
    assert_int_equal(n, 1500000000);
    assert_ok(num_parse_nano("0.000000001", &n, &err));
    assert_int_equal(n, 1);
    assert_ok(num_parse_nano("2", &n, &err));
    assert_int_equal(n, 2000000000);
    assert_ok(num_parse_nano(".25", &n, &err));
    assert_int_equal(n, 250000000);
    assert_ok(num_parse_nano("9223372035.999999999", &n, &err));
    assert_true(n == INT64_C(9223372035999999999));
    assert_fails(num_parse_nano("9223372037", &n, &err), ERR_INVALID, "too large");
    assert_fails(num_parse_nano("999999999999999999", &n, &err), ERR_INVALID, "too large");
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_fails(num_parse_nano(bad[i], &n, &err), ERR_INVALID, "decimal");
}

static void test_format(void **state)
{
    static const struct {
        int64_t bytes;
        const char *si, *iec;
    } cases[] = {
        {0, "0B", "0B"},
        {1, "1B", "1B"},
        {999, "999B", "999B"},
        {1000, "1kB", "1000B"},
        {1023, "1.02kB", "1023B"},
        {1024, "1.02kB", "1KiB"},
        {7050000, "7.05MB", "6.723MiB"},
        {77800000, "77.8MB", "74.2MiB"},
        {124000000, "124MB", "118.3MiB"},
        {999999, "1000kB", "976.6KiB"},
        {999900000, "1000MB", "953.6MiB"},
        {2087362560, "2.09GB", "1.944GiB"},
        {INT64_MAX, "9.22EB", "8EiB"},
    };
    char text[NUM_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_string_equal(num_format_size(cases[i].bytes, text), cases[i].si);
        assert_string_equal(num_format_size_iec(cases[i].bytes, text), cases[i].iec);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_i64),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_nano),
        cmocka_unit_test(test_format),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
