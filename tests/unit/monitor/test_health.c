#include "../unit.h"

#include "base/time.h"
#include "monitor/health_internal.h"
#include "json/json.h"

static struct err err;

#define SECOND       INT64_C(1000000000)
#define STRINGS(...) ((char **)(const char *const[]){__VA_ARGS__, NULL})

static bool judge(struct health_state *s, const struct oci_healthcheck *check, int64_t at, int64_t code)
{
    struct health_result result = {.start = at, .end = at + 1, .exit_code = code, .output = str_dup("x")};

    return health_judge(s, check, 0, &result);
}

static void assert_state(const struct health_state *s, const char *status, int64_t streak, size_t n)
{
    assert_string_equal(s->status, status);
    assert_int_equal(s->failing_streak, streak);
    assert_int_equal(s->log.n, n);
}

static void test_states(void **state)
{
    const struct oci_healthcheck check = {.retries = 2};
    _cleanup_health_state_ struct health_state s = {0};

    (void)state;
    health_state_begin(&s);
    assert_state(&s, "starting", 0, 0);
    assert_false(judge(&s, &check, 1, 1));
    assert_state(&s, "starting", 1, 1);
    assert_true(judge(&s, &check, 2, 0));
    assert_state(&s, "healthy", 0, 2);
    assert_false(judge(&s, &check, 3, 0));
    assert_false(judge(&s, &check, 4, -1));
    assert_state(&s, "healthy", 1, 4);
    assert_true(judge(&s, &check, 5, 2));
    assert_state(&s, "unhealthy", 2, 5);
    assert_false(judge(&s, &check, 6, 1));
    assert_state(&s, "unhealthy", 3, HEALTH_LOG_MAX);
    assert_int_equal(s.log.v[0].start, 2);
    assert_int_equal(s.log.v[4].start, 6);
    assert_true(judge(&s, &check, 7, 0));
    assert_state(&s, "healthy", 0, HEALTH_LOG_MAX);
    assert_true(health_state_end(&s));
    assert_string_equal(s.status, "unhealthy");
    health_state_begin(&s);
    assert_state(&s, "starting", 0, 0);
}

static void test_start_period(void **state)
{
    const struct oci_healthcheck check = {.start_period = 100, .retries = 1};
    _cleanup_health_state_ struct health_state s = {0};

    (void)state;
    health_state_begin(&s);
    assert_false(judge(&s, &check, 99, 1));
    assert_state(&s, "starting", 0, 1);
    assert_true(judge(&s, &check, 99, 0));
    assert_true(judge(&s, &check, 99, 1)); /* it was healthy once: now every failure counts */
    assert_state(&s, "unhealthy", 1, 3);
    health_state_begin(&s);
    assert_true(judge(&s, &check, 100, 1));
}

static void test_default_retries(void **state)
{
    const struct oci_healthcheck check = {0};
    _cleanup_health_state_ struct health_state s = {0};

    (void)state;
    health_state_begin(&s);
    assert_false(judge(&s, &check, 1, 1));
    assert_false(judge(&s, &check, 2, 1));
    assert_true(judge(&s, &check, 3, 1));
}

static void test_intervals(void **state)
{
    const struct oci_healthcheck none = {0}, all = {.interval = 7, .start_period = 100, .start_interval = 3},
                                 period = {.start_period = 100};
    _cleanup_health_state_ struct health_state s = {0};

    (void)state;
    health_state_begin(&s);
    assert_int_equal(health_interval(&s, &none, 0, 0), 30 * SECOND);
    assert_int_equal(health_interval(&s, &all, 0, 99), 3);
    assert_int_equal(health_interval(&s, &all, 0, 100), 7);
    assert_int_equal(health_interval(&s, &period, 0, 0), 5 * SECOND);
    judge(&s, &all, 1, 0);
    assert_int_equal(health_interval(&s, &all, 0, 2), 7);
    assert_int_equal(health_timeout(&none), 30 * SECOND);
}

static void test_wanted(void **state)
{
    struct oci_healthcheck check = {0};

    (void)state;
    assert_false(health_is_wanted(NULL));
    assert_false(health_is_wanted(&check));
    check.test = STRINGS("NONE");
    assert_false(health_is_wanted(&check));
    check.test = STRINGS("CMD", "true");
    assert_true(health_is_wanted(&check));
    check.test = STRINGS("CMD-SHELL", "exit 0");
    assert_true(health_is_wanted(&check));
}

static void test_file(void **state)
{
    const struct oci_healthcheck check = {0};
    _cleanup_health_state_ struct health_state s = {0}, again = {0};
    _cleanup_buf_ struct buf text = BUF_INIT;

    (void)state;
    assert_int_equal(mkdir("monitor", 0700), 0);
    assert_fails(health_read(".", "abc", &again, &err), ERR_NOT_FOUND, "health of container abc");
    health_state_begin(&s);
    json_dump(&health_state_type, &s, false, &text);
    assert_string_equal(text.p, "{\"Status\":\"starting\",\"FailingStreak\":0,\"Log\":[]}");
    judge(&s, &check, SECOND, 0);
    health_write(".", "abc", &s);
    assert_ok(health_read(".", "abc", &again, &err));
    assert_state(&again, "healthy", 0, 1);
    assert_int_equal(again.log.v[0].start, SECOND);
    assert_string_equal(again.log.v[0].output, "x");
    health_forget(".", "abc");
    assert_int_equal(access("monitor/abc.health", F_OK), -1);
    health_forget(".", "abc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_states),    cmocka_unit_test(test_start_period), cmocka_unit_test(test_default_retries),
        cmocka_unit_test(test_intervals), cmocka_unit_test(test_wanted),       scratch_test(test_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
