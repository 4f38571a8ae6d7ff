#include "../unit.h"

#include "container/status.h"

static const int64_t second = 1000000000;

static void expect(const struct store_container_record *record, const char *text)
{
    _cleanup_free_ char *status = container_status(record, 1000 * second);

    assert_string_equal(status, text);
}

static void test_words(void **state)
{
    struct store_container_record r = {.started = 700 * second, .finished = 997 * second, .exit_code = 3};

    (void)state;
    r.status = STORE_CONTAINER_CREATED;
    expect(&r, "Created");
    r.status = STORE_CONTAINER_RUNNING;
    expect(&r, "Up 5 minutes");
    r.status = STORE_CONTAINER_PAUSED;
    expect(&r, "Up 5 minutes (Paused)");
    r.status = STORE_CONTAINER_RESTARTING;
    expect(&r, "Restarting (3) 3 seconds ago");
    r.status = STORE_CONTAINER_EXITED;
    expect(&r, "Exited (3) 3 seconds ago");
}

static void test_health(void **state)
{
    static const char *const words[][2] = {{"starting", "Up 5 minutes (health: starting)"},
                                           {"healthy", "Up 5 minutes (healthy)"},
                                           {"unhealthy", "Up 5 minutes (unhealthy)"},
                                           {"none", "Up 5 minutes"}};
    struct store_container_record r = {.started = 700 * second, .status = STORE_CONTAINER_RUNNING};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        r.health = (char *)words[i][0];
        expect(&r, words[i][1]);
    }
    r.status = STORE_CONTAINER_PAUSED; /* Docker says that alone */
    expect(&r, "Up 5 minutes (Paused)");
    r.status = STORE_CONTAINER_EXITED;
    r.finished = 999 * second;
    expect(&r, "Exited (0) 1 second ago");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_words), cmocka_unit_test(test_health)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
