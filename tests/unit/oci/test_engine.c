#include "../unit.h"

#include "oci/engine.h"

/* Every field of the engine's options, in the order of the tables. */
static const char everything[] =
    "{\"Config\":{\"Hostname\":\"h\",\"Domainname\":\"d\",\"User\":\"u\",\"AttachStdin\":true,\"AttachStdout\":true,"
    "\"AttachStderr\":true,\"ExposedPorts\":{\"80/tcp\":{}},\"Tty\":true,\"OpenStdin\":true,\"StdinOnce\":true,"
    "\"Env\":[\"A=1\"],\"Cmd\":[\"c\"],\"Healthcheck\":{\"Test\":[\"CMD\",\"t\"],\"Interval\":1,\"Timeout\":2,"
    "\"StartPeriod\":3,\"StartInterval\":4,\"Retries\":5},\"ArgsEscaped\":true,\"Image\":\"i\",\"Volumes\":{\"/v\":{}},"
    "\"WorkingDir\":\"/w\",\"Entrypoint\":[\"e\"],\"OnBuild\":[\"RUN x\"],\"Labels\":{\"l\":\"1\"},"
    "\"StopSignal\":\"SIGINT\",\"StopTimeout\":0,\"Shell\":[\"sh\"]},"
    "\"HostConfig\":{\"Binds\":[\"/a:/b\"],\"ContainerIDFile\":\"/f\",\"LogConfig\":{\"Type\":\"local\","
    "\"Config\":{\"max-size\":\"1m\"}},\"NetworkMode\":\"none\","
    "\"PortRanges\":[{\"Protocol\":\"tcp\",\"ContainerFirst\":80,\"Count\":1,\"HostIp\":\"::1\",\"HostFirst\":1,"
    "\"HostLast\":2}],"
    "\"RestartPolicy\":{\"Name\":\"on-failure\",\"MaximumRetryCount\":3},\"AutoRemove\":true,"
    "\"VolumeDriver\":\"local\",\"VolumesFrom\":[\"x:ro\"],\"ConsoleSize\":[24,80],\"Annotations\":{\"a\":\"b\"},"
    "\"CapAdd\":[\"CAP_A\"],\"CapDrop\":[\"CAP_B\"],\"CgroupnsMode\":\"host\",\"Dns\":[\"1.1.1.1\"],"
    "\"DnsOptions\":[\"ndots:1\"],\"DnsSearch\":[\"s\"],\"ExtraHosts\":[\"a:1.2.3.4\"],\"GroupAdd\":[\"g\"],"
    "\"IpcMode\":\"host\",\"Cgroup\":\"c\",\"Links\":[\"l:m\"],\"OomScoreAdj\":-5,\"PidMode\":\"host\","
    "\"Privileged\":true,\"PublishAllPorts\":true,\"ReadonlyRootfs\":true,\"SecurityOpt\":[\"label=disable\"],"
    "\"StorageOpt\":{\"size\":\"1\"},\"Tmpfs\":{\"/t\":\"size=1m\"},\"UTSMode\":\"host\",\"UsernsMode\":\"host\","
    "\"ShmSize\":64,\"Sysctls\":{\"net.x\":\"1\"},\"Runtime\":\"r\",\"Isolation\":\"default\",\"CpuShares\":2,"
    "\"Memory\":3,\"NanoCpus\":4,\"CgroupParent\":\"/p\",\"BlkioWeight\":10,"
    "\"BlkioWeightDevice\":[{\"Path\":\"/dev/a\",\"Weight\":20}],\"BlkioDeviceReadBps\":[{\"Path\":\"/dev/a\","
    "\"Rate\":9223372036854775807}],\"BlkioDeviceWriteBps\":[{\"Path\":\"/dev/b\",\"Rate\":2}],"
    "\"BlkioDeviceReadIOps\":[{\"Path\":\"/dev/c\",\"Rate\":3}],\"BlkioDeviceWriteIOps\":[{\"Path\":\"/dev/d\","
    "\"Rate\":4}],\"CpuPeriod\":5,\"CpuQuota\":6,\"CpuRealtimePeriod\":7,\"CpuRealtimeRuntime\":8,"
    "\"CpusetCpus\":\"0-1\",\"CpusetMems\":\"0\",\"Devices\":[{\"PathOnHost\":\"/dev/a\",\"PathInContainer\":\"/dev/"
    "b\","
    "\"CgroupPermissions\":\"rwm\"}],\"DeviceCgroupRules\":[\"c 1:3 r\"],\"DeviceRequests\":[{\"Driver\":\"cdi\","
    "\"Count\":-1,\"DeviceIDs\":[\"x\"],\"Capabilities\":[[\"gpu\"]],\"Options\":{\"o\":\"1\"}}],"
    "\"MemoryReservation\":9,\"MemorySwap\":-1,\"MemorySwappiness\":0,\"OomKillDisable\":false,\"PidsLimit\":0,"
    "\"Ulimits\":[{\"Name\":\"nofile\",\"Hard\":-1,\"Soft\":0}],"
    "\"Mounts\":[{\"Type\":\"volume\",\"Source\":\"s\",\"Target\":\"/t\",\"ReadOnly\":true,\"Consistency\":\"cached\","
    "\"BindOptions\":{\"Propagation\":\"shared\",\"NonRecursive\":true,\"CreateMountpoint\":true,"
    "\"ReadOnlyNonRecursive\":true,\"ReadOnlyForceRecursive\":true},\"VolumeOptions\":{\"NoCopy\":true,"
    "\"Labels\":{\"a\":\"b\"},\"Subpath\":\"p\",\"DriverConfig\":{\"Name\":\"local\",\"Options\":{\"o\":\"v\"}}},"
    "\"ImageOptions\":{\"Subpath\":\"q\"},\"TmpfsOptions\":{\"SizeBytes\":1,\"Mode\":2}}],"
    "\"MaskedPaths\":[\"/m\"],\"ReadonlyPaths\":[\"/r\"],\"Init\":true},"
    "\"Mounts\":[{\"Type\":\"volume\",\"Name\":\"n\",\"Source\":\"/s\",\"Destination\":\"/d\",\"Driver\":\"local\","
    "\"Mode\":\"z\",\"RW\":true,\"Propagation\":\"rprivate\",\"Anonymous\":true,\"MountType\":\"bind\","
    "\"MountSource\":\"/s\",\"MountOptions\":[\"rbind\"]}],"
    "\"Networks\":[{\"Network\":\"n\",\"Aliases\":[\"a\"],\"IPv4Address\":\"1.2.3.4\",\"IPv6Address\":\"::1\","
    "\"LinkLocalIPs\":[\"1.1.1.1\"],\"MacAddress\":\"m\",\"DriverOpts\":{\"o\":\"v\"},\"GwPriority\":1}],"
    "\"Command\":[\"e\",\"c\"]}";

static void test_round_trip(void **state _unused_)
{
    _cleanup_engine_options_ struct engine_options o = {0}, copy = {0};
    _cleanup_buf_ struct buf text = BUF_INIT;
    struct err err;

    assert_ok(json_parse(everything, strlen(everything), &engine_options_type, &o, &err));
    assert_int_equal(*o.host.pids_limit, 0);
    assert_false(*o.host.oom_kill_disable);
    assert_string_equal(o.host.mounts.v[0].volume_options->driver_options[0], "o=v");
    assert_string_equal(o.host.device_requests.v[0].capabilities, "[[\"gpu\"]]");
    assert_ok(json_duplicate(&engine_options_type, &o, &copy, &err));
    json_dump(&engine_options_type, &copy, false, &text);
    assert_string_equal(buf_str(&text), everything);
}

/* What was not given is not written. */
static void test_empty(void **state _unused_)
{
    struct engine_options o = {0};
    _cleanup_buf_ struct buf text = BUF_INIT;

    json_dump(&engine_options_type, &o, false, &text);
    assert_string_equal(buf_str(&text), "{}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_empty),
    };

    return cmocka_run_group_tests_name("oci/engine", tests, NULL, NULL);
}
