#include "../unit.h"

#include <signal.h>

#include "sys/fd.h"
#include "sys/run.h"

#include <fcntl.h>
#include <sys/time.h>

static int run(const char *const *argv, const char *input, int timeout_ms, struct buf *out, struct err *err)
{
    return run_program(
        &(struct run){
            .argv = argv, .input = input, .input_len = strlen(input), .timeout_ms = timeout_ms, .output = out},
        err);
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

/* All that a program may be given in place of what we have, and the end of what is too long. */
static void test_surroundings(void **state)
{
    _cleanup_buf_ struct buf out = BUF_INIT_MAX(100);
    char *const env[] = {(char *)"ONLY=this", NULL};
    struct run how = {.argv = (const char *const[]){"named", "-c", "pwd; echo $0 $ONLY $HOME >&2", NULL},
                      .file = "/bin/sh",
                      .env = env,
                      .dir = "/usr",
                      .output = &out,
                      .errors = true};
    struct err err;

    (void)state;
    assert_ok(run_program(&how, &err));
    assert_string_equal(buf_str(&out), "/usr\nnamed this\n");
    buf_clear(&out);
    how.argv = (const char *const[]){"sh", "-c", "i=0; while [ $i -lt 1000 ]; do echo $i; i=$((i+1)); done", NULL};
    how.tail = true;
    assert_ok(run_program(&how, &err));
    assert_true(out.len <= 100);
    assert_true(str_ends(buf_str(&out), "\n998\n999\n"));
}

/* At its time-out it goes with what it started. */
static void test_group(void **state)
{
    _cleanup_buf_ struct buf out = BUF_INIT_MAX(1000);
    struct err err;
    pid_t pid;

    (void)state;
    assert_fails(run(SHELL("sleep 3600 & echo $!; wait"), "", 200, &out, &err), ERR_NETWORK, "no answer");
    pid = atoi(buf_str(&out));
    assert_true(pid > 0);
    for (int i = 0; i < 1000 && kill(pid, 0) == 0; i++)
        usleep(10000);
    assert_int_equal(kill(pid, 0), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answer),  cmocka_unit_test(test_refused),      cmocka_unit_test(test_left_behind),
        cmocka_unit_test(test_signals), cmocka_unit_test(test_surroundings), cmocka_unit_test(test_group),
    };

    return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
