#include "../unit.h"

#include "bundle/parse.h"
#include "oci/spec.h"

static void test_ulimits(void **state _unused_)
{
    static const struct {
        const char *text, *name;
        int64_t soft, hard;
    } good[] = {{"nofile=1:2", "nofile", 1, 2},
                {"nofile=3", "nofile", 3, 3},
                {"core=-1", "core", -1, -1},
                {"core=0:-1", "core", 0, -1},
                {"memlock=5:5", "memlock", 5, 5}};
    static const struct {
        const char *text, *says;
    } bad[] = {{"nofile", "invalid ulimit argument: nofile"},
               {"files=1", "invalid ulimit type: files"},
               {"nofile=1:2:3", "too many limit value arguments - 1:2:3"},
               {"nofile=2:1", "soft limit must be less than or equal to hard limit: 2 > 1"},
               {"nofile=-1:5", "soft limit must be less than or equal to hard limit: -1 > 5"},
               {"nofile=", "number"},
               {"nofile=x", "number"}};
    struct err err;

    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        struct engine_ulimit u;

        assert_ok(bundle_parse_ulimit(good[i].text, &u, &err));
        assert_string_equal(u.name, good[i].name);
        assert_int_equal(u.soft, good[i].soft);
        assert_int_equal(u.hard, good[i].hard);
        free(u.name);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct engine_ulimit u;

        err = ERR_INIT;
        assert_int_equal(bundle_parse_ulimit(bad[i].text, &u, &err), ERR_INVALID);
        if (i < 5 && !strstr(err.text, bad[i].says))
            fail_msg("%s: %s", bad[i].text, err.text);
        free(u.name);
    }
}

static void test_devices(void **state _unused_)
{
    static const struct {
        const char *text, *from, *to, *permissions;
    } good[] = {{"/dev/a", "/dev/a", "/dev/a", "rwm"},
                {"/dev/a:r", "/dev/a", "/dev/a", "r"},
                {"/dev/a:/dev/b", "/dev/a", "/dev/b", "rwm"},
                {"/dev/a:/dev/b/../c:mr", "/dev/a", "/dev/c", "mr"},
                {"/dev/tty*", "/dev/tty*", "/dev/tty*", "rwm"}};
    static const struct {
        const char *text, *says;
    } bad[] = {{"", "bad format for path"},
               {":/dev/a", "bad format for path"},
               {"/a:/b:r:w", "bad format for path"},
               {"/a:/b:x", "bad mode specified: x"},
               {"/a:/b:rr", "bad mode specified: rr"},
               {"dev", "dev is not an absolute path"},
               {"/a:b", "b is not an absolute path"},
               {"/dev/*:/b", "can't have dst"}};
    struct err err;

    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        struct engine_device d;

        assert_ok(bundle_parse_device(good[i].text, &d, &err));
        assert_string_equal(d.path_on_host, good[i].from);
        assert_string_equal(d.path_in_container, good[i].to);
        assert_string_equal(d.cgroup_permissions, good[i].permissions);
        free(d.path_on_host);
        free(d.path_in_container);
        free(d.cgroup_permissions);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct engine_device d;

        assert_fails(bundle_parse_device(bad[i].text, &d, &err), ERR_INVALID, bad[i].says);
    }
    assert_true(bundle_is_cdi_device("nvidia.com/gpu=0"));
    assert_true(bundle_is_cdi_device("a/b=all"));
    assert_false(bundle_is_cdi_device("/dev/a=b"));
    assert_false(bundle_is_cdi_device("a/b="));
    assert_false(bundle_is_cdi_device("a=b"));
    assert_false(bundle_is_cdi_device("a/b=c/d"));
}

static void test_device_rules(void **state _unused_)
{
    static const char *const bad[] = {"",           "c",      "c 1:3",    "x 1:3 r",           "c 1 r",   "c 1:3 x",
                                      "c 1:3 rwmr", "c :3 r", "c 1:3 r ", "c 99999999999:1 r", "c  1:3 r"};
    struct oci_device_rule rule;
    struct err err;

    assert_ok(bundle_parse_device_rule("c 1:* rw", &rule, &err));
    assert_true(rule.allow && str_eq(rule.type, "c") && *rule.major == 1 && !rule.minor && str_eq(rule.access, "rw"));
    free(rule.type);
    free(rule.major);
    free(rule.access);
    assert_ok(bundle_parse_device_rule("a *:* rwm", NULL, &err));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_fails(bundle_parse_device_rule(bad[i], NULL, &err), ERR_INVALID, "invalid device cgroup format");
}

static void test_rates(void **state _unused_)
{
    static const char *const bad[] = {"/dev/a", "a:1", ":1", "/dev/a:x", "/dev/a:-1", "/dev/a:"};
    struct engine_weight_device w = {0};
    struct engine_rate_device d = {0};
    struct err err;

    assert_ok(bundle_parse_rate_device("/dev/a:1mb", true, &d, &err));
    assert_string_equal(d.path, "/dev/a");
    assert_int_equal(d.rate, 1 << 20);
    free(d.path);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        d.path = NULL;
        err = ERR_INIT;
        assert_int_equal(bundle_parse_rate_device(bad[i], true, &d, &err), ERR_INVALID);
        free(d.path);
    }
    d.path = NULL;
    assert_fails(bundle_parse_rate_device("/dev/a:1mb", false, &d, &err), ERR_INVALID, "invalid rate for device");
    free(d.path);
    assert_ok(bundle_parse_weight_device("/dev/a:10", &w, &err));
    assert_int_equal(w.weight, 10);
    free(w.path);
    assert_fails(bundle_parse_weight_device("/dev/a:1001", &w, &err), ERR_INVALID, "invalid weight for device");
    free(w.path);
}

static void test_gpus(void **state _unused_)
{
    static const struct {
        const char *text;
        int64_t count;
        const char *ids, *capabilities;
    } good[] = {{"all", -1, "", "[[\"gpu\"]]"},
                {"2", 2, "", "[[\"gpu\"]]"},
                {"device=3", 0, "3", "[[\"gpu\"]]"},
                {"\"device=0,1\"", 0, "0,1", "[[\"gpu\"]]"},
                {"count=all,capabilities=utility", -1, "", "[[\"utility\",\"gpu\"]]"},
                {"driver=nvidia", 1, "", "[[\"gpu\"]]"}};
    struct err err;

    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        struct engine_device_request q = {0};
        _cleanup_free_ char *ids = NULL;

        assert_ok(bundle_parse_gpus(good[i].text, &q, &err));
        ids = strv_join(q.device_ids, ",");
        assert_int_equal(q.count, good[i].count);
        assert_string_equal(ids ? ids : "", good[i].ids);
        assert_string_equal(q.capabilities, good[i].capabilities);
        free(q.driver);
        free(q.capabilities);
        strv_free(q.device_ids);
    }
}

static void test_restart(void **state _unused_)
{
    static const struct {
        const char *text, *says;
    } bad[] = {{":1", "no policy provided before colon"},
               {"on-failure:x", "must be an integer"},
               {"sometimes", "unknown policy 'sometimes'"},
               {"always:3", "can only be used with 'on-failure'"},
               {"on-failure:-1", "cannot be negative"}};
    struct engine_restart_policy p = {0};
    struct err err;

    assert_ok(bundle_parse_restart("on-failure:3", &p, &err));
    assert_true(str_eq(p.name, "on-failure") && p.maximum_retry_count == 3);
    free(p.name);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        p = (struct engine_restart_policy){0};
        assert_fails(bundle_parse_restart(bad[i].text, &p, &err), ERR_INVALID, bad[i].says);
        free(p.name);
    }
}

static void test_network(void **state _unused_)
{
    _cleanup_strv_ char **ports = NULL, **hosts = NULL;
    _cleanup_free_ char *got = NULL, *names = NULL;
    struct err err;

    assert_ok(bundle_parse_expose("80", &ports, &err));
    assert_ok(bundle_parse_expose("53-54/udp", &ports, &err));
    assert_ok(bundle_parse_expose("80/tcp", &ports, &err));
    got = strv_join(ports, " ");
    assert_string_equal(got, "80/tcp 53/udp 54/udp");
    assert_fails(bundle_parse_expose("1:2", &ports, &err), ERR_INVALID, "invalid port format for --expose: 1:2");
    assert_fails(bundle_parse_expose("5-3", &ports, &err), ERR_INVALID, "invalid range format for --expose: 5-3");
    assert_fails(bundle_parse_expose("70000", &ports, &err), ERR_INVALID, "invalid range format");
    assert_fails(bundle_parse_expose("80/smtp", &ports, &err), ERR_INVALID, "invalid protocol");
    assert_ok(bundle_parse_host("a:1.2.3.4", &hosts, &err));
    assert_ok(bundle_parse_host("b:::1", &hosts, &err));
    assert_ok(bundle_parse_host("c=[::2]", &hosts, &err));
    names = strv_join(hosts, " ");
    assert_string_equal(names, "a:1.2.3.4 b:::1 c:::2");
    assert_fails(bundle_parse_host("a", NULL, &err), ERR_INVALID, "bad format for add-host: \"a\"");
    assert_fails(bundle_parse_host("a:x", NULL, &err), ERR_INVALID, "invalid IP address in add-host: \"x\"");
    assert_ok(bundle_check_domain("a.b-c.d_e", &err));
    assert_ok(bundle_check_domain(".", &err));
    assert_fails(bundle_check_domain("a..b", &err), ERR_INVALID, "a..b is not a valid domain");
    assert_fails(bundle_check_domain("a b", &err), ERR_INVALID, "not a valid domain");
    assert_fails(bundle_check_domain("", &err), ERR_INVALID, "not a valid domain");
    assert_fails(bundle_check_address("1.2.3", &err), ERR_INVALID, "IP address is not correctly formatted: 1.2.3");
}

static void test_others(void **state _unused_)
{
    struct err err;

    assert_ok(bundle_check_sysctl("net.x=1", &err));
    assert_ok(bundle_check_sysctl("kernel.shmmax=1", &err));
    assert_fails(bundle_check_sysctl("net.x", &err), ERR_INVALID, "sysctl 'net.x' is not allowed");
    assert_fails(bundle_check_sysctl("kernel.panic=1", &err), ERR_INVALID, "is not allowed");
    assert_ok(bundle_check_ipc("container:x", &err));
    assert_fails(bundle_check_ipc("container:", &err), ERR_INVALID, "invalid IPC mode: container:");
    assert_null(bundle_mode_container("host"));
    assert_string_equal(bundle_mode_container("container:x"), "x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ulimits), cmocka_unit_test(test_devices), cmocka_unit_test(test_device_rules),
        cmocka_unit_test(test_rates),   cmocka_unit_test(test_gpus),    cmocka_unit_test(test_restart),
        cmocka_unit_test(test_network), cmocka_unit_test(test_others),
    };

    return cmocka_run_group_tests_name("bundle/parse", tests, NULL, NULL);
}
