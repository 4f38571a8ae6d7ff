#include "../unit.h"

#include <signal.h>

#include "sys/run.h"

static int run(const char *const *argv, const char *input, int timeout_ms, struct buf *out, struct err *err)
{
    return run_program(&(struct run){argv, input, strlen(input), timeout_ms, out}, err);
}

#define SHELL(line) ((const char *const[]){"sh", "-c", (line), NULL})

static void test_answer(void **state)
{
    _cleanup_buf_ struct buf out = BUF_INIT_MAX(1 << 20);
    _cleanup_free_ char *large = mem_zalloc(1, 300001);
    struct err err;

    (void)state;
    assert_ok(run(SHELL("cat; test ! -t 0 && echo \" end\"; echo no >&2"), "some input", 60000, &out, &err));
    assert_string_equal(buf_str(&out), "some input end\n");
    buf_clear(&out);
    /* More than a pipe holds, in both directions, and to one who does not read. */
    memset(large, 'x', 300000);
    assert_ok(run(SHELL("cat"), large, 60000, &out, &err));
    assert_string_equal(buf_str(&out), large);
    assert_int_equal(run(SHELL("exit 3"), large, 60000, &out, &err), 3);
    assert_int_equal(run(SHELL("kill -TERM $$"), "", 60000, &out, &err), 128 + 15);
}

static void test_refused(void **state)
{
    _cleanup_buf_ struct buf out = BUF_INIT_MAX(1000);
    struct err err;

    (void)state;
    assert_fails(run((const char *const[]){"no-such-program-anywhere", NULL}, "", 60000, &out, &err), ERR_NOT_FOUND,
                 "no-such-program-anywhere");
    assert_fails(run(SHELL("yes"), "", 60000, &out, &err), ERR_LIMIT, "sh: ");
    buf_clear(&out);
    assert_fails(run(SHELL("exec sleep 3600"), "", 20, &out, &err), ERR_NETWORK, "sh: no answer");
}

/* What keeps the output open does not keep us. */
static void test_left_behind(void **state)
{
    _cleanup_buf_ struct buf out = BUF_INIT_MAX(1000);
    struct err err;

    (void)state;
    assert_ok(run(SHELL("sleep 3600 & echo $!"), "", 60000, &out, &err));
    assert_int_equal(kill(atoi(buf_str(&out)), SIGKILL), 0);
}

static void test_signals(void **state)
{
    _cleanup_buf_ struct buf out = BUF_INIT_MAX(1000);
    sigset_t all, before;
    struct err err;

    (void)state;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    assert_ok(run(SHELL("grep SigBlk: /proc/self/status"), "", 60000, &out, &err));
    sigprocmask(SIG_SETMASK, &before, NULL);
    assert_string_equal(buf_str(&out), "SigBlk:\t0000000000000000\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answer),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_left_behind),
        cmocka_unit_test(test_signals),
    };

    return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
