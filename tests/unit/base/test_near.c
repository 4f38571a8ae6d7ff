#include "../unit.h"

#include "base/near.h"

static const char *nearest(const char *word, const char *const *names)
{
    struct near near = near_to(word);

    for (; *names; names++)
        near_offer(&near, *names);
    return near.best;
}

static void test_near(void **state)
{
    static const char *const names[] = {"run", "rm", "rmi", "images", "memory", "entrypoint", NULL};
    static const struct {
        const char *word, *best;
    } cases[] = {
        {"runn", "run"},
        {"rn", "run"}, /* one dropped: the first of two that are as near */
        {"nur", NULL},
        {"urn", "run"}, /* swapped neighbours are one change */
        {"imags", "images"},
        {"imgaes", "images"},
        {"memroy", "memory"},
        {"mmeroy", "memory"},
        {"entripiont", "entrypoint"},
        {"foo", NULL},
        {"x", NULL},
        {"", NULL},
        {"images", "images"},
        {"IMAGES", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *best = nearest(cases[i].word, names);

        if (!str_eq(best, cases[i].best))
            fail_msg("%s: %s instead of %s", cases[i].word, best ? best : "-", cases[i].best ? cases[i].best : "-");
    }
}

static void test_long_words(void **state)
{
    char word[200], name[200];
    const char *const names[] = {name, "run", NULL};

    (void)state;
    for (size_t n = 46; n < 52; n++) {
        memset(word, 'a', n);
        word[n] = 0;
        memcpy(name, word, n + 1);
        name[n - 1] = 'b';
        assert_ptr_equal(nearest(word, names), n <= 48 ? name : NULL);
    }
    memset(word, 'a', 199);
    word[199] = 0;
    assert_null(nearest(word, names));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_near), cmocka_unit_test(test_long_words)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
