#include "../unit.h"

#include "event/filter.h"

/* An event as "type action actor [attribute...]", and whether filters (parted by blanks) let it through. */
static bool match(const char *text, const char *words)
{
    _cleanup_strv_ char **parts = strv_split(text, ' '), **filters = *words ? strv_split(words, ' ') : NULL;
    const struct event e = {.type = parts[0], .action = parts[1], .actor = parts[2], .attributes = parts + 3};
    _cleanup_event_filter_ struct event_filter f;
    struct err err;

    assert_ok(event_filter_parse(filters, &f, &err));
    return event_filter_match(&f, &e);
}

static const struct {
    const char *event, *filters;
    bool match;
} cases[] = {
    {"container start abc name=web", "", true},
    {"container start abc name=web", "type=container", true},
    {"container start abc name=web", "type=contain", false},
    {"container start abc name=web", "type=image type=container", true},
    {"container start abc name=web", "type=container event=die", false},
    {"container start abc name=web", "EVENT=start", true},
    /* the beginning of an id or a name, whatever the object is: as Docker */
    {"container start abc name=web", "container=ab", true},
    {"container start abc name=web", "container=we", true},
    {"container start abc name=web", "container=eb", false},
    {"volume create data driver=local", "volume=data", true},
    {"network connect 1234 name=bridge container=abc", "network=bridge", true},
    /* actions with a colon */
    {"container exec_start:_sh abc", "event=exec_start", true},
    {"container exec_start:_sh abc", "event=exec_start:", false},
    {"container health_status:_healthy abc", "event=health_status", true},
    {"container stop abc", "event=st", false},
    {"container stop abc", "event=st event=exec_create", true},
    /* images by themselves and those of containers, with a tag and without */
    {"image pull alpine:3 name=alpine", "image=alpine", true},
    {"image pull alpine:3 name=alpine", "image=alpine:3", true},
    {"image tag sha256:00 name=registry.example/a/b:1", "image=registry.example/a/b", true},
    {"image pull alpine:3 name=alpine", "image=alp", false},
    {"container start abc image=alpine:3", "image=alpine", true},
    {"container start abc image=alpine:3 name=alpine", "image=debian", false},
    /* every label has to fit */
    {"container start abc a=1 b=2", "label=a", true},
    {"container start abc a=1 b=2", "label=a=1 label=b", true},
    {"container start abc a=1 b=2", "label=a=1 label=b=3", false},
    {"container start abc a=1 b=2", "label=c", false},
    {"container start abc", "scope=local", true},
    {"container start abc", "scope=swarm", false},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (match(cases[i].event, cases[i].filters) != cases[i].match)
            fail_msg("\"%s\" with \"%s\" is not %d", cases[i].event, cases[i].filters, cases[i].match);
}

static void test_refused(void **state)
{
    _cleanup_strv_ char **unknown = strv_split("typo=x", ','), **valueless = strv_split("type", ',');
    _cleanup_event_filter_ struct event_filter f;
    struct err err;

    (void)state;
    assert_fails(event_filter_parse(unknown, &f, &err), ERR_INVALID, "invalid filter 'typo'");
    assert_fails(event_filter_parse(valueless, &f, &err), ERR_INVALID, "NAME=VALUE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases), cmocka_unit_test(test_refused)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
