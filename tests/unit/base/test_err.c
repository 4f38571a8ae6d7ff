#include "../unit.h"

#include "base/err.h"

static void test_set(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(err_set(&err, ERR_NOT_FOUND, "image %s", "a"), ERR_NOT_FOUND);
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    assert_string_equal(err.text, "image a");
    assert_string_equal(err.hint, "");
    assert_int_equal(err_set(NULL, ERR_LIMIT, "x"), ERR_LIMIT);
}

static void test_errno(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(err_errno(&err, ENOSPC, "blob %d", 7), ERR_NO_SPACE);
    assert_string_equal(err.text, "blob 7: No space left on device");
    assert_int_equal(err_errno(NULL, ENOENT, "x"), ERR_NOT_FOUND);
    assert_int_equal(err_kind_of_errno(EACCES), ERR_PERMISSION);
    assert_int_equal(err_kind_of_errno(EAGAIN), ERR_BUSY);
    assert_int_equal(err_kind_of_errno(EHOSTUNREACH), ERR_NETWORK);
    assert_int_equal(err_kind_of_errno(ENOTTY), ERR_IO);
    assert_int_equal(err_kind_of_errno(99999), ERR_IO);
}

static void test_wrap(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    err_errno(&err, EPERM, "etc/passwd");
    assert_int_equal(err_wrap(&err, "layer %d/%d", 3, 5), ERR_PERMISSION);
    assert_int_equal(err_wrap(&err, "image x"), ERR_PERMISSION);
    assert_string_equal(err.text, "image x: layer 3/5: etc/passwd: Operation not permitted");
    assert_int_equal(err_wrap(NULL, "x"), ERR_INTERNAL);
}

static void test_hint(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    err_set(&err, ERR_AUTH, "denied");
    assert_int_equal(err_hint(&err, "log in to %s", "h"), ERR_AUTH);
    assert_int_equal(err_hint(&err, "try again"), ERR_AUTH);
    assert_string_equal(err.hint, "log in to h");
    err_wrap(&err, "pulling");
    assert_string_equal(err.hint, "log in to h");
    err_set(&err, ERR_IO, "another");
    assert_string_equal(err.hint, "");
    assert_int_equal(err_hint(NULL, "x"), ERR_INTERNAL);
}

/* What goes to a terminal cannot command it, in the text, the wrapping and the hint. */
static void test_hostile(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    err_set(&err, ERR_INVALID, "a\x1b[31m\nb\x7f\xc2\x9b \xff\xc3\xa9");
    assert_string_equal(err.text, "a?[31m?b???"
                                  " ?\xc3\xa9");
    err_wrap(&err, "c\r");
    err_hint(&err, "d\x1b");
    assert_non_null(strstr(err.text, "c?: a?"));
    assert_string_equal(err.hint, "d?");
}

static void test_long(void **state)
{
    _cleanup_free_ char *text = mem_alloc(5000);
    struct err err = ERR_INIT;

    (void)state;
    memset(text, 'x', 4999);
    text[4999] = 0;
    err_set(&err, ERR_IO, "%s", text);
    assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
    assert_int_equal(err_wrap(&err, "front"), ERR_IO);
    assert_int_equal(strncmp(err.text, "front: xxx", 10), 0);
    assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
    err_errno(&err, EIO, "%s", text);
    assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
    err_hint(&err, "%s", text);
    assert_int_equal(strlen(err.hint), ERR_HINT_MAX - 1);
    /* cut within a character: no half of it stays */
    text[ERR_TEXT_MAX - 2] = (char)0xc3;
    text[ERR_TEXT_MAX - 1] = (char)0xa9;
    err_set(&err, ERR_IO, "%s", text);
    assert_int_equal(err.text[ERR_TEXT_MAX - 2], '?');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set),  cmocka_unit_test(test_errno),   cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_hint), cmocka_unit_test(test_hostile), cmocka_unit_test(test_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
