#include "make.h"

#include <pthread.h>
#include <signal.h>

static ssize_t read_some(struct layer_source *s, char *out, size_t size, struct err *err)
{
    *err = ERR_INIT;
    return layer_source_read(s, out, size, err);
}

static void test_file(void **state _unused_)
{
    struct err err = ERR_INIT;
    _cleanup_fd_ int fd = memory_file("hello", 5);
    _cleanup_(layer_source_free_cleanup) struct layer_source *s = layer_source_file(fd);
    char out[8];

    assert_int_equal(read_some(s, out, 3, &err), 3);
    assert_memory_equal(out, "hel", 3);
    assert_int_equal(read_some(s, out, sizeof(out), &err), 2);
    assert_memory_equal(out, "lo", 2);
    assert_int_equal(read_some(s, out, sizeof(out), &err), 0);
    assert_int_equal(read_some(s, out, sizeof(out), &err), 0);
}

/* A pipe, and a file from where it stands. */
static void test_sequential(void **state _unused_)
{
    struct err err = ERR_INIT;
    _cleanup_fd_ int fd = memory_file("0123456789", 10);
    char out[8];
    int p[2];

    assert_int_equal(pipe2(p, O_CLOEXEC), 0);
    assert_int_equal(write(p[1], "hello", 5), 5);
    close(p[1]);
    assert_int_equal(lseek(fd, 7, SEEK_SET), 7);
    for (int i = 0; i < 2; i++) {
        _cleanup_(layer_source_free_cleanup) struct layer_source *s = layer_source_pipe(i ? fd : p[0]);

        assert_int_equal(read_some(s, out, 2, &err), 2);
        assert_memory_equal(out, i ? "78" : "he", 2);
        assert_int_equal(read_some(s, out, sizeof(out), &err), i ? 1 : 3);
        assert_memory_equal(out, i ? "9" : "llo", i ? 1 : 3);
        assert_int_equal(read_some(s, out, sizeof(out), &err), 0);
    }
    close(p[0]);
}

/* A source whose file has "0123456789" and whose pipe's writing end is `p[1]`. */
struct growing {
    int fd;
    int p[2];
    struct layer_source *s;
};

static struct growing growing_new(void)
{
    struct growing g = {.fd = memory_file("0123456789", 10)};

    assert_int_equal(pipe2(g.p, O_CLOEXEC), 0);
    g.s = layer_source_growing(g.fd, g.p[0]);
    return g;
}

static void growing_free(struct growing *g)
{
    layer_source_free(g->s);
    fd_close(g->fd);
    fd_close(g->p[0]);
    fd_close(g->p[1]);
}

static void test_no_byte_beyond_the_announced(void **state _unused_)
{
    struct err err = ERR_INIT;
    _cleanup_(growing_free) struct growing g = growing_new();
    char out[16];

    assert_int_equal(layer_source_announce(g.p[1], 2, 0), 0);
    assert_int_equal(layer_source_announce(g.p[1], 4, 0), 0);
    assert_int_equal(read_some(g.s, out, sizeof(out), &err), 4);
    assert_int_equal(layer_source_announce(g.p[1], 4, 0), 0); /* nothing new: goes on waiting */
    assert_int_equal(layer_source_announce(g.p[1], 10, 1), 0);
    assert_int_equal(read_some(g.s, out, sizeof(out), &err), 6);
    assert_memory_equal(out, "456789", 6);
    assert_int_equal(read_some(g.s, out, sizeof(out), &err), 0);
}

static void test_complete_and_empty(void **state _unused_)
{
    struct err err = ERR_INIT;
    _cleanup_(growing_free) struct growing g = growing_new();
    char out[16];

    assert_int_equal(layer_source_announce(g.p[1], 0, 1), 0);
    assert_int_equal(read_some(g.s, out, sizeof(out), &err), 0);
}

static void test_message_in_two_pieces(void **state _unused_)
{
    struct err err = ERR_INIT;
    _cleanup_(growing_free) struct growing g = growing_new();
    int64_t messages[2] = {3, ~(int64_t)10};
    char out[16];

    assert_int_equal(write(g.p[1], messages, 11), 11);
    assert_int_equal(read_some(g.s, out, sizeof(out), &err), 3);
    assert_int_equal(write(g.p[1], (char *)messages + 11, 5), 5);
    assert_int_equal(read_some(g.s, out, sizeof(out), &err), 7);
    assert_int_equal(read_some(g.s, out, sizeof(out), &err), 0);
}

static void test_given_up(void **state _unused_)
{
    struct err err = ERR_INIT;
    _cleanup_(growing_free) struct growing g = growing_new();
    char out[16];

    assert_int_equal(layer_source_announce(g.p[1], 10, 0), 0);
    g.p[1] = fd_close(g.p[1]);
    assert_int_equal(read_some(g.s, out, sizeof(out), &err), 10);
    assert_fails((int)layer_source_read(g.s, out, sizeof(out), &err), ERR_INTERRUPTED, "given up after 10 bytes");
}

static void test_wrong_announcements(void **state _unused_)
{
    struct err err = ERR_INIT;
    _cleanup_(growing_free) struct growing shrinks = growing_new(), lies = growing_new();
    char out[16];

    assert_int_equal(layer_source_announce(shrinks.p[1], 5, 0), 0);
    assert_int_equal(read_some(shrinks.s, out, sizeof(out), &err), 5);
    assert_int_equal(layer_source_announce(shrinks.p[1], 4, 0), 0);
    assert_fails((int)layer_source_read(shrinks.s, out, sizeof(out), &err), ERR_INTERNAL, "shrink");
    assert_int_equal(layer_source_announce(lies.p[1], 11, 1), 0);
    assert_fails((int)layer_source_read(lies.s, out, sizeof(out), &err), ERR_CORRUPT, "ends after 10 bytes");
}

static void *cancel(void *s)
{
    layer_source_cancel(s);
    return NULL;
}

static void test_cancel_ends_a_wait(void **state _unused_)
{
    struct err err = ERR_INIT;
    _cleanup_(growing_free) struct growing g = growing_new();
    pthread_t thread;
    char out[16];

    assert_int_equal(pthread_create(&thread, NULL, cancel, g.s), 0);
    assert_fails((int)layer_source_read(g.s, out, sizeof(out), &err), ERR_INTERRUPTED, "cancelled");
    pthread_join(thread, NULL);
}

static void test_full_pipe_holds_nobody_up(void **state _unused_)
{
    struct err err = ERR_INIT;
    _cleanup_(growing_free) struct growing g = growing_new();
    char out[16];

    assert_int_equal(fd_set_nonblock(g.p[1], 1), 0);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(layer_source_announce(g.p[1], 1 + i / 50000, 0), 0);
    assert_int_equal(read_some(g.s, out, 1, &err), 1);
    assert_int_equal(layer_source_announce(g.p[1], 10, 1), 0);
    for (int got = 1; got < 10; got++)
        assert_int_equal(read_some(g.s, out, 1, &err), 1);
    assert_int_equal(read_some(g.s, out, 1, &err), 0);
}

static void test_reader_gone(void **state _unused_)
{
    _cleanup_(growing_free) struct growing g = growing_new();

    signal(SIGPIPE, SIG_IGN);
    g.p[0] = fd_close(g.p[0]);
    assert_int_equal(layer_source_announce(g.p[1], 1, 0), -EPIPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_sequential),
        cmocka_unit_test(test_no_byte_beyond_the_announced),
        cmocka_unit_test(test_complete_and_empty),
        cmocka_unit_test(test_message_in_two_pieces),
        cmocka_unit_test(test_given_up),
        cmocka_unit_test(test_wrong_announcements),
        cmocka_unit_test(test_cancel_ends_a_wait),
        cmocka_unit_test(test_full_pipe_holds_nobody_up),
        cmocka_unit_test(test_reader_gone),
    };

    return cmocka_run_group_tests_name("layer/source", tests, NULL, NULL);
}
