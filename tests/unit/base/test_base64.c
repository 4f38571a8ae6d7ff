#include "../unit.h"

#include "base/base64.h"

/* RFC 4648, section 10 */
static void test_vectors(void **state)
{
    static const struct {
        const char *plain, *coded;
    } cases[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xff\xfe\xfd", "//79"},
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_free_ char *coded = base64_encode(cases[i].plain, strlen(cases[i].plain));
        _cleanup_buf_ struct buf plain = BUF_INIT;

        assert_string_equal(coded, cases[i].coded);
        assert_ok(base64_decode(coded, &plain, &err));
        assert_string_equal(buf_str(&plain), cases[i].plain);
    }
}

static void test_odd(void **state)
{
    static const char *const bad[] = {"Z", "Zg=", "Zg===", "Zm9vY", "Zm 9v", "Zg==Zg==", "Zm9v=", "=", "Zm9-"};
    _cleanup_buf_ struct buf plain = BUF_INIT;
    struct err err;

    (void)state;
    assert_ok(base64_decode("Zm9vYg", &plain, &err)); /* no padding */
    assert_string_equal(buf_str(&plain), "foob");
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_fails(base64_decode(bad[i], &plain, &err), ERR_INVALID, "base 64");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors), cmocka_unit_test(test_odd)};

    return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
