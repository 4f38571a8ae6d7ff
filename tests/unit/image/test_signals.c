/* What ends a long command. */
#include "../unit.h"

#include "image/signals.h"

static void test_hang_up(void **state)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, usual = {.sa_handler = SIG_DFL}, before, after;
    struct image_signals s;
    struct err err;

    (void)state;
    assert_int_equal(sigaction(SIGHUP, &usual, &before), 0); /* the tests themselves may be run by nohup(1) */
    assert_ok(image_signals_begin(&s, &err));
    raise(SIGHUP);
    assert_fails(image_signals_check(&err), ERR_INTERRUPTED, "interrupted");
    image_signals_end(&s);

    sigaction(SIGHUP, &ignore, NULL); /* as nohup(1) does */
    assert_ok(image_signals_begin(&s, &err));
    raise(SIGHUP);
    assert_ok(image_signals_check(&err));
    raise(SIGTERM);
    assert_fails(image_signals_check(&err), ERR_INTERRUPTED, "interrupted");
    image_signals_end(&s);
    sigaction(SIGHUP, NULL, &after);
    assert_true(after.sa_handler == SIG_IGN);
    sigaction(SIGHUP, &before, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hang_up),
    };

    return cmocka_run_group_tests_name("signals", tests, NULL, NULL);
}
