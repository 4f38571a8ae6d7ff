#include "../unit.h"

#include "oci/platform.h"

static void test_parse(void **state)
{
    static const struct {
        const char *text, *normal;
    } cases[] = {
        {"linux/amd64", "linux/amd64"},     {"Linux/x86_64", "linux/amd64"},
        {"linux/amd64/v1", "linux/amd64"},  {"linux/amd64/v3", "linux/amd64/v3"},
        {"linux/arm64/v8", "linux/arm64"},  {"linux/aarch64", "linux/arm64"},
        {"linux/arm", "linux/arm/v7"},      {"linux/arm/6", "linux/arm/v6"},
        {"linux/armhf", "linux/arm/v7"},    {"linux/armel", "linux/arm/v6"},
        {"linux/i386", "linux/386"},        {"s390x", "linux/s390x"},
        {"windows/amd64", "windows/amd64"}, {"linux/mips/softfloat", "linux/mips/softfloat"},
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_platform_ struct oci_platform p = {0};
        _cleanup_free_ char *text = NULL;

        assert_ok(oci_platform_parse(cases[i].text, &p, &err));
        text = oci_platform_format(&p);
        assert_string_equal(text, cases[i].normal);
    }
}

static void test_halves(void **state)
{
    _cleanup_platform_ struct oci_platform host = {0}, os = {0};
    struct err err;

    (void)state;
    oci_platform_host(&host);
    assert_string_equal(host.os, "linux");
    assert_ok(oci_platform_parse("windows", &os, &err));
    assert_string_equal(os.os, "windows");
    assert_string_equal(os.architecture, host.architecture);
    assert_int_equal(oci_platform_distance(&host, &host), 0);
}

static void test_refused(void **state)
{
    static const char *const cases[] = {"", "/", "linux/", "/amd64", "a/b/c/d", "linux/amd 64", "linux/a\n"};
    struct oci_platform p = {0};
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_fails(oci_platform_parse(cases[i], &p, &err), ERR_INVALID, "is not a platform");
    assert_fails(oci_platform_parse("foo", &p, &err), ERR_INVALID, "\"foo\": unknown operating system or architecture");
}

/* `offers` from the best to the worst; the rest does not run at all. */
static void check_order(const char *wanted, const char *const *offers, const char *const *never)
{
    _cleanup_platform_ struct oci_platform w = {0};
    struct err err;
    int last = -1;

    assert_ok(oci_platform_parse(wanted, &w, &err));
    for (; *offers; offers++) {
        _cleanup_platform_ struct oci_platform o = {0};
        int distance;

        assert_ok(oci_platform_parse(*offers, &o, &err));
        distance = oci_platform_distance(&w, &o);
        if (distance <= last)
            fail_msg("%s for %s: %d after %d", *offers, wanted, distance, last);
        last = distance;
    }
    for (; *never; never++) {
        _cleanup_platform_ struct oci_platform o = {0};

        assert_ok(oci_platform_parse(*never, &o, &err));
        assert_int_equal(oci_platform_distance(&w, &o), -1);
    }
}

static void test_order(void **state)
{
    (void)state;
    check_order("linux/arm/v7", (const char *const[]){"linux/arm/v7", "linux/arm/v6", "linux/arm/v5", NULL},
                (const char *const[]){"linux/arm/v8", "linux/arm64", "linux/amd64", "windows/arm/v7", NULL});
    check_order("linux/arm64",
                (const char *const[]){"linux/arm64/v8", "linux/arm/v8", "linux/arm/v7", "linux/arm/v6", NULL},
                (const char *const[]){"linux/arm64/v9", "linux/amd64", NULL});
    check_order("linux/amd64", (const char *const[]){"linux/amd64", "linux/386", NULL},
                (const char *const[]){"linux/amd64/v2", "linux/amd64/v3", "linux/arm64", "windows/amd64", NULL});
    check_order("linux/amd64/v3",
                (const char *const[]){"linux/amd64/v3", "linux/amd64/v2", "linux/amd64", "linux/386", NULL},
                (const char *const[]){"linux/amd64/v4", NULL});
    check_order("linux/s390x", (const char *const[]){"linux/s390x", NULL},
                (const char *const[]){"linux/ppc64le", NULL});
}

/* What a document says may be anything. */
static void test_foreign(void **state)
{
    _cleanup_platform_ struct oci_platform w = {0};
    struct oci_platform odd = {
        .architecture = (char *)"amd64", .os = (char *)"linux", .variant = (char *)"v999999999999"};
    struct oci_platform empty = {0};
    struct err err;

    (void)state;
    assert_ok(oci_platform_parse("linux/amd64", &w, &err));
    assert_int_equal(oci_platform_distance(&w, &odd), -1);
    assert_int_equal(oci_platform_distance(&w, &empty), -1);
    assert_int_equal(oci_platform_distance(&empty, &w), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse), cmocka_unit_test(test_halves),  cmocka_unit_test(test_refused),
        cmocka_unit_test(test_order), cmocka_unit_test(test_foreign),
    };

    return cmocka_run_group_tests_name("platform", tests, NULL, NULL);
}
