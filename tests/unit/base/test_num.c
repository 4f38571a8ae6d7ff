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

/* What docker 28.2 makes of them. */
static void test_nano(void **state)
{
    static const struct {
        const char *text;
        int64_t nano;
    } good[] = {
        {"1.5", 1500000000},
        {"0.000000001", 1},
        {"2", 2000000000},
        {".25", 250000000},
        {"5.", 5000000000},
        {"9223372035.999999999", 9223372035999999999},
        {"-1", -1000000000},
        {"+1", 1000000000},
        {"0", 0},
        {"1e9", 1000000000000000000},
        {"1e-1", 100000000},
        {"1E1", 10000000000},
        {"1e+1", 10000000000},
        {"10e-10", 1},
        {"1.00000000000000000000000000000000000000000000", 1000000000},
        {"10000000000000000000000000000000000000000000e-43", 1000000000},
        {"0e99", 0},
        {"007", 7000000000},
        {"08.5", 8500000000},
        {"3/2", 1500000000},
        {"-3/2", -1500000000},
        {"3/3000000000", 1},
        {"0/1", 0},
        {"010/2", 4000000000}, /* octal */
        {"0x1/0b10", 500000000},
        {"0x.8", 500000000},
        {"0x1p-1", 500000000},
        {"0X1e1", 481000000000},
        {"0b1.1", 1500000000},
        {"0b1e1", 10000000000},
        {"0O17.4", 15500000000},
        {"1p-9", 1953125},
        {"1_0.2_5", 10250000000},
        {"0x_1", 1000000000},
        {"1p0_1", 2000000000},
    };
    static const char *const bad[] = {"",      ".",     "+",    "-",     "1,5", "1.5x", " 1",    "1 ",
                                      "1.5.1", "e1",    "1e",   "1e+",   "1/0", "3/-2", "1/2/3", "1/",
                                      "1.5/2", "1/2.5", "09/2", "0x",    "0b2", "1__0", "_1",    "1_",
                                      "1_.5",  "1._5",  "1e_1", "1e2p3", "Inf", "NaN",  "--1"};
    static const char *const precise[] = {"1.0000000001", "1e-10", "1p-10", "1/3", "1/3000000000", "1e-999999999999"};
    /* Docker lets these wrap around. */
    static const char *const large[] = {"9223372037",
                                        "999999999999999999",
                                        "1e10",
                                        "1e999999999999",
                                        "1p9999",
                                        "1234567890123456789012345678901234567890",
                                        "0xffffffffffffffffffffffffffffffffff/1"};
    int64_t n;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        assert_ok(num_parse_nano(good[i].text, &n, &err));
        if (n != good[i].nano)
            fail_msg("%s: %lld", good[i].text, (long long)n);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_fails(num_parse_nano(bad[i], &n, &err), ERR_INVALID, "as a rational number");
    for (size_t i = 0; i < ARRAY_SIZE(precise); i++)
        assert_fails(num_parse_nano(precise[i], &n, &err), ERR_INVALID, "value is too precise");
    for (size_t i = 0; i < ARRAY_SIZE(large); i++)
        assert_fails(num_parse_nano(large[i], &n, &err), ERR_INVALID, "too large");
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
