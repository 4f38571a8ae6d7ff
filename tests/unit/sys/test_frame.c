#include "../unit.h"

#include "sys/fd.h"
#include "sys/frame.h"

/* What comes out of an error of `kind`, all of whose texts are the byte `c`. */
static int pass(int kind, char c, struct err *ret)
{
    struct err sent = {.kind = kind};
    struct frame frame;
    int pair[2], r;

    memset(sent.text, c, sizeof(sent.text));
    memset(sent.hint, c, sizeof(sent.hint));
    assert_int_equal(frame_pair(pair), 0);
    assert_int_equal(frame_send_error(pair[0], 7, &sent), 0);
    assert_int_equal(frame_receive(pair[1], &frame), 1);
    assert_int_equal(frame.type, 7);
    r = frame_take_error(&frame, ret);
    frame_release(&frame);
    fd_close(pair[0]);
    fd_close(pair[1]);
    return r;
}

/* From a process that was taken over: no end, no error, sequences for the terminal. */
static void test_errors_are_foreign(void **state _unused_)
{
    struct err err = {.kind = ERR_IO, .text = "before"};

    assert_int_equal(pass(ERR_EXISTS, 'x', &err), ERR_EXISTS);
    assert_int_equal(err.kind, ERR_EXISTS);
    assert_int_equal(strnlen(err.text, sizeof(err.text)), sizeof(err.text) - 1);
    assert_true(strnlen(err.hint, sizeof(err.hint)) < sizeof(err.hint));
    assert_int_equal(pass(5, 'x', &err), ERR_INTERNAL);
    assert_int_equal(err.kind, ERR_INTERNAL);
    assert_int_equal(pass(ERR_EXISTS, '\x1b', &err), ERR_EXISTS);
    assert_null(strchr(err.text, '\x1b'));
    assert_null(strchr(err.hint, '\x1b'));
    assert_int_equal(pass(ERR_EXISTS, 'x', NULL), ERR_EXISTS);
}

/* As it was set, and an empty hint stays one. */
static void test_errors_come_whole(void **state _unused_)
{
    struct err sent = ERR_INIT, err = ERR_INIT;
    struct frame frame;
    int pair[2];

    err_set(&sent, ERR_INVALID, "linux.x: \"%s\"", "100%s");
    assert_int_equal(frame_pair(pair), 0);
    assert_int_equal(frame_send_error(pair[0], 7, &sent), 0);
    assert_int_equal(frame_receive(pair[1], &frame), 1);
    assert_int_equal(frame_take_error(&frame, &err), ERR_INVALID);
    assert_string_equal(err.text, "linux.x: \"100%s\"");
    assert_string_equal(err.hint, "");
    fd_close(pair[0]);
    fd_close(pair[1]);
}

/* Whoever goes away without having read everything is still heard. */
static void test_last_words_are_heard(void **state _unused_)
{
    struct frame frame;
    int pair[2];

    assert_int_equal(frame_pair(pair), 0);
    assert_int_equal(frame_send(pair[1], 1, NULL, 0, NULL, 0), 0);
    assert_int_equal(frame_send(pair[0], 2, "x", 1, NULL, 0), 0);
    fd_close(pair[0]);
    assert_int_equal(frame_receive(pair[1], &frame), 1);
    assert_int_equal(frame.type, 2);
    assert_int_equal(frame_receive(pair[1], &frame), 0);
    fd_close(pair[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors_are_foreign),
        cmocka_unit_test(test_errors_come_whole),
        cmocka_unit_test(test_last_words_are_heard),
    };

    return cmocka_run_group_tests_name("sys/frame", tests, NULL, NULL);
}
