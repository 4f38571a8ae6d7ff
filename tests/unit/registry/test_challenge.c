#include "../unit.h"

#include "base/buf.h"
#include "registry/challenge.h"

/* All of it in one line: "bearer realm=… service=…|basic realm=…" */
static char *read_all(const char *value, int *ret)
{
    _cleanup_challenges_ struct registry_challenges c = {0};
    struct buf out = BUF_INIT;

    *ret = registry_challenge_parse(value, &c, NULL);
    VEC_FOREACH (i, &c.list) {
        buf_addf(&out, "%s%s", i == c.list.v ? "" : "|", i->scheme);
        STRV_FOREACH (p, i->params)
            buf_addf(&out, " %s", *p);
    }
    return buf_steal(&out);
}

static void test_forms(void **state)
{
    static const struct {
        const char *value, *expected;
        int r;
    } cases[] = {
        {"Bearer realm=\"https://a/t\",service=\"s\",scope=\"repository:x/y:pull,push\"",
         "bearer realm=https://a/t service=s scope=repository:x/y:pull,push", 0},
        {"Basic realm=\"a \\\"b\\\" \\\\\"", "basic realm=a \"b\" \\", 0},
        {"BEARER REALM = x , Service= \"y\"", "bearer realm=x service=y", 0},
        {"Negotiate, Basic realm=x, Bearer realm=y,scope=z", "negotiate|basic realm=x|bearer realm=y scope=z", 0},
        {"Negotiate TlRMTVNTUAAB==, Basic realm=x", "negotiate|basic realm=x", 0},
        {"Bearer realm=https://a/t?x=1,service=s", "bearer realm=https://a/t?x=1 service=s", 0},
        {", ,Basic,,", "basic", 0},
        {"Basic", "basic", 0},
        {"", "", 0},
        {"  ", "", 0},
        {"Bearer realm=\"\"", "bearer realm=", 0},
        {"Bearer realm=\"open", "bearer", ERR_INVALID},
        {"Bearer realm=\"open\\", "bearer", ERR_INVALID},
        {"\"x\"", "", ERR_INVALID},
        {"Basic realm=x \"junk\"", "basic realm=x", ERR_INVALID},
        {"=", "", ERR_INVALID},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int r;
        _cleanup_free_ char *got = read_all(cases[i].value, &r);

        print_message("%s\n", cases[i].value);
        assert_string_equal(got, cases[i].expected);
        assert_int_equal(r, cases[i].r);
    }
}

static void test_limits(void **state)
{
    _cleanup_buf_ struct buf many = BUF_INIT, params = BUF_INIT, value = BUF_INIT;
    _cleanup_challenges_ struct registry_challenges c = {0};
    struct err err;

    (void)state;
    buf_adds(&params, "Bearer a=b");
    buf_adds(&value, "Bearer realm=\"");
    for (int i = 0; i < 5000; i++) {
        buf_adds(&many, "Basic,");
        buf_adds(&params, ",a=b");
        buf_adds(&value, "x");
    }
    buf_adds(&value, "\"");
    assert_fails(registry_challenge_parse(many.p, &c, &err), ERR_LIMIT, "more than 16 challenges");
    registry_challenges_release(&c);
    assert_fails(registry_challenge_parse(params.p, &c, &err), ERR_LIMIT, "more than 32 parameters");
    registry_challenges_release(&c);
    assert_fails(registry_challenge_parse(value.p, &c, &err), ERR_LIMIT, "4096");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_forms), cmocka_unit_test(test_limits)};

    return cmocka_run_group_tests_name("challenge", tests, NULL, NULL);
}
