#include "../unit.h"

#include "dockerfile/words.h"

static char *const env[] = {(char *)"A=x y",
                            (char *)"E=",
                            (char *)"P=/usr/local/bin",
                            (char *)"D=first",
                            (char *)"N=a\nb",
                            (char *)"D=last",
                            (char *)"U=\xc3\xa9t\xc3\xa9",
                            (char *)"S=a*b?c",
                            (char *)"B=}x/y}",
                            (char *)"1=digit",
                            NULL};

static void assert_list(char *const *list, const char *joined)
{
    _cleanup_free_ char *is = strv_join(list, "|");

    assert_string_equal(is, joined);
}

static const struct {
    const char *word, *is;
} good[] = {
    {"a", "a"},
    {"", ""},
    {"\"a  b\"c", "a  bc"},
    {"'$A'\\'", "$A'"},
    {"$A", "x y"},
    {"$D", "last"},
    {"${A}z$NOPE", "x yz"},
    {"\"$A\\$A\\n\"", "x y$A\\n"},
    {"\"\\\\\\\"\"", "\\\""},
    {"\\$A", "$A"},
    {"\\a\\ b", "a b"},
    {"a\\", "a"},
    {"$", "$"},
    {"$.", "$."},
    {"$-", ""},
    {"$$A", "A"},
    {"$1$12", "digit"},
    {"a << b <c", "a << b <c"},
    {"${NOPE:-d$A}", "dx y"},
    {"${NOPE-d}${E-d}", "d"},
    {"${E:-d}${A:-d}", "dx y"},
    {"${A:+s}${E:+s}${NOPE:+s}", "s"},
    {"${A+s}${E+t}${NOPE+u}", "st"},
    {"${A:?no}${E?no}", "x y"},
    {"${NOPE:-${NOPE:-${A}}}", "x y"},
    {"${NOPE:-'}'\"}\"\\}}", "}}}"},
    {"${P#*/}", "usr/local/bin"},
    {"${P##*/}", "bin"},
    {"${P%/*}", "/usr/local"},
    {"${P%%/*}", ""},
    {"${P#/usr}", "/local/bin"},
    {"${P#usr}", "/usr/local/bin"},
    {"${P%/???}", "/usr/local"},
    {"${P##/*/l}", "ocal/bin"},
    {"${P%%l*n}", "/usr/"},
    {"${P%l*n}", "/usr/loca"},
    {"${U#?}${U%?}", "t\xc3\xa9\xc3\xa9t"},
    {"${N#*}-${N##*}", "a\nb-\nb"},
    {"${S#a\\*}${S%\\?c}", "b?ca*b"},
    {"${P/local/share}", "/usr/share/bin"},
    {"${P/\\//:}${P//\\//:}", ":usr/local/bin:usr:local:bin"},
    {"${P/nope/x}${NOPE/a/b}", "/usr/local/bin"},
    {"${P//l*b/-}", "/usr/-in"},
    {"${P/b*/}", "/usr/local/"},
    {"${E/*/x}|${E//*/x}", "x|x"},
    {"${P//?/.}", ".............."},
    {"${D//st*/}${D//a/$D}", "lallastst"},
};

static void test_expand(void **state)
{
    const struct words how = {.env = env};
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        _cleanup_free_ char *is = NULL;

        assert_ok(words_expand(good[i].word, &how, &is, &err));
        if (strcmp(is, good[i].is) != 0)
            fail_msg("%s: %s and not %s", good[i].word, is, good[i].is);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *word, *says;
    } bad[] = {
        {"'", "failed to process \"'\": unexpected end of statement while looking for matching single-quote"},
        {"\"a", "matching double-quote"},
        {"${", "syntax error: missing '}'"},
        {"${A", "missing '}'"},
        {"${A:-x", "missing '}'"},
        {"${A:-'}", "missing '}'"},
        {"${A:", "missing '}'"},
        {"${A/b", "syntax error: missing '/' in ${}"},
        {"${A/b/c", "missing '}'"},
        {"${}", "syntax error: bad substitution"},
        {"${{A}}", "bad substitution"},
        {"${:-x}", "bad substitution"},
        {"${A:=x}", "unsupported modifier (:=) in substitution"},
        {"${A:#x}", "unsupported modifier (:#)"},
        {"${A.}", "unsupported modifier (.)"},
        {"${E:?must be there}", "E: must be there"},
        {"${E:?}", "E: is not allowed to be empty"},
        {"${NOPE?}", "NOPE: is not allowed to be unset"},
        {"${A#\\x}", "invalid escape '\\x'"},
    };
    const struct words how = {.env = env};
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        char *is = NULL;

        assert_fails(words_expand(bad[i].word, &how, &is, &err), ERR_INVALID, bad[i].says);
    }
}

static void test_other_escape(void **state)
{
    const struct words how = {.env = env, .escape = '`'};
    _cleanup_free_ char *is = NULL, *text = NULL;
    struct err err;

    (void)state;
    assert_ok(words_expand("c:\\a`$A\\$E", &how, &is, &err));
    assert_string_equal(is, "c:\\a$A\\");
    assert_ok(words_expand_variables("'$A' \"${NOPE:-'}\" \\$A", &how, &text, &err));
    assert_string_equal(text, "'x y' \"'\" $A");
}

static void test_unset(void **state)
{
    _cleanup_strv_ char **unset = NULL;
    const struct words how = {.env = env, .unset = &unset};
    _cleanup_free_ char *is = NULL;
    struct err err;

    (void)state;
    assert_ok(words_expand("$A$X${Y:-x}$X'$Z'", &how, &is, &err));
    assert_list(unset, "X|Y");
}

static void test_limits(void **state)
{
    _cleanup_free_ char *deep = mem_zalloc(1000, 8), *big = mem_zalloc(1, (1 << 20) + 2);
    const struct words how = {.env = (char *const[]){big, NULL}};
    char *is = NULL;
    struct err err;

    (void)state;
    for (size_t i = 0; i < 100; i++)
        strcat(deep, "${X:-");
    assert_fails(words_expand(deep, &how, &is, &err), ERR_LIMIT, "too deep");
    memset(big, 'a', 1 << 20);
    memcpy(big, "A=", 2);
    assert_fails(words_expand("$A$A", &how, &is, &err), ERR_LIMIT, "longer than");
    assert_fails(words_expand("${A//a/aa}", &how, &is, &err), ERR_LIMIT, "longer than");
    assert_fails(
        words_expand(
            "${A/a*aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab/x}",
            &how, &is, &err),
        ERR_LIMIT, "too costly");
}

/* What all words come to is limited as well, and patterns cost more. */
static void test_spent(void **state)
{
    static char big[(1 << 20) + 1];
    char *own[] = {big, NULL};
    size_t spent = 0;
    const struct words how = {.env = own, .spent = &spent};
    struct err err = ERR_INIT;
    char *is = NULL;
    int n = 0, r = 0;

    (void)state;
    memset(big, 'a', 1 << 20);
    memcpy(big, "A=", 2);
    for (; r == 0 && n < 1000; n++) {
        r = words_expand("$A", &how, &is, &err);
        if (r == 0)
            free(is);
    }
    assert_int_equal(r, ERR_LIMIT);
    assert_int_equal(n, 65);
    spent = 0;
    for (n = 0, r = 0; r == 0 && n < 1000; n++) {
        r = words_expand("${A##*b}", &how, &is, &err);
        if (r == 0)
            free(is);
    }
    assert_int_equal(r, ERR_LIMIT);
    assert_in_range(n, 2, 6);
}

static void test_split(void **state)
{
    char **words = words_split("  a \"b c\"d\t'e\" f' g\\ h \xc2\xa0i `\\", 0);

    (void)state;
    assert_list(words, "a|\"b c\"d|'e\" f'|g\\ h|i|`");
    strv_free(words);
    assert_null(words_split(" \t", 0));
    words = words_split("a` b c\\ d", '`');
    assert_list(words, "a` b|c\\|d");
    strv_free(words);
}

static void test_list(void **state)
{
    const struct words how = {.env = env};
    _cleanup_strv_ char **words = NULL;
    struct err err;

    (void)state;
    assert_ok(words_expand_list("1 ${A}2 \"$A\" '' 3\\ 4 $E", &how, &words, &err));
    assert_list(words, "1|x|y2|x y|3 4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expand), cmocka_unit_test(test_refused), cmocka_unit_test(test_other_escape),
        cmocka_unit_test(test_unset),  cmocka_unit_test(test_limits),  cmocka_unit_test(test_spent),
        cmocka_unit_test(test_split),  cmocka_unit_test(test_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
