#include "../unit.h"

#include "container/filter.h"
#include "container/processes.h"

/* A container as the cases mean it. */
static struct store_container_record record(char **labels)
{
    return (struct store_container_record){
        .id = (char *)"abc123",
        .name = (char *)"web-1",
        .network = (char *)"front,back",
        .labels = labels,
        .created = 100,
        .started = 200,
        .status = STORE_CONTAINER_EXITED,
        .exit_code = 3,
    };
}

static bool match(const char *words, enum container_filter_for what, enum store_container_status status)
{
    _cleanup_strv_ char **filters = *words ? strv_split(words, ' ') : NULL, **labels = strv_split("a=1,b=,c", ',');
    struct store_container_record r = record(labels);
    struct engine_mount_point mounts[] = {
        {.name = (char *)"data", .source = (char *)"/volumes/data/_data", .destination = (char *)"/var/data"},
        {.source = (char *)"/srv", .destination = (char *)"/mnt"}};
    struct engine_options options = {.mounts = {mounts, 2, 2}};
    struct container_port shown[] = {{.inside = 80, .outside = 8080, .ip = "0.0.0.0", .protocol = "tcp"},
                                     {.inside = 53, .protocol = "udp"}};
    const container_ports ports = {shown, 2, 2};
    _cleanup_container_filter_ struct container_filter f;
    struct err err;

    r.status = status;
    assert_ok(container_filter_parse(NULL, filters, what, &f, &err));
    return container_filter_match(&f, &r, &options, &ports);
}

static const struct {
    const char *words;
    bool match;
} cases[] = {
    {"", true},
    {"id=abc", true},
    {"id=bc", false},
    {"id=x id=ab", true},
    /* expressions, and with the slash that Docker has before a name */
    {"name=web", true},
    {"name=^web", true},
    {"name=^/web", true},
    {"name=^web$", false},
    {"name=^web-[0-9]+$", true},
    {"name=db name=web", true},
    {"name=web id=x", false},
    {"name=[", false},
    /* all labels */
    {"label=a", true},
    {"label=a=1 label=b", true},
    {"label=a=1 label=b=2", false},
    {"label=d", false},
    {"status=exited", true},
    {"status=running", false},
    {"status=running status=exited", true},
    {"exited=3", true},
    {"exited=0", false},
    {"exited=0 exited=3", true},
    {"health=none", true},
    {"health=healthy", false},
    {"network=front", true},
    {"network=back", true},
    {"network=front,back", false},
    {"network=host", false},
    {"volume=data", true},
    {"volume=/var/data", true},
    {"volume=/srv", true},
    {"volume=/volumes/data/_data", false},
    {"volume=other", false},
    {"ancestor=nothing", false},
    {"is-task=false", true},
    {"is-task=true", false},
    {"publish=80", false},
    {"publish=8080", true},
    {"publish=8000-9000/TCP", true},
    {"publish=8080/udp", false},
    {"publish=0", false},
    {"expose=80", true},
    {"expose=80-90/udp", false},
    {"expose=50-60/udp", true},
    {"publish=1 expose=80", true},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (match(cases[i].words, CONTAINER_FILTER_LIST, STORE_CONTAINER_EXITED) != cases[i].match)
            fail_msg("\"%s\" is not %d", cases[i].words, cases[i].match);
    assert_false(match("exited=3", CONTAINER_FILTER_LIST, STORE_CONTAINER_RUNNING));
    assert_true(match("label!=d", CONTAINER_FILTER_PRUNE, STORE_CONTAINER_EXITED));
    assert_false(match("label!=a", CONTAINER_FILTER_PRUNE, STORE_CONTAINER_EXITED));
    assert_true(match("until=2000-01-01", CONTAINER_FILTER_PRUNE, STORE_CONTAINER_EXITED));
    assert_false(match("until=0", CONTAINER_FILTER_PRUNE, STORE_CONTAINER_EXITED));
}

static const struct {
    const char *word;
    enum container_filter_for what;
    int kind;
    const char *says;
} refused[] = {
    {"typo=1", CONTAINER_FILTER_LIST, ERR_INVALID, "invalid filter 'typo'"},
    {"name", CONTAINER_FILTER_LIST, ERR_INVALID, "NAME=VALUE"},
    {"status=gone", CONTAINER_FILTER_LIST, ERR_INVALID, "invalid filter 'status=gone'"},
    {"health=well", CONTAINER_FILTER_LIST, ERR_INVALID, "invalid filter 'health=well'"},
    {"exited=x", CONTAINER_FILTER_LIST, ERR_INVALID, "invalid filter 'exited=x'"},
    {"is-task=x", CONTAINER_FILTER_LIST, ERR_INVALID, "invalid filter 'is-task=x'"},
    {"label!=a", CONTAINER_FILTER_LIST, ERR_INVALID, "invalid filter 'label!'"},
    {"until=1h", CONTAINER_FILTER_LIST, ERR_INVALID, "invalid filter 'until'"},
    {"publish=80:80", CONTAINER_FILTER_LIST, ERR_INVALID, "should not contain ':'"},
    {"publish=90-80", CONTAINER_FILTER_LIST, ERR_INVALID, "publish 90-80"},
    {"expose=80/ip", CONTAINER_FILTER_LIST, ERR_INVALID, "expose 80/ip"},
    {"expose=65536", CONTAINER_FILTER_LIST, ERR_INVALID, "expose 65536"},
    {"before=web", CONTAINER_FILTER_LIST, ERR_NOT_FOUND, "no such container: web"},
    {"name=web", CONTAINER_FILTER_PRUNE, ERR_INVALID, "invalid filter 'name'"},
    {"until=x", CONTAINER_FILTER_PRUNE, ERR_INVALID, "until"},
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        char *words[] = {(char *)refused[i].word, NULL};
        _cleanup_container_filter_ struct container_filter f;
        struct err err;

        assert_fails(container_filter_parse(NULL, words, refused[i].what, &f, &err), refused[i].kind, refused[i].says);
    }
}

static void test_usage(void **state)
{
    const struct container_usage before = {.cpu = 1000, .system = 10000, .cpus = 2},
                                 now = {.cpu = 3000, .system = 14000, .cpus = 2, .memory = 25, .memory_limit = 100},
                                 idle = {.cpu = 3000, .system = 18000, .cpus = 2}, gone = {0};

    (void)state;
    assert_true(container_usage_cpu(&before, &now) == 100.0);
    assert_true(container_usage_cpu(&now, &idle) == 0.0);
    assert_true(container_usage_cpu(&now, &gone) == 0.0);
    assert_true(container_usage_cpu(&gone, &now) == 0.0);
    assert_true(container_usage_memory(&now) == 25.0);
    assert_true(container_usage_memory(&gone) == 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases), cmocka_unit_test(test_refused),
                                       cmocka_unit_test(test_usage)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
