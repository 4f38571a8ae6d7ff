#include "../unit.h"

#include "base/strv.h"

static void assert_strv(char *const *v, const char *joined)
{
    _cleanup_free_ char *s = strv_join(v, "|");

    assert_string_equal(s, joined);
}

static void test_empty(void **state)
{
    _cleanup_strv_ char **copy = strv_copy(NULL);
    char **v = NULL;

    (void)state;
    assert_null(copy);
    assert_int_equal(strv_len(NULL), 0);
    assert_strv(NULL, "");
    assert_true(strv_equal(NULL, NULL));
    assert_false(strv_contains(NULL, "a"));
    assert_null(strv_env_get(NULL, "A"));
    strv_sort(NULL);
    strv_extend(&v, NULL);
    assert_null(v);
    STRV_FOREACH (s, v)
        fail_msg("%s in nothing", *s);
    strv_free(NULL);
}

/* Under ASan this walks over the edge of a growth rule that is wrong. */
static void test_growth(void **state)
{
    _cleanup_strv_ char **v = NULL;

    (void)state;
    for (size_t i = 0; i < 300; i++) {
        strv_addf(&v, "%zu", i);
        assert_int_equal(strv_len(v), i + 1);
    }
    for (size_t i = 0; i < 300; i++)
        assert_int_equal(strtoul(v[i], NULL, 10), i);
    /* Shortened, then grown again. */
    for (size_t n = 299; n > 0; n -= MIN_OF(n, 23u)) {
        for (size_t i = strv_len(v); i > n; i--) {
            free(v[i - 1]);
            v[i - 1] = NULL;
        }
        strv_add(&v, "again");
        assert_string_equal(v[n], "again");
        assert_null(v[n + 1]);
    }
}

static void test_add(void **state)
{
    _cleanup_strv_ char **v = NULL, **copy = NULL, **both = NULL;

    (void)state;
    strv_add(&v, "a");
    strv_take(&v, str_dup("b"));
    strv_add(&v, "");
    assert_strv(v, "a|b|");
    copy = strv_copy(v);
    assert_true(strv_equal(v, copy));
    assert_ptr_not_equal(v[0], copy[0]);
    strv_extend(&both, v);
    strv_extend(&both, copy);
    assert_strv(both, "a|b||a|b|");
    assert_false(strv_equal(v, both));
    copy[1][0] = 'c';
    assert_false(strv_equal(v, copy));
    assert_true(strv_contains(v, "b") && strv_contains(v, "") && !strv_contains(v, "ab"));
}

static void test_split_join(void **state)
{
    static const struct {
        const char *text;
        size_t n;
        const char *joined;
    } cases[] = {{"", 1, ""}, {"a", 1, "a"}, {"a,b", 2, "a|b"}, {",", 2, "|"}, {"a,,b", 3, "a||b"}, {",a,", 3, "|a|"}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_strv_ char **v = strv_split(cases[i].text, ',');

        assert_int_equal(strv_len(v), cases[i].n);
        assert_strv(v, cases[i].joined);
    }
}

static void test_sort(void **state)
{
    _cleanup_strv_ char **v = strv_split("b,a,B,,\xc3\xa9,aa", ',');

    (void)state;
    strv_sort(v);
    assert_strv(v, "|B|a|aa|b|\xc3\xa9");
}

static void test_env(void **state)
{
    _cleanup_strv_ char **env = NULL;

    (void)state;
    strv_env_set(&env, "PATH=/bin");
    strv_env_set(&env, "A=1=2");
    strv_env_set(&env, "AB=3");
    strv_env_set(&env, "EMPTY=");
    strv_env_set(&env, "BARE");
    assert_string_equal(strv_env_get(env, "PATH"), "/bin");
    assert_string_equal(strv_env_get(env, "A"), "1=2");
    assert_string_equal(strv_env_get(env, "EMPTY"), "");
    assert_null(strv_env_get(env, "BARE"));
    assert_null(strv_env_get(env, "PAT"));
    assert_null(strv_env_get(env, ""));
    strv_env_set(&env, "A=new");
    assert_strv(env, "PATH=/bin|A=new|AB=3|EMPTY=|BARE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),      cmocka_unit_test(test_growth), cmocka_unit_test(test_add),
        cmocka_unit_test(test_split_join), cmocka_unit_test(test_sort),   cmocka_unit_test(test_env),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
