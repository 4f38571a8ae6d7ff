#include "../unit.h"

#include "base/id.h"
#include "base/time.h"

#define SECOND INT64_C(1000000000)
#define HOUR   (3600 * SECOND)
#define DAY    (24 * HOUR)

static struct err err;

static void test_format(void **state)
{
    static const struct {
        int64_t t;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00Z"},
        {1, "1970-01-01T00:00:00.000000001Z"},
        {-1, "1969-12-31T23:59:59.999999999Z"},
        {-SECOND, "1969-12-31T23:59:59Z"},
        {SECOND / 2, "1970-01-01T00:00:00.5Z"},
        {INT64_C(1136214245) * SECOND, "2006-01-02T15:04:05Z"},
        {INT64_C(1709164800) * SECOND, "2024-02-29T00:00:00Z"},
        {INT64_C(4102444800) * SECOND + 120, "2100-01-01T00:00:00.00000012Z"}, /* beyond 2038 */
        {INT64_MAX, "2262-04-11T23:47:16.854775807Z"},
        {INT64_MIN, "1677-09-21T00:12:43.145224192Z"},
    };
    char text[TIME_TEXT_MAX];
    int64_t t;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_string_equal(time_format(cases[i].t, text), cases[i].text);
        assert_ok(time_parse(text, &t, &err));
        assert_true(t == cases[i].t);
    }
}

static void test_parse(void **state)
{
    static const struct {
        const char *text;
        int64_t t;
    } good[] = {
        {"1970-01-01T01:00:00+01:00", 0},
        {"1969-12-31T19:00:00-05:00", 0},
        {"1970-01-01T05:45:00+05:45", 0},
        {"1970-01-01T00:00:00+00:00", 0},
        {"1970-01-01T00:00:00.123456789999Z", 123456789}, /* finer than we keep */
        {"1970-01-01T00:00:00.1-00:01", 60 * SECOND + SECOND / 10},
    };
    static const char *const bad[] = {
        "",
        "now",
        "1970-01-01",
        "1970-01-01T00:00:00",
        "1970-01-01T00:00:00Zx",
        "1970-01-01T00:00:00.Z",
        "1970-01-01 00:00:00Z",
        "1970-01-01t00:00:00z",
        " 1970-01-01T00:00:00Z",
        "1970-1-1T0:0:0Z",
        "970-01-01T00:00:00Z",
        "+1970-01-01T00:00:00Z",
        "1970-13-01T00:00:00Z",
        "1970-00-01T00:00:00Z",
        "1970-01-00T00:00:00Z",
        "1970-01-32T00:00:00Z",
        "1970-02-30T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "1970-01-01T24:00:00Z",
        "1970-01-01T00:60:00Z",
        "1970-01-01T00:00:60Z",
        "1970-01-01T00:00:00+0100",
        "1970-01-01T00:00:00+24:00",
        "1970-01-01T00:00:00+01:60",
        "1970-01-01T00:00:00+1:00",
        "1970-01-01T00:00:00+01:0",
        "1970-01-01T00:00:00+",
    };
    int64_t t = 42;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        assert_ok(time_parse(good[i].text, &t, &err));
        assert_true(t == good[i].t);
    }
    t = 42;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_fails(time_parse(bad[i], &t, &err), ERR_INVALID, "is not a time");
    assert_fails(time_parse("0001-01-01T00:00:00Z", &t, &err), ERR_LIMIT, "0001");
    assert_fails(time_parse("9999-12-31T23:59:59Z", &t, &err), ERR_LIMIT, "9999");
    assert_fails(time_parse("2262-04-11T23:47:16.854775808Z", &t, &err), ERR_LIMIT, "2262");
    assert_int_equal(t, 42);
}

static void test_age(void **state)
{
    static const struct {
        int64_t age;
        const char *text;
    } cases[] = {
        {-HOUR, "Less than a second"},
        {SECOND - 1, "Less than a second"},
        {SECOND, "1 second"},
        {59 * SECOND, "59 seconds"},
        {60 * SECOND, "About a minute"},
        {119 * SECOND, "About a minute"},
        {120 * SECOND, "2 minutes"},
        {HOUR - SECOND, "59 minutes"},
        {HOUR, "About an hour"},
        {HOUR + HOUR / 2, "2 hours"},
        {47 * HOUR, "47 hours"},
        {48 * HOUR, "2 days"},
        {14 * DAY - HOUR, "13 days"},
        {14 * DAY, "2 weeks"},
        {60 * DAY - HOUR, "8 weeks"},
        {60 * DAY, "2 months"},
        {730 * DAY - HOUR, "24 months"},
        {730 * DAY, "2 years"},
        {INT64_MAX, "292 years"},
    };
    char text[TIME_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_string_equal(time_format_age(cases[i].age, text), cases[i].text);
}

static void test_clocks(void **state)
{
    int64_t before = time_monotonic();
    char text[TIME_TEXT_MAX];

    (void)state;
    assert_true(time_monotonic() >= before);
    assert_true(strcmp(time_format(time_now(), text), "2024") > 0);
}

static void test_ids(void **state)
{
    char a[ID_LEN + 1], b[ID_LEN + 1], odd[8];

    (void)state;
    for (int i = 0; i < 2000; i++) {
        id_generate(a);
        id_generate(b);
        assert_int_equal(strlen(a), ID_LEN);
        assert_int_equal(strspn(a, "0123456789abcdef"), ID_LEN);
        assert_true(strspn(a, "0123456789") < ID_SHORT_LEN);
        assert_string_not_equal(a, b);
    }
    memset(odd, 'x', sizeof(odd));
    id_hex(odd, 5);
    assert_int_equal(strspn(odd, "0123456789abcdef"), 5);
    assert_int_equal(odd[5], 0);
    assert_int_equal(odd[6], 'x');
    id_hex(odd, 0);
    assert_int_equal(odd[0], 0);
}

static void test_duration(void **state)
{
    static const struct {
        const char *text;
        int64_t t;
    } good[] = {
        {"0", 0},
        {"-0", 0},
        {"1ns", 1},
        {"300ms", 300000000},
        {"1h30m", 5400 * SECOND},
        {"-1.5h", -5400 * SECOND},
        {"+2m0.5s", 120 * SECOND + SECOND / 2},
        {"1us", 1000},
        {"1\u00b5s2\u03bcs", 3000},
        {"2562047h", 2562047 * HOUR},
    };
    static const char *const bad[] = {"", "1", "h", "-", "1h30", "1.h", ".5h", "1x", "5ms5", "1 h", "1d", "--1h"};
    int64_t t;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        assert_ok(time_parse_duration(good[i].text, &t, &err));
        assert_true(t == good[i].t);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_fails(time_parse_duration(bad[i], &t, &err), ERR_INVALID, "is not a duration");
    assert_fails(time_parse_duration("2562048h", &t, &err), ERR_LIMIT, "292 years");
    assert_fails(time_parse_duration("99999999999999999999h", &t, &err), ERR_INVALID, "duration");
}

static void test_format_duration(void **state)
{
    static const struct {
        int64_t t;
        const char *text;
    } cases[] = {
        {0, "0s"},
        {1, "1ns"},
        {1500, "1.5\u00b5s"},
        {250000000, "250ms"},
        {1050000, "1.05ms"},
        {SECOND, "1s"},
        {90 * SECOND, "1m30s"},
        {SECOND + 5, "1.000000005s"},
        {HOUR, "1h0m0s"},
        {-HOUR - SECOND / 2, "-1h0m0.5s"},
        {INT64_MIN, "-2562047h47m16.854775808s"},
    };
    char text[TIME_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_string_equal(time_format_duration(cases[i].t, text), cases[i].text);
}

static void test_point(void **state)
{
    static const struct {
        const char *text;
        int64_t t;
    } good[] = {
        {"24h", 100 * DAY - DAY},
        {"-1h", 100 * DAY + HOUR},
        {"2006-01-02T15:04:05Z", INT64_C(1136214245) * SECOND},
        {"2006-01-02T15:04:05.5+01:00", INT64_C(1136214245) * SECOND - HOUR + SECOND / 2},
        {"2006-01-02T15:04Z", INT64_C(1136214240) * SECOND},
        {"2006-01-02Z", INT64_C(1136160000) * SECOND},
        {"2006-01-02", INT64_C(1136160000) * SECOND + 5 * HOUR},          /* on the wall */
        {"2006-01-02T15:04:05", INT64_C(1136214245) * SECOND + 5 * HOUR}, /* on the wall */
        {"1136214245", INT64_C(1136214245) * SECOND},
        {"1136214245.123", INT64_C(1136214245) * SECOND + 123000000},
    };
    static const char *const bad[] = {
        "", "now", "2006-01", "2006-02-30", "2006-01-02T", "2006-01-02x", "12345678901", "1136214245.", "0001-01-01"};
    int64_t t;

    (void)state;
    setenv("TZ", "EST5", 1);
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        assert_ok(time_parse_point(good[i].text, 100 * DAY, &t, &err));
        assert_true(t == good[i].t);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_fails(time_parse_point(bad[i], 100 * DAY, &t, &err), ERR_INVALID, "as time or duration");
    unsetenv("TZ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format),   cmocka_unit_test(test_parse),
        cmocka_unit_test(test_duration), cmocka_unit_test(test_point),
        cmocka_unit_test(test_age),      cmocka_unit_test(test_clocks),
        cmocka_unit_test(test_ids),      cmocka_unit_test(test_format_duration),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
