#include "../files.h"

#include "sys/aside.h"

#include <sys/wait.h>

static volatile sig_atomic_t stop;

struct work {
    int answer;
    pid_t pid;
    int told;
};

static int answer(void *data, int socket, struct err *err)
{
    struct work *w = data;
    int one = 1;

    (void)err;
    aside_tell(socket, &one, sizeof(one));
    aside_tell(socket, &one, sizeof(one));
    w->answer = 42;
    w->told = 1000; /* nobody sees that */
    return 0;
}

static void hear(void *data, const void *message, size_t len)
{
    struct work *w = data;
    int n;

    assert_int_equal(len, sizeof(n));
    memcpy(&n, message, sizeof(n));
    w->told += n;
}

static int fails(void *data, int socket, struct err *err)
{
    (void)data;
    (void)socket;
    err_set(err, ERR_EXISTS, "it is there");
    return err_hint(err, "take it away");
}

static int dies(void *data, int socket, struct err *err)
{
    (void)data;
    (void)socket;
    (void)err;
    _exit(0);
}

static _Noreturn int never_ends(void *data, int socket, struct err *err)
{
    (void)data;
    (void)err;
    aside_tell(socket, "", 1);
    for (;;)
        pause();
}

static void stop_it(void *data, const void *message, size_t len)
{
    (void)data;
    (void)message;
    (void)len;
    stop = 1;
}

static void handler(int number)
{
    (void)number;
}

static void test_ends(void **state)
{
    struct work w = {0};
    struct err err = ERR_INIT;

    (void)state;
    assert_ok(aside(
        &(struct aside){.work = answer, .data = &w, .answer = &w.answer, .answer_len = sizeof(w.answer), .hear = hear},
        &err));
    assert_int_equal(w.answer, 42);
    assert_int_equal(w.told, 2);
    assert_fails(aside(&(struct aside){.work = fails}, &err), ERR_EXISTS, "it is there");
    assert_string_equal(err.hint, "take it away");
    err = ERR_INIT;
    assert_fails(aside(&(struct aside){.work = dies}, &err), ERR_IO, "died");
}

/* A handler of ours, which would go on, is not the process's. */
static void test_stopped(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    signal(SIGTERM, handler);
    assert_fails(aside(&(struct aside){.work = never_ends, .hear = stop_it, .stop = &stop}, &err), ERR_INTERRUPTED,
                 "interrupted");
    signal(SIGTERM, SIG_DFL);
}

/* Starts a program that goes its own way, and says so by the pipe that it keeps open. */
static _Noreturn int leaves_one(void *data, int socket, struct err *err)
{
    const int *pipe = data;

    if (fork() == 0) {
        setsid();
        alarm(120);
        if (write(pipe[1], "", 1) != 1)
            _exit(1);
        never_ends(NULL, socket, err);
    }
    for (;;)
        pause();
}

/* Waits for the program above to run, and then for the end of it: nobody has the pipe any more. */
static void expect_end(int pipe[2], pid_t killed)
{
    char byte;

    close(pipe[1]);
    alarm(60);
    assert_int_equal(read(pipe[0], &byte, 1), 1);
    if (killed > 0)
        assert_int_equal(kill(killed, SIGKILL), 0);
    assert_int_equal(read(pipe[0], &byte, 1), 0);
    alarm(0);
    close(pipe[0]);
}

/* What it started ends with it, when it is stopped and when who waits for it is killed. */
static void test_with_all(void **state)
{
    int pipe_fds[2];
    struct aside how = {.work = leaves_one, .data = pipe_fds, .hear = stop_it, .stop = &stop, .with_all = true};
    struct err err = ERR_INIT;
    pid_t waiting;

    (void)state;
    if (geteuid() != 0) {
        print_message("a PID namespace takes root\n");
        skip();
    }
    stop = 0;
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    assert_fails(aside(&how, &err), ERR_INTERRUPTED, "interrupted");
    expect_end(pipe_fds, 0);
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    waiting = fork();
    if (waiting == 0) {
        how.stop = NULL;
        _exit(aside(&how, &err) == 0);
    }
    expect_end(pipe_fds, waiting);
    assert_int_equal(waitpid(waiting, NULL, 0), waiting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_with_all),
    };

    return cmocka_run_group_tests_name("sys/aside", tests, NULL, NULL);
}
