#include "../unit.h"

#include "runtime/plan.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

/* A spec with these parts, which are JSON members in front of the usual ones. */
static int make(const char *process, const char *rest, struct oci_spec *spec, struct plan *ret, struct err *err)
{
    _cleanup_free_ char *text =
        str_printf("{\"ociVersion\":\"1.2.0\",\"process\":{%s\"cwd\":\"/\",\"args\":[\"true\"]},"
                   "\"root\":{\"path\":\"/r\"}%s}",
                   process, rest);
    struct cgroup_host host = {0};

    if (json_parse(text, strlen(text), &oci_spec_type, spec, err) < 0)
        fail_msg("%s: %s", text, err->text);
    struct runtime_start start = {.spec = spec, .host = &host};

    return plan_make(&start, ret, err);
}

#define NAMESPACES ",\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"pid\"}]}"

static size_t find(const struct plan *p, enum plan_op op, const char *target)
{
    for (size_t i = 0; i < p->steps.n; i++)
        if (p->steps.v[i].op == op && (!target || str_eq(p->steps.v[i].target, target)))
            return i;
    fail_msg("no step %d %s", op, target ? target : "");
    return 0;
}

static void test_order(void **state)
{
    _cleanup_spec_ struct oci_spec spec = {0};
    _cleanup_plan_ struct plan p = {0};
    struct err err;

    (void)state;
    assert_ok(make("\"terminal\":true,\"noNewPrivileges\":true,",
                   ",\"hostname\":\"h\",\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
                   "{\"destination\":\"/v\",\"type\":\"bind\",\"source\":\"/s\",\"options\":[\"rbind\",\"ro\"]}],"
                   "\"linux\":{\"maskedPaths\":[\"/proc/kcore\"],\"readonlyPaths\":[\"/proc/sys\"],"
                   "\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"pid\"},{\"type\":\"uts\"},"
                   "{\"type\":\"network\"},{\"type\":\"cgroup\"}]}",
                   &spec, &p, &err));
    assert_int_equal(p.steps.v[0].op, PLAN_BINARY); /* before there is anything of the image */
    assert_int_equal(p.steps.v[1].op, PLAN_CGROUP); /* early, so that setting up is on the container's account */
    assert_true(p.steps.v[1].flag);
    assert_true(find(&p, PLAN_PROPAGATION, NULL) < find(&p, PLAN_ROOT_DIRECTORY, "/r"));
    assert_true(find(&p, PLAN_ROOT_DIRECTORY, NULL) < find(&p, PLAN_MOUNT, "/proc"));
    assert_true(find(&p, PLAN_MOUNT, "/proc") < find(&p, PLAN_BIND, "/v"));
    assert_true(find(&p, PLAN_BIND, "/v") < find(&p, PLAN_DEVICE, "/dev/null"));
    assert_true(find(&p, PLAN_DEVICE, "/dev/null") < find(&p, PLAN_TERMINAL, NULL));
    assert_true(find(&p, PLAN_TERMINAL, NULL) < find(&p, PLAN_MASK_PATH, "/proc/kcore"));
    assert_true(find(&p, PLAN_READONLY_PATH, "/proc/sys") < find(&p, PLAN_PIVOT, NULL));
    assert_true(find(&p, PLAN_PIVOT, NULL) < find(&p, PLAN_BOUNDING, NULL));
    assert_true(find(&p, PLAN_BOUNDING, NULL) < find(&p, PLAN_IDENTITY, NULL));
    assert_true(find(&p, PLAN_DIRECTORY, NULL) < find(&p, PLAN_READONLY_PATH, NULL));
    assert_true(find(&p, PLAN_PIVOT, NULL) < find(&p, PLAN_WORKDIR, NULL));
    assert_int_equal(find(&p, PLAN_EXEC, NULL), p.steps.n - 1);
    assert_true(p.steps.v[find(&p, PLAN_MOUNT, "/proc")].flag); /* never on what a link leads to */
    assert_true(p.clone_flags == (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWNET));
}

static void test_shared_namespaces_are_left_alone(void **state)
{
    _cleanup_spec_ struct oci_spec spec = {0};
    _cleanup_plan_ struct plan p = {0};
    struct err err;

    (void)state;
    assert_ok(make("", NAMESPACES, &spec, &p, &err));
    for (size_t i = 0; i < p.steps.n; i++) {
        assert_int_not_equal(p.steps.v[i].op, PLAN_HOSTNAME);
        assert_int_not_equal(p.steps.v[i].op, PLAN_LOOPBACK);
    }
    assert_false(p.steps.v[find(&p, PLAN_CGROUP, NULL)].flag);
}

static void test_refusals(void **state)
{
    static const struct {
        const char *process, *rest, *says;
        int kind;
    } cases[] = {
        {"", ",\"linux\":{\"namespaces\":[{\"type\":\"pid\"}]}", "no mount namespace", ERR_UNSUPPORTED},
        {"", ",\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"pid\",\"path\":\"proc/1/ns/pid\"}]}",
         "\"proc/1/ns/pid\" is not absolute", ERR_INVALID},
        {"", ",\"linux\":{\"namespaces\":[{\"type\":\"mount\",\"path\":\"/proc/1/ns/mnt\"}]}",
         "another's mount namespace", ERR_UNSUPPORTED},
        {"", ",\"mounts\":[{\"destination\":\"/\",\"type\":\"tmpfs\"}]" NAMESPACES, "on the root", ERR_INVALID},
        {"", ",\"mounts\":[{\"destination\":\"/v\",\"type\":\"bind\",\"source\":\"rel\"}]" NAMESPACES,
         "\"rel\" is not an absolute path", ERR_INVALID},
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_spec_ struct oci_spec spec = {0};
        struct plan p;

        assert_fails(make(cases[i].process, cases[i].rest, &spec, &p, &err), cases[i].kind, cases[i].says);
    }
}

/* A process in between only where the kernel wants one: it costs a clone. */
static void test_stage(void **state)
{
    static const struct {
        const char *namespaces;
        size_t joins;
        bool stage, user;
    } cases[] = {
        {"{\"type\":\"pid\"},{\"type\":\"network\"}", 0, false, false},
        {"{\"type\":\"network\",\"path\":\"/run/netns/a\"}", 1, false, false},
        {"{\"type\":\"pid\",\"path\":\"/proc/1/ns/pid\"}", 1, true, false},
        {"{\"type\":\"user\"}", 0, true, false},
        {"{\"type\":\"time\"}", 0, true, false},
        {"{\"type\":\"user\",\"path\":\"/proc/1/ns/user\"},{\"type\":\"ipc\",\"path\":\"/proc/1/ns/ipc\"}", 2, true,
         true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_free_ char *rest =
            str_printf(",\"linux\":{\"namespaces\":[{\"type\":\"mount\"},%s]}", cases[i].namespaces);
        _cleanup_spec_ struct oci_spec spec = {0};
        _cleanup_plan_ struct plan p = {0};
        struct err err;

        assert_ok(make("", rest, &spec, &p, &err));
        assert_int_equal(p.joins.n, cases[i].joins);
        assert_int_equal(p.stage, cases[i].stage);
        assert_int_equal(p.joins_user, cases[i].user);
    }
}

#define WITH_NETWORK ",\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"network\"}],\"sysctl\":"

static void test_sysctls(void **state)
{
    static const char *const refused[] = {
        "{\"kernel.core_pattern\":\"x\"}", "{\"kernel.sem\":\"1\"}",       "{\"net\":\"1\"}",
        "{\"kernel.shmmax\":\"1\"}",       "{\"net./../kernel/x\":\"1\"}",
    };
    _cleanup_spec_ struct oci_spec spec = {0};
    _cleanup_plan_ struct plan p = {0};
    struct err err;
    size_t at;

    (void)state;
    assert_ok(make("",
                   ",\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"}]" WITH_NETWORK
                   "{\"net.ipv4.ping_group_range\":\"0 1\"},\"readonlyPaths\":[\"/proc/sys\"]}",
                   &spec, &p, &err));
    at = find(&p, PLAN_SYSCTL, "/proc/sys/net/ipv4/ping_group_range");
    assert_string_equal(p.steps.v[at].source, "0 1");
    assert_true(find(&p, PLAN_MOUNT, "/proc") < at);
    assert_true(at < find(&p, PLAN_READONLY_PATH, "/proc/sys"));
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        _cleanup_free_ char *rest = str_printf(WITH_NETWORK "%s}", refused[i]);
        _cleanup_spec_ struct oci_spec other = {0};
        struct plan none;

        assert_fails(make("", rest, &other, &none, &err), ERR_INVALID, "in none of the container's own namespaces");
    }
}

static void test_devices(void **state)
{
    _cleanup_spec_ struct oci_spec spec = {0};
    _cleanup_plan_ struct plan p = {0};
    struct err err;

    (void)state;
    assert_ok(make("", NAMESPACES, &spec, &p, &err));
    assert_true(p.steps.v[find(&p, PLAN_DEVICE, "/dev/urandom")].device == makedev(1, 9));
    assert_string_equal(p.steps.v[find(&p, PLAN_SYMLINK, "/dev/ptmx")].source, "pts/ptmx");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),    cmocka_unit_test(test_shared_namespaces_are_left_alone),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_stage),
        cmocka_unit_test(test_sysctls),  cmocka_unit_test(test_devices),
    };

    return cmocka_run_group_tests_name("runtime/plan", tests, NULL, NULL);
}
