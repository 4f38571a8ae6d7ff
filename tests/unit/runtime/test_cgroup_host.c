#include "../unit.h"

#include "runtime/cgroup_internal.h"

static void test_parse(_unused_ void **state)
{
    _cleanup_cgroup_host_ struct cgroup_host host = {0};
    struct err err;

    assert_ok(cgroup_host_parse(&host,
                                "12:cpu,cpuacct:/a\n9:name=systemd:/user.slice/x:y\n4:memory:/gone (deleted)\n"
                                "3:blkio,novelty:/\n0::/user.slice\n",
                                &err));
    assert_int_equal(host.hierarchies.n, 5);
    assert_int_equal(host.hierarchies.v[0].controllers, 1U << CGROUP_CPU | 1U << CGROUP_CPUACCT);
    assert_string_equal(host.hierarchies.v[0].names, "cpu,cpuacct");
    assert_int_equal(host.hierarchies.v[1].version, 1);
    assert_int_equal(host.hierarchies.v[1].controllers, 0);
    assert_string_equal(host.hierarchies.v[1].self, "/user.slice/x:y");
    assert_string_equal(host.hierarchies.v[2].self, "/gone");
    assert_int_equal(host.hierarchies.v[3].controllers, 1U << CGROUP_IO);
    assert_int_equal(host.hierarchies.v[4].version, 2);
    assert_string_equal(cgroup_host_mode(&host), "hybrid");
    assert_ptr_equal(cgroup_host_find(&host, CGROUP_MEMORY), &host.hierarchies.v[2]);
    assert_null(cgroup_host_find(&host, CGROUP_PIDS));
    assert_ptr_equal(cgroup_host_find(&host, CGROUP_DEVICES), &host.hierarchies.v[4]); /* no v1 hierarchy has them */
}

static void test_parse_refused(_unused_ void **state)
{
    static const char *const texts[] = {"nonsense\n", "1:memory\n", "1:memory:\n", "1:memory:relative\n", "\n"};
    struct cgroup_host host;
    struct err err;

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        assert_fails(cgroup_host_parse(&host, texts[i], &err), ERR_CORRUPT, "/proc/self/cgroup");
        assert_null(host.hierarchies.v);
    }
    assert_ok(cgroup_host_parse(&host, "", &err));
    assert_string_equal(cgroup_host_mode(&host), "none");
    assert_ok(cgroup_host_parse(&host, "0::/", &err)); /* no final newline */
    assert_string_equal(host.hierarchies.v[0].self, "/");
    cgroup_host_release(&host);
}

static void find(const char *mountinfo, int version, const char *names, const char *expected)
{
    struct cgroup_hierarchy h = {.version = version, .names = str_dup(names)};
    _cleanup_free_ char *found = cgroup_mountinfo_find(mountinfo, &h);

    if (expected)
        assert_string_equal(found, expected);
    else
        assert_null(found);
    free(h.names);
}

static void test_mountinfo(_unused_ void **state)
{
    static const char text[] =
        "24 1 0:22 / /proc rw shared:5 - proc proc rw\n"
        "garbage\n"
        "30 24 0:26 /docker/x /other rw - cgroup cgroup rw,memory\n"
        "31 24 0:26 / /my\\040groups/memory rw,nosuid shared:9 master:1 - cgroup cgroup rw,memory\n"
        "32 24 0:27 / /my\\134groups rw - cgroup cgroup rw,cpuacct,cpu\n"
        "33 24 0:28 /docker/x /only/part rw - cgroup cgroup rw,pids\n"
        "34 24 0:29 / /named rw - cgroup cgroup rw,xattr,name=systemd\n"
        "35 24 0:30 / /two rw - cgroup2 cgroup2 rw,nsdelegate\n";

    find(text, 1, "memory", "/my groups/memory"); /* the whole hierarchy before a part of it */
    find(text, 1, "cpu,cpuacct", "/my\\groups");
    find(text, 1, "pids", "/only/part");
    find(text, 1, "name=systemd", "/named");
    find(text, 1, "devices", NULL);
    find(text, 1, "mem", NULL);
    find(text, 2, "", "/two");
    find("", 2, "", NULL);
    find("35 24 0:30 / /cut - ", 2, "", NULL);
    find("35 24 0:30 / /cut\\04 rw - cgroup2 a b", 2, "", "/cut\\04"); /* half an escape */
}

static void test_controllers(_unused_ void **state)
{
    assert_int_equal(cgroup_controllers_parse("cpuset io  memory\n", 2),
                     1U << CGROUP_CPUSET | 1U << CGROUP_IO | 1U << CGROUP_MEMORY);
    assert_int_equal(cgroup_controllers_parse("", 2), 0);
    assert_int_equal(cgroup_controllers_parse("io", 1), 0);    /* v1 calls it blkio */
    assert_int_equal(cgroup_controllers_parse("cpuse", 2), 0); /* no prefixes */
}

static void test_keyed_number(_unused_ void **state)
{
    static const char text[] = "low 1\noom 7\noom_kill 5\noom_group_kill 2\n";

    assert_int_equal(cgroup_keyed_number(text, "oom_kill"), 5);
    assert_int_equal(cgroup_keyed_number(text, "oom"), 7);
    assert_int_equal(cgroup_keyed_number(text, "kill"), 0);
    assert_int_equal(cgroup_keyed_number("oom_kill 3", "oom_kill"), 3);
    assert_int_equal(cgroup_keyed_number("", "oom_kill"), 0);
}

/* Where this runs there may be any arrangement or none; what is found must exist. */
static void test_this_host(_unused_ void **state)
{
    _cleanup_cgroup_host_ struct cgroup_host host = {0};
    struct err err;

    assert_ok(cgroup_host_detect(&host, &err));
    VEC_FOREACH (h, &host.hierarchies) {
        _cleanup_free_ char *file = str_printf("%s/cgroup.procs", h->base);

        assert_int_equal(access(file, F_OK), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),       cmocka_unit_test(test_parse_refused), cmocka_unit_test(test_mountinfo),
        cmocka_unit_test(test_controllers), cmocka_unit_test(test_keyed_number),  cmocka_unit_test(test_this_host),
    };

    return cmocka_run_group_tests_name("runtime/cgroup_host", tests, NULL, NULL);
}
