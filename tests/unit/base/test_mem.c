#include "../unit.h"

#include "base/log.h"
#include "base/vec.h"

#include <sys/wait.h>

/* The exit status of a child that runs `fn`, whose standard error goes to /dev/null. */
static int status_of(void (*fn)(void))
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        if (!freopen("/dev/null", "w", stderr))
            _exit(1);
        fn();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void resize_beyond(void)
{
    /* volatile: the compiler sees through the overflow otherwise */
    volatile size_t n = SIZE_MAX / 2;

    free(mem_resize(NULL, n, 4));
}

static void test_out_of_memory(void **state)
{
    int status = status_of(resize_beyond);

    (void)state;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 125);
}

static void test_alloc(void **state)
{
    _cleanup_free_ void *none = mem_alloc(0), *none_either = mem_zalloc(0, 8), *empty = mem_dup(NULL, 0);
    _cleanup_free_ unsigned char *zeroed = mem_zalloc(16, 4);
    _cleanup_free_ char *copy = mem_dup("abc", 4);

    (void)state;
    assert_non_null(none);
    assert_non_null(none_either);
    assert_non_null(empty);
    for (int i = 0; i < 64; i++)
        assert_int_equal(zeroed[i], 0);
    assert_string_equal(copy, "abc");
    copy = mem_resize(copy, 1000, 1);
    assert_string_equal(copy, "abc");
}

static void test_strings(void **state)
{
    _cleanup_free_ char *dup = str_dup("abc"), *part = str_ndup("abcdef", 2), *whole = str_ndup("ab", 9);
    _cleanup_free_ char *formatted = str_printf("%s-%d", "x", 7);

    (void)state;
    assert_string_equal(dup, "abc");
    assert_string_equal(part, "ab");
    assert_string_equal(whole, "ab");
    assert_string_equal(formatted, "x-7");
    assert_null(str_dup(NULL));
    assert_null(str_ndup(NULL, 3));
    str_replace(&dup, str_dup("new"));
    assert_string_equal(dup, "new");
    assert_true(str_eq(NULL, NULL));
    assert_false(str_eq(NULL, ""));
    assert_true(str_eq("a", part) == 0);
    assert_true(str_empty(NULL) && str_empty("") && !str_empty(" "));
    assert_string_equal(str_after("sha256:ab", "sha256:"), "ab");
    assert_string_equal(str_after("ab", ""), "ab");
    assert_null(str_after("sha25", "sha256:"));
    assert_true(str_ends("a.gz", ".gz") && str_ends("a", "") && str_ends("", ""));
    assert_false(str_ends("gz", ".gz") || str_ends("a.gzx", ".gz"));
}

static int freed;

static void count_free(char *p)
{
    freed++;
    errno = EIO;
    free(p);
}
MEM_DEFINE_CLEANUP(char, count_free);

static void test_cleanup(void **state)
{
    char *kept = NULL;

    (void)state;
    errno = ENOENT;
    {
        _cleanup_(count_free_cleanup) char *a = str_dup("a"), *none = NULL, *b = str_dup("b");

        (void)none, (void)a;
        kept = steal_ptr(&b);
        assert_null(b);
    }
    assert_int_equal(errno, ENOENT);
    assert_int_equal(freed, 1);
    assert_string_equal(kept, "b");
    free(kept);
}

static void test_vec(void **state)
{
    struct pair {
        int a, b;
    };
    VEC(struct pair) v = {0};
    int sum = 0;

    (void)state;
    VEC_FOREACH (p, &v)
        fail_msg("an element at %p in an empty vector", (void *)p);
    for (int i = 0; i < 1000; i++) {
        struct pair *p = VEC_PUSH(&v);

        assert_int_equal(p->a, 0);
        assert_int_equal(p->b, 0);
        *p = (struct pair){i, -1};
    }
    assert_int_equal(v.n, 1000);
    VEC_FOREACH (p, &v) {
        assert_int_equal(p->a, p - v.v);
        sum += p->b;
    }
    assert_int_equal(sum, -1000);
    /* What a shorter vector leaves behind is not seen again. */
    v.n = 3;
    assert_int_equal(VEC_PUSH(&v)->a, 0);
    free(v.v);
}

static char *logged;

static void keep_line(const char *line)
{
    str_replace(&logged, str_dup(line));
}

static void test_log(void **state)
{
    (void)state;
    assert_false(log_enabled());
    log_debug("nobody %s", "listens");
    log_set_sink(keep_line);
    assert_true(log_enabled());
    log_debug("%d layers", 3);
    assert_string_equal(logged, "3 layers");
    log_set_sink(NULL);
    log_debug("gone");
    assert_string_equal(logged, "3 layers");
    free(logged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_out_of_memory), cmocka_unit_test(test_alloc), cmocka_unit_test(test_strings),
        cmocka_unit_test(test_cleanup),       cmocka_unit_test(test_vec),   cmocka_unit_test(test_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
