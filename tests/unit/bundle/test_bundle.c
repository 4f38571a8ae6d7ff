#include "../unit.h"

#include "bundle/bundle.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct bundle_machine machine = {4, "0-3", "0"};
static const struct bundle_place place = {.id = ID,
                                          .files = "/store/containers/" ID,
                                          .rootfs = "/store/containers/" ID "/rootfs",
                                          .host_name = "the-host",
                                          .machine = &machine};

/* An image config as `text` and options as `asked`, the engine's JSON: merged, and made a spec. */
static int make_both(const char *text, const char *asked, struct engine_options *options, struct oci_spec *ret,
                     struct err *err)
{
    _cleanup_image_config_ struct oci_image_config image = {0};
    _cleanup_free_ char *whole = str_printf("{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":%s,"
                                            "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}",
                                            text);
    int r;

    if (oci_image_config_parse(whole, strlen(whole), &image, err) < 0 ||
        json_parse(asked, strlen(asked), &engine_options_type, options, err) < 0)
        fail_msg("%s", err->text);
    r = bundle_merge(&image, &place, options, err);
    return r < 0 ? r : bundle_make(options, &place, ret, err);
}

static int make(const char *text, const char *asked, struct oci_spec *ret, struct err *err)
{
    _cleanup_engine_options_ struct engine_options options = {0};

    return make_both(text, asked, &options, ret, err);
}

static void expect_args(const char *image, const char *asked, const char *expected)
{
    _cleanup_spec_ struct oci_spec spec = {0};
    _cleanup_free_ char *config = str_printf("{\"Config\":%s}", asked), *got = NULL;
    struct err err;

    assert_ok(make(image, config, &spec, &err));
    got = strv_join(spec.process.args, " ");
    assert_string_equal(got, expected);
}

static void test_entrypoint_and_command(void **state)
{
    static const char both[] = "{\"Entrypoint\":[\"/e\",\"-x\"],\"Cmd\":[\"c\"]}", cmd[] = "{\"Cmd\":[\"c\",\"d\"]}";
    struct oci_spec spec;
    struct err err;

    (void)state;
    expect_args(both, "{}", "/e -x c");
    expect_args(both, "{\"Cmd\":[\"a\",\"b\"]}", "/e -x a b");
    expect_args(cmd, "{}", "c d");
    expect_args(cmd, "{\"Cmd\":[\"a\"]}", "a");
    expect_args(both, "{\"Entrypoint\":[\"/n\"]}", "/n"); /* takes the image's command away */
    expect_args(both, "{\"Entrypoint\":[\"/n\"],\"Cmd\":[\"a\"]}", "/n a");
    expect_args(both, "{\"Entrypoint\":[\"\"],\"Cmd\":[\"a\"]}", "a");
    assert_fails(make(both, "{\"Config\":{\"Entrypoint\":[\"\"]}}", &spec, &err), ERR_INVALID, "no command specified");
    assert_fails(make("{}", "{}", &spec, &err), ERR_INVALID, "no command specified");
}

static void test_environment(void **state)
{
    _cleanup_engine_options_ struct engine_options options = {0};
    _cleanup_spec_ struct oci_spec spec = {0};
    struct oci_spec none;
    _cleanup_free_ char *got = NULL, *shown = NULL;
    struct err err;

    (void)state;
    assert_ok(make_both("{\"Cmd\":[\"c\"],\"Env\":[\"IMAGE=i\",\"A=0\",\"TERM=dumb\"]}",
                        "{\"Config\":{\"Env\":[\"A=1\",\"IMAGE\",\"PATH=/mine\"],\"Tty\":true,\"Hostname\":\"h\"}}",
                        &options, &spec, &err));
    got = strv_join(spec.process.env, "|");
    assert_string_equal(got, "PATH=/mine|HOSTNAME=h|TERM=dumb|A=1");
    shown = strv_join(options.config.config.env, "|");
    assert_string_equal(shown, "A=1|IMAGE|PATH=/mine|TERM=dumb");
    assert_fails(make("{\"Cmd\":[\"c\"]}", "{\"Config\":{\"Env\":[\"=x\"]}}", &none, &err), ERR_INVALID,
                 "invalid environment variable: =x");
}

static void test_defaults(void **state)
{
    _cleanup_spec_ struct oci_spec spec = {0};
    struct err err;

    (void)state;
    assert_ok(make("{\"Cmd\":[\"c\"],\"WorkingDir\":\"/a/../b/\",\"User\":\"www:web\"}",
                   "{\"HostConfig\":{\"Memory\":67108864,\"NanoCpus\":500000000}}", &spec, &err));
    assert_ok(oci_spec_check(&spec, &err));
    assert_string_equal(spec.hostname, "0123456789ab");
    assert_string_equal(spec.process.cwd, "/b");
    assert_string_equal(spec.process.user.username, "www:web");
    assert_false(spec.root.readonly);
    assert_int_equal(strv_len(spec.process.capabilities.bounding), 14);
    assert_false(strv_contains(spec.process.capabilities.bounding, "CAP_SYS_ADMIN"));
    assert_true(strv_contains(spec.platform.masked_paths, "/proc/kcore"));
    assert_true(strv_contains(spec.platform.readonly_paths, "/proc/sys"));
    assert_int_equal(spec.platform.resources.memory.limit, 64 << 20);
    assert_int_equal(spec.platform.resources.memory.swap, 128 << 20);
    assert_int_equal(spec.platform.resources.cpu.quota, 50000);
    assert_string_equal(spec.platform.cgroups_path, "/cbox/" ID);
    assert_non_null(oci_spec_namespace(&spec, "network"));
    assert_true(strv_contains(spec.platform.sysctl, "net.ipv4.ip_unprivileged_port_start=0"));
    /* everything is denied before the runtime allows its own */
    assert_int_equal(spec.platform.resources.devices.n, 1);
    assert_false(spec.platform.resources.devices.v[0].allow);
    assert_string_equal(spec.mounts.v[0].destination, "/proc");
}

/* What the image says stands beneath what was asked for, name by name. */
static void test_merge(void **state _unused_)
{
    static const char image[] =
        "{\"Cmd\":[\"c\"],\"Labels\":{\"a\":\"image\",\"b\":\"image\"},\"ExposedPorts\":{\"80/tcp\":{}},"
        "\"Volumes\":{\"/data\":{}},\"StopSignal\":\"SIGQUIT\","
        "\"Healthcheck\":{\"Test\":[\"CMD\",\"x\"],\"Interval\":5,\"Retries\":2}}";
    static const char asked[] =
        "{\"Config\":{\"Labels\":{\"a\":\"mine\"},\"ExposedPorts\":{\"80/tcp\":{},\"81/udp\":{}},"
        "\"Healthcheck\":{\"Retries\":7}},\"HostConfig\":{\"Privileged\":true}}";
    _cleanup_engine_options_ struct engine_options o = {0};
    const struct oci_container_config *c = &o.config.config;
    _cleanup_spec_ struct oci_spec spec = {0};
    struct err err;

    assert_ok(make_both(image, asked, &o, &spec, &err));
    assert_string_equal(strv_env_get(c->labels, "a"), "mine");
    assert_string_equal(strv_env_get(c->labels, "b"), "image");
    assert_int_equal(strv_len(c->exposed_ports), 2);
    assert_true(strv_contains(c->volumes, "/data"));
    assert_string_equal(c->stop_signal, "SIGQUIT");
    assert_string_equal(c->healthcheck->test[1], "x");
    assert_int_equal(c->healthcheck->interval, 5);
    assert_int_equal(c->healthcheck->retries, 7);
    assert_null(o.host.masked_paths);
    assert_string_equal(o.host.log_config.type, "json-file");
    assert_int_equal(o.host.shm_size, 64 << 20);
}

static void test_host_network(void **state)
{
    _cleanup_spec_ struct oci_spec spec = {0};
    struct err err;

    (void)state;
    assert_ok(make("{\"Cmd\":[\"c\"]}", "{\"HostConfig\":{\"NetworkMode\":\"host\"}}", &spec, &err));
    assert_null(oci_spec_namespace(&spec, "network"));
    assert_null(spec.platform.sysctl);
    assert_non_null(oci_spec_namespace(&spec, "pid"));
    assert_string_equal(spec.hostname, "the-host");
}

static void test_relative_workdir(void **state)
{
    struct oci_spec spec;
    struct err err;

    (void)state;
    assert_fails(make("{\"Cmd\":[\"c\"]}", "{\"Config\":{\"WorkingDir\":\"a\"}}", &spec, &err), ERR_INVALID,
                 "'a' is invalid, it needs to be an absolute path");
}

/* The destinations of the mounts that stand behind the default ones, or are those. */
static char *destinations(const struct oci_spec *spec, bool defaults)
{
    _cleanup_strv_ char **all = NULL;

    VEC_FOREACH (m, &spec->mounts)
        if (str_eq(m->type, "bind") != defaults)
            strv_add(&all, m->destination);
    return strv_join(all, " ");
}

#define BIND(to) \
    "{\"Destination\":\"" to "\",\"MountType\":\"bind\",\"MountSource\":\"/s\",\"MountOptions\":[\"rbind\"]}"

static void test_mounts_are_in_order(void **state)
{
    static const char asked[] = "{\"Mounts\":[" BIND("/x/in/deep") "," BIND("/dev/shm") "," BIND("/x") "," BIND(
        "/x/in") "," BIND("/etc") "," BIND("/etc/hosts") "]}";
    _cleanup_spec_ struct oci_spec spec = {0}, none = {0};
    _cleanup_free_ char *binds = NULL, *defaults = NULL, *without_dev = NULL;
    struct err err;

    (void)state;
    assert_ok(make("{\"Cmd\":[\"c\"]}", asked, &spec, &err));
    binds = destinations(&spec, false);
    assert_string_equal(binds, "/x /etc /dev/shm /x/in /etc/hosts /x/in/deep /etc/resolv.conf /etc/hostname");
    defaults = destinations(&spec, true);
    assert_string_equal(defaults, "/proc /dev /dev/pts /sys /sys/fs/cgroup /dev/mqueue");
    assert_ok(make("{\"Cmd\":[\"c\"]}", "{\"Mounts\":[" BIND("/dev") "," BIND("/sys") "]}", &none, &err));
    without_dev = destinations(&none, true);
    assert_string_equal(without_dev, "/proc");
}

static void test_readonly_files(void **state)
{
    _cleanup_spec_ struct oci_spec spec = {0};
    struct err err;

    (void)state;
    assert_ok(make("{\"Cmd\":[\"c\"]}", "{\"HostConfig\":{\"ReadonlyRootfs\":true}}", &spec, &err));
    VEC_FOREACH (m, &spec.mounts)
        if (str_after(m->destination, "/etc/"))
            assert_true(strv_contains(m->options, "ro"));
}

static void test_env_file(void **state)
{
    _cleanup_strv_ char **env = NULL;
    _cleanup_free_ char *got = NULL;
    struct err err;

    (void)state;
    assert_ok(bundle_parse_env_file("# comment\nA=1\r\n\n  B=x y # z\nC\n", &env, &err));
    got = strv_join(env, "|");
    assert_string_equal(got, "A=1|B=x y # z|C");
    strv_free(env);
    env = NULL;
    assert_ok(bundle_parse_env_file("\xef\xbb\xbf"
                                    "A=\xc3\xa9\n",
                                    &env, &err));
    assert_string_equal(env[0], "A=\xc3\xa9");
    assert_fails(bundle_parse_env_file("A=1\nB=\xff\n", &env, &err), ERR_INVALID, "line 2: invalid utf8 bytes");
    assert_fails(bundle_parse_env_file("A=1\nB C=2\n", &env, &err), ERR_INVALID, "line 2: variable 'B C'");
    assert_fails(bundle_parse_env_file("=1", &env, &err), ERR_INVALID, "line 1: no variable name");
}

static void test_labels(void **state)
{
    struct err err;

    (void)state;
    assert_ok(bundle_check_label("a=b c", &err));
    assert_ok(bundle_check_label("a", &err));
    assert_fails(bundle_check_label("", &err), ERR_INVALID, "invalid label '': empty name");
    assert_fails(bundle_check_label("=b", &err), ERR_INVALID, "invalid label '=b': empty name");
    assert_fails(bundle_check_label("a b=c", &err), ERR_INVALID, "label 'a b=c' contains whitespaces");
}

/* The runtime fills in the user's own where there is none. */
static void test_empty_home(void **state)
{
    _cleanup_spec_ struct oci_spec spec = {0};
    struct err err;

    (void)state;
    assert_ok(make("{\"Cmd\":[\"c\"],\"Env\":[\"HOME=/i\"]}", "{\"Config\":{\"Env\":[\"HOME=\"]}}", &spec, &err));
    assert_null(strv_env_get(spec.process.env, "HOME"));
}

static void expect_capabilities(const char *host, const char *expected)
{
    _cleanup_free_ char *asked = str_printf("{\"HostConfig\":%s}", host), *got = NULL;
    _cleanup_spec_ struct oci_spec spec = {0};
    struct err err;

    assert_ok(make("{\"Cmd\":[\"c\"]}", asked, &spec, &err));
    got = strv_join(spec.process.capabilities.effective, " ");
    assert_string_equal(got ? got : "", expected);
}

static void test_capabilities(void **state _unused_)
{
    _cleanup_spec_ struct oci_spec all = {0};
    struct oci_spec none;
    struct err err;

    expect_capabilities("{\"CapDrop\":[\"all\"]}", "");
    expect_capabilities("{\"CapDrop\":[\"ALL\"],\"CapAdd\":[\"net_admin\",\"CAP_CHOWN\"]}", "CAP_NET_ADMIN CAP_CHOWN");
    assert_ok(make("{\"Cmd\":[\"c\"]}", "{\"HostConfig\":{\"CapAdd\":[\"ALL\"],\"CapDrop\":[\"chown\"]}}", &all, &err));
    assert_true(strv_contains(all.process.capabilities.bounding, "CAP_SYS_ADMIN"));
    assert_false(strv_contains(all.process.capabilities.bounding, "CAP_CHOWN"));
    assert_fails(make("{\"Cmd\":[\"c\"]}", "{\"HostConfig\":{\"CapAdd\":[\"x\"]}}", &none, &err), ERR_INVALID,
                 "invalid CapAdd: unknown capability: \"CAP_X\"");
}

static void test_privileged(void **state _unused_)
{
    _cleanup_spec_ struct oci_spec spec = {0};
    struct err err;

    assert_ok(make("{\"Cmd\":[\"c\"]}", "{\"HostConfig\":{\"Privileged\":true}}", &spec, &err));
    assert_null(spec.platform.seccomp);
    assert_null(spec.platform.masked_paths);
    assert_true(spec.platform.resources.devices.v[0].allow);
    VEC_FOREACH (m, &spec.mounts)
        if (str_after(m->destination, "/sys"))
            assert_false(strv_contains(m->options, "ro"));
}

/* What another container has is named at the start alone; until then it leads nowhere. */
static void test_namespaces(void **state _unused_)
{
    static const char id[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdee";
    _cleanup_free_ char *asked = str_printf("{\"HostConfig\":{\"NetworkMode\":\"container:%s\",\"PidMode\":\"host\","
                                            "\"UTSMode\":\"host\",\"IpcMode\":\"none\",\"CgroupnsMode\":\"host\"}}",
                                            id);
    _cleanup_spec_ struct oci_spec spec = {0};
    struct err err;

    assert_ok(make("{\"Cmd\":[\"c\"]}", asked, &spec, &err));
    assert_string_equal(oci_spec_namespace(&spec, "network")->path, BUNDLE_NOT_JOINED);
    assert_null(oci_spec_namespace(&spec, "pid"));
    assert_null(oci_spec_namespace(&spec, "uts"));
    assert_null(oci_spec_namespace(&spec, "cgroup"));
    assert_non_null(oci_spec_namespace(&spec, "ipc"));
    assert_null(spec.hostname);
    assert_null(spec.platform.sysctl);
    VEC_FOREACH (m, &spec.mounts)
        assert_string_not_equal(m->destination, "/dev/shm");
    assert_int_equal(bundle_join(&spec, "network", 42), 0);
    assert_string_equal(oci_spec_namespace(&spec, "network")->path, "/proc/42/ns/net");
    assert_int_equal(bundle_join(&spec, "pid", 42), ERR_NOT_FOUND);
}

/* With an IPC namespace goes the file system of its shared memory. */
static void test_shared_memory(void **state _unused_)
{
    _cleanup_spec_ struct oci_spec spec = {0};
    struct err err;

    assert_ok(make("{\"Cmd\":[\"c\"]}", "{\"HostConfig\":{\"IpcMode\":\"container:x\"}}", &spec, &err));
    assert_int_equal(bundle_join(&spec, "ipc", 42), 0);
    VEC_FOREACH (m, &spec.mounts)
        if (str_eq(m->destination, "/dev/shm"))
            assert_string_equal(m->source, "/proc/42/root/dev/shm");
}

static void test_limits_are_checked(void **state _unused_)
{
    static const struct {
        const char *host, *says;
    } bad[] = {
        {"{\"Memory\":1}", "Minimum memory limit allowed is 6MB"},
        {"{\"Memory\":16777216,\"MemorySwap\":8388608}", "Minimum memoryswap limit should be larger"},
        {"{\"MemorySwap\":8388608}", "You should always set the Memory limit"},
        {"{\"MemoryReservation\":1}", "Minimum memory reservation allowed is 6MB"},
        {"{\"Memory\":8388608,\"MemoryReservation\":16777216}", "can not be less than memory reservation limit"},
        {"{\"MemorySwappiness\":101}", "Valid memory swappiness range is 0-100"},
        {"{\"NanoCpus\":5000000000}", "Range of CPUs is from 0.01 to 4.00, as there are only 4 CPUs available"},
        {"{\"NanoCpus\":-1}", "Range of CPUs"},
        {"{\"NanoCpus\":1000000000,\"CpuQuota\":5000}", "Nano CPUs and CPU Quota cannot both be set"},
        {"{\"CpuPeriod\":1}", "CPU cfs period can not be less than 1ms"},
        {"{\"CpuQuota\":1}", "CPU cfs quota can not be less than 1ms"},
        {"{\"CpusetCpus\":\"1,4\"}", "Requested CPUs are not available - requested 1,4, available: 0-3"},
        {"{\"CpusetCpus\":\"1-\"}", "Invalid value 1- for cpuset cpus: invalid format: 1-"},
        {"{\"CpusetMems\":\"1\"}", "Requested memory nodes are not available - requested 1, available: 0"},
        {"{\"BlkioWeight\":5}", "Range of blkio weight is from 10 to 1000"},
        {"{\"OomScoreAdj\":1001}", "range for oom score adj"},
        {"{\"IpcMode\":\"x\"}", "invalid IPC mode: x"},
        {"{\"AutoRemove\":true,\"RestartPolicy\":{\"Name\":\"always\"}}", "cannot specify both --restart and --rm"},
        {"{\"NetworkMode\":\"container:x\",\"Dns\":[\"1.1.1.1\"]}", "conflicting options: dns and the network mode"},
    };
    struct err err;

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        _cleanup_free_ char *asked = str_printf("{\"HostConfig\":%s}", bad[i].host);
        struct oci_spec spec;

        assert_fails(make("{\"Cmd\":[\"c\"]}", asked, &spec, &err), ERR_INVALID, bad[i].says);
    }
}

static void test_limits(void **state _unused_)
{
    _cleanup_spec_ struct oci_spec spec = {0};
    const struct oci_resources *r = &spec.platform.resources;
    struct err err;

    assert_ok(make("{\"Cmd\":[\"c\"]}",
                   "{\"HostConfig\":{\"CpuShares\":7,\"CpusetCpus\":\"0\",\"PidsLimit\":0,\"MemorySwappiness\":0,"
                   "\"Memory\":67108864,\"MemorySwap\":-1,\"OomKillDisable\":true,\"OomScoreAdj\":5,"
                   "\"ShmSize\":1024,\"CgroupParent\":\"a/../../b\",\"Ulimits\":[{\"Name\":\"nofile\",\"Hard\":-1,"
                   "\"Soft\":5}],\"Sysctls\":{\"net.ipv4.ip_unprivileged_port_start\":\"80\"}}}",
                   &spec, &err));
    assert_true(r->cpu.shares == 7 && str_eq(r->cpu.cpus, "0") && *r->pids.limit == -1);
    assert_true(r->memory.swap == -1 && *r->memory.swappiness == 0 && r->memory.disable_oom_killer);
    assert_int_equal(*spec.process.oom_score_adj, 5);
    assert_string_equal(spec.platform.cgroups_path, "/b/" ID);
    assert_int_equal(spec.process.rlimits.n, 1);
    assert_true(spec.process.rlimits.v[0].soft == 5 && spec.process.rlimits.v[0].hard == UINT64_MAX);
    assert_string_equal(strv_env_get(spec.platform.sysctl, "net.ipv4.ip_unprivileged_port_start"), "80");
    VEC_FOREACH (m, &spec.mounts)
        if (str_eq(m->destination, "/dev/shm"))
            assert_true(strv_contains(m->options, "size=1024"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entrypoint_and_command),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_host_network),
        cmocka_unit_test(test_relative_workdir),
        cmocka_unit_test(test_mounts_are_in_order),
        cmocka_unit_test(test_readonly_files),
        cmocka_unit_test(test_env_file),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_empty_home),
        cmocka_unit_test(test_capabilities),
        cmocka_unit_test(test_privileged),
        cmocka_unit_test(test_namespaces),
        cmocka_unit_test(test_shared_memory),
        cmocka_unit_test(test_limits_are_checked),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests_name("bundle", tests, NULL, NULL);
}
