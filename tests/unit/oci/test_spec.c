/* OCI runtime specification 1.3: config.md and config-linux.md. */
#include "../unit.h"

#include "oci/spec.h"

/* Every field that the specification has for Linux, with a value that is not its default, in the order of the tables.
 */
static const char everything[] =
    "{\"ociVersion\":\"1.3.0\",\"process\":{\"terminal\":true,\"consoleSize\":{\"height\":25,\"width\":80},"
    "\"user\":{\"uid\":1,\"gid\":2,\"umask\":0,\"additionalGids\":[3,4],\"username\":\"u\"},\"args\":[\"a\",\"\"],"
    "\"env\":[\"A=b\"],\"cwd\":\"/c\",\"capabilities\":{\"bounding\":[\"CAP_KILL\"],\"effective\":[\"CAP_KILL\"],"
    "\"inheritable\":[\"CAP_CHOWN\"],\"permitted\":[\"CAP_KILL\"],\"ambient\":[\"CAP_CHOWN\"]},"
    "\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"hard\":9,\"soft\":0}],\"noNewPrivileges\":true,"
    "\"apparmorProfile\":\"p\",\"oomScoreAdj\":0,\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"nice\":-5,"
    "\"priority\":6,\"flags\":[\"SCHED_FLAG_RECLAIM\"],\"runtime\":7,\"deadline\":8,\"period\":9},"
    "\"selinuxLabel\":\"l\",\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":0},"
    "\"execCPUAffinity\":{\"initial\":\"7\",\"final\":\"0-3\"}},\"root\":{\"path\":\"r\",\"readonly\":true},"
    "\"hostname\":\"h\",\"domainname\":\"d\",\"mounts\":[{\"destination\":\"/m\",\"type\":\"none\",\"source\":\"s\","
    "\"options\":[\"bind\",\"idmap\"],\"uidMappings\":[{\"containerID\":0,\"hostID\":5,\"size\":1}],"
    "\"gidMappings\":[{\"containerID\":0,\"hostID\":6,\"size\":1}]}],"
    "\"hooks\":{\"prestart\":[{\"path\":\"/1\",\"args\":[\"x\"],\"env\":[\"E=\"],\"timeout\":0}],"
    "\"createRuntime\":[{\"path\":\"/2\"}],\"createContainer\":[{\"path\":\"/3\"}],"
    "\"startContainer\":[{\"path\":\"/4\"}],\"poststart\":[{\"path\":\"/5\"}],\"poststop\":[{\"path\":\"/6\"}]},"
    "\"annotations\":{\"k\":\"v\"},\"linux\":{\"uidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":3}],"
    "\"gidMappings\":[{\"containerID\":1,\"hostID\":0,\"size\":4}],\"sysctl\":{\"net.ipv4.ip_forward\":\"1\"},"
    "\"resources\":{\"devices\":[{\"allow\":false,\"type\":\"c\",\"major\":0,\"minor\":1,\"access\":\"rw\"}],"
    "\"memory\":{\"limit\":1,\"reservation\":2,\"swap\":3,\"kernel\":-1,\"kernelTCP\":-1,\"swappiness\":0,"
    "\"disableOOMKiller\":true,\"useHierarchy\":true,\"checkBeforeUpdate\":true},"
    "\"cpu\":{\"shares\":2,\"quota\":3,\"burst\":0,\"period\":4,\"realtimeRuntime\":5,\"realtimePeriod\":6,"
    "\"cpus\":\"0\",\"mems\":\"0\",\"idle\":0},\"pids\":{\"limit\":0},"
    "\"blockIO\":{\"weight\":10,\"leafWeight\":11,\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":12,"
    "\"leafWeight\":13}],\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":1,\"rate\":2}],"
    "\"throttleWriteBpsDevice\":[{\"major\":8,\"minor\":2,\"rate\":3}],"
    "\"throttleReadIOPSDevice\":[{\"major\":8,\"minor\":3,\"rate\":4}],"
    "\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":4,\"rate\":5}]},"
    "\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":6}],"
    "\"network\":{\"classID\":0,\"priorities\":[{\"name\":\"lo\",\"priority\":0}]},"
    "\"rdma\":{\"mlx\":{\"hcaHandles\":0,\"hcaObjects\":1}},\"unified\":{\"io.max\":\"8:0 rbps=1\"}},"
    "\"cgroupsPath\":\"/g\",\"namespaces\":[{\"type\":\"user\"},{\"type\":\"time\"},{\"type\":\"uts\"},"
    "{\"type\":\"mount\"},{\"type\":\"network\",\"path\":\"/n\"}],"
    "\"devices\":[{\"type\":\"b\",\"path\":\"/dev/x\",\"major\":1,\"minor\":2,\"fileMode\":0,\"uid\":3,\"gid\":4}],"
    "\"netDevices\":{\"eth0\":{\"name\":\"in0\"},\"eth1\":{}},"
    "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":0,\"architectures\":[\"SCMP_ARCH_X86\"],"
    "\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"],\"listenerPath\":\"/l\",\"listenerMetadata\":\"m\","
    "\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":0,\"args\":[{\"index\":0,"
    "\"value\":0,\"valueTwo\":2,\"op\":\"SCMP_CMP_MASKED_EQ\"}]}]},\"rootfsPropagation\":\"slave\","
    "\"maskedPaths\":[\"/proc/kcore\"],\"readonlyPaths\":[\"/proc/sys\"],\"mountLabel\":\"c\","
    "\"intelRdt\":{\"closID\":\"c\",\"schemata\":[\"L3:0=f\"],\"l3CacheSchema\":\"L3:0=f\",\"memBwSchema\":\"MB:0=5\","
    "\"enableMonitoring\":true},\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\","
    "\"flags\":[\"MPOL_F_STATIC_NODES\"]},\"personality\":{\"domain\":\"LINUX32\"},"
    "\"timeOffsets\":{\"boottime\":{\"secs\":-1,\"nanosecs\":2}}}}";

static void test_every_field(void **state _unused_)
{
    _cleanup_spec_ struct oci_spec spec = {0};
    _cleanup_buf_ struct buf out = BUF_INIT;
    struct err err;

    assert_ok(json_parse(everything, strlen(everything), &oci_spec_type, &spec, &err));
    json_dump(&oci_spec_type, &spec, false, &out);
    assert_string_equal(buf_str(&out), everything);
    /* what is 0 and stands there is not what is absent */
    assert_int_equal(*spec.platform.resources.pids.limit, 0);
    assert_int_equal(*spec.platform.resources.memory.swappiness, 0);
    assert_int_equal(*spec.platform.seccomp->default_errno_ret, 0);
    assert_int_equal(*spec.platform.devices.v[0].mode, 0);
}

/* config.md, "Process": required when start is called, and not before. */
static void test_no_process(void **state _unused_)
{
    static const char text[] = "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"}}";
    _cleanup_spec_ struct oci_spec spec = {0};
    _cleanup_buf_ struct buf out = BUF_INIT;
    struct err err;

    assert_ok(oci_spec_parse(text, strlen(text), &spec, &err));
    assert_false(oci_spec_has_process(&spec));
    assert_null(spec.platform.seccomp);
    assert_null(spec.platform.resources.pids.limit);
    json_dump(&oci_spec_type, &spec, false, &out);
    assert_string_equal(buf_str(&out), text);
}

/* As dockerd writes limits that nobody has asked for. */
static void test_docker_writes_no_sign(void **state _unused_)
{
    static const char text[] =
        "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/\",\"args\":[\"a\"],"
        "\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":18446744073709551615,\"hard\":18446744073709551615}]},"
        "\"linux\":{\"resources\":{\"memory\":{\"swappiness\":18446744073709551615}}}}";
    _cleanup_spec_ struct oci_spec spec = {0};
    struct err err;

    assert_ok(oci_spec_parse(text, strlen(text), &spec, &err));
    assert_null(spec.platform.resources.memory.swappiness);
    assert_true(spec.process.rlimits.v[0].hard == UINT64_MAX);
}

static int parse_version(const char *version, struct err *err)
{
    _cleanup_free_ char *text = str_printf("{\"ociVersion\":\"%s\",\"root\":{\"path\":\"r\"}}", version);
    _cleanup_spec_ struct oci_spec spec = {0};

    return oci_spec_parse(text, strlen(text), &spec, err);
}

/* config.md, "Specification version". */
static void test_versions(void **state _unused_)
{
    static const char *const good[] = {"1.0.0", "1.0.2-dev", "1.3.0", "1.3.0+dev", "1.99.0-rc.1+b"};
    static const char *const malformed[] = {"", "1", "1.0", "1.0.", "v1.0.0", "1.0.0.0", "1.0.x", "1. 0.0", "1.0.0 "};
    static const char *const unknown[] = {"0.9.0", "2.0.0", "10.0.0", "18446744073709551617.0.0"};
    struct err err;

    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        assert_ok(parse_version(good[i], &err));
    for (size_t i = 0; i < ARRAY_SIZE(malformed); i++)
        assert_fails(parse_version(malformed[i], &err), ERR_INVALID, "ociVersion: ");
    for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
        assert_fails(parse_version(unknown[i], &err), ERR_UNSUPPORTED, "ociVersion: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_field),
        cmocka_unit_test(test_no_process),
        cmocka_unit_test(test_docker_writes_no_sign),
        cmocka_unit_test(test_versions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
