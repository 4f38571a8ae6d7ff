/* Whether and when a program that ended is started again. */
#include "../unit.h"

#include "monitor/restart.h"

static const int64_t ms = 1000000, s = 1000000000;

static bool decide(const char *name, int64_t most, int code, int64_t ran, bool stopped, struct restart_state *state)
{
    struct engine_restart_policy policy = {.name = (char *)name, .maximum_retry_count = most};
    struct restart_end end = {.code = code, .ran = ran, .stopped = stopped};

    return restart_decide(&policy, &end, state);
}

static void test_policies(void **state _unused_)
{
    static const struct {
        const char *name;
        int code;
        bool stopped, again;
    } cases[] = {
        {NULL, 1, false, false},
        {"", 1, false, false},
        {"no", 1, false, false},
        {"always", 0, false, true},
        {"always", 1, false, true},
        {"always", 1, true, false},
        {"unless-stopped", 0, false, true},
        {"unless-stopped", 0, true, false},
        {"on-failure", 0, false, false},
        {"on-failure", 1, false, true},
        {"on-failure", 1, true, false},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct restart_state restarts = {0};

        assert_int_equal(decide(cases[i].name, 0, cases[i].code, 0, cases[i].stopped, &restarts), cases[i].again);
        assert_int_equal(restarts.count, cases[i].again);
    }
}

static void test_pause(void **state _unused_)
{
    static const int64_t pauses[] = {100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000};
    struct restart_state restarts = {0};

    for (size_t i = 0; i < ARRAY_SIZE(pauses); i++) {
        assert_true(decide("always", 0, 1, 10 * s - 1, false, &restarts));
        assert_int_equal(restarts.pause, pauses[i] * ms);
    }
    assert_true(decide("always", 0, 1, 10 * s, false, &restarts));
    assert_int_equal(restarts.pause, 100 * ms);
    assert_int_equal(restarts.count, ARRAY_SIZE(pauses) + 1);
}

static void test_so_many_times(void **state _unused_)
{
    struct restart_state restarts = {0};

    for (int i = 0; i < 3; i++)
        assert_true(decide("on-failure", 3, 1, 0, false, &restarts));
    assert_false(decide("on-failure", 3, 1, 0, false, &restarts));
    assert_int_equal(restarts.count, 3);
}

static void test_after_boot(void **state _unused_)
{
    static const struct {
        const char *name;
        bool stopped, back;
    } cases[] = {
        {NULL, false, false},
        {"no", false, false},
        {"on-failure", false, false},
        {"always", false, true},
        {"always", true, true},
        {"unless-stopped", false, true},
        {"unless-stopped", true, false},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct engine_restart_policy policy = {.name = (char *)cases[i].name};

        assert_int_equal(restart_after_boot(&policy, cases[i].stopped), cases[i].back);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policies),
        cmocka_unit_test(test_pause),
        cmocka_unit_test(test_so_many_times),
        cmocka_unit_test(test_after_boot),
    };

    return cmocka_run_group_tests_name("monitor/restart", tests, NULL, NULL);
}
