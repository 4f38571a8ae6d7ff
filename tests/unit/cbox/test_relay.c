/* What passes bytes on. */
#include "../unit.h"

#include "../../../cmd/cbox/relay.h"
#include "sys/fd.h"

/* Two that read the same pipe are told of the same bytes, and one of them finds none. */
static void test_source_taken_by_another(void **state _unused_)
{
    struct relay r = RELAY_NONE;
    struct pollfd fds[2];
    int source[2], sink[2];
    char byte;

    assert_int_equal(pipe(source), 0);
    assert_int_equal(pipe(sink), 0);
    relay_begin(&r, source[0], sink[1]);
    relay_watch(&r, fds);
    fds[0].revents = POLLIN;
    fds[1].revents = 0;
    relay_move(&r, fds);
    relay_watch(&r, fds);
    assert_int_equal(poll(fds, 2, 0), 1); /* it may have been the sink that had no room */
    relay_move(&r, fds);
    relay_watch(&r, fds);
    assert_int_equal(poll(fds, 2, 0), 0); /* it was not: the source is waited for */
    assert_int_equal(write(source[1], "x", 1), 1);
    assert_int_equal(poll(fds, 2, 0), 1);
    relay_move(&r, fds);
    assert_int_equal(read(sink[0], &byte, 1), 1);
    relay_release(&r);
    for (size_t i = 0; i < 2; i++) {
        close(source[i]);
        close(sink[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_source_taken_by_another)};

    return cmocka_run_group_tests_name("cbox/relay", tests, NULL, NULL);
}
