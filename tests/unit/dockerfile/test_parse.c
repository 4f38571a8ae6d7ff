#include "../unit.h"

#include "base/strv.h"
#include "dockerfile/dockerfile.h"

static struct dockerfile parse(const char *text)
{
    struct dockerfile d;
    struct err err;

    assert_ok(dockerfile_parse("Dockerfile", text, strlen(text), &d, NULL, &err));
    return d;
}

static void assert_words(const struct dockerfile_instruction *i, const char *joined)
{
    _cleanup_free_ char *is = i->words ? strv_join(i->words, "|") : str_dup("-");

    assert_string_equal(is, joined);
}

static void test_stages(void **state)
{
    _cleanup_dockerfile_ struct dockerfile d = parse("ARG V=1\nFROM a:$V AS One\nRUN x\n\nfrom One\nENV A=b\n");

    (void)state;
    assert_int_equal(d.instructions.n, 5);
    assert_int_equal(d.stages.n, 2);
    assert_string_equal(d.stages.v[0].name, "one");
    assert_null(d.stages.v[1].name);
    assert_int_equal(d.stages.v[0].from, 1);
    assert_int_equal(d.stages.v[0].end, 3);
    assert_int_equal(d.stages.v[1].from, 3);
    assert_int_equal(d.stages.v[1].end, 5);
    assert_string_equal(d.instructions.v[3].keyword, "from");
    assert_string_equal(d.instructions.v[3].original, "FROM One");
    assert_int_equal(d.instructions.v[4].at.line, 6);
}

static void test_continuations(void **state)
{
    _cleanup_dockerfile_ struct dockerfile d = parse("\xef\xbb\xbf# Escape = `\r\nFROM x\r\n  run a \\ `  \r\n# "
                                                     "no\r\n\r\n   b ``\r\nCOPY --link --chown='1:2 3' a ` \n b");

    (void)state;
    assert_int_equal(d.escape, '`');
    assert_int_equal(d.instructions.n, 3);
    assert_string_equal(d.instructions.v[1].text, "a \\    b ``");
    assert_true(d.instructions.v[1].empty_continuation);
    assert_int_equal(d.instructions.v[1].at.column, 3);
    assert_int_equal(d.instructions.v[1].last_line, 6);
    assert_words(&d.instructions.v[2], "a|b");
    assert_int_equal(d.instructions.v[2].flags.n, 2);
    assert_string_equal(dockerfile_flag(&d.instructions.v[2], "chown"), "1:2 3");
    assert_string_equal(dockerfile_flag(&d.instructions.v[2], "link"), "");
    assert_null(dockerfile_flag(&d.instructions.v[2], "chmod"));
    assert_int_equal(d.instructions.v[2].flags.v[1].at.column, 13);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stages),
        cmocka_unit_test(test_continuations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
