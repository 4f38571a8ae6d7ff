#include "../unit.h"

#include "oci/spec.h"
#include "runtime/cgroup_internal.h"

/* ---- hosts ---- */

static const char hybrid_text[] = "4:memory:/process/x\n3:cpuset:/\n2:cpu,cpuacct:/\n8:pids:/\n7:blkio:/\n5:devices:/\n"
                                  "0::/\n";

static struct cgroup_host host_of(const char *text, const char *v2_controllers)
{
    struct cgroup_host host;
    struct err err;

    assert_ok(cgroup_host_parse(&host, text, &err));
    VEC_FOREACH (h, &host.hierarchies) {
        h->base = str_dup("/nowhere");
        if (h->version == 2)
            h->controllers = cgroup_controllers_parse(v2_controllers, 2);
    }
    return host;
}

static struct cgroup_host host_v1(void)
{
    return host_of(hybrid_text, "hugetlb\n");
}

static struct cgroup_host host_v2(void)
{
    return host_of("0::/init.scope\n", "cpuset cpu io memory hugetlb pids rdma misc\n");
}

/* ---- plans as text: "CONTROLLER FILE VALUE" a line ---- */

static char *plan_text(const struct cgroup_plan *plan)
{
    struct buf b = BUF_INIT;

    VEC_FOREACH (s, &plan->settings)
        buf_addf(&b, "%s %s %s\n", cgroup_controller_name(s->controller, 1), s->file, s->value);
    return b.p ? buf_steal(&b) : str_dup("");
}

static void expect_plan(struct cgroup_host host, const struct oci_resources *r, const char *expected)
{
    _cleanup_cgroup_plan_ struct cgroup_plan plan = {0};
    _cleanup_free_ char *text = NULL;
    struct err err;

    assert_ok(cgroup_plan_make(&plan, &host, r, &err));
    text = plan_text(&plan);
    assert_string_equal(text, expected);
    cgroup_host_release(&host);
}

static void expect_refusal(struct cgroup_host host, const struct oci_resources *r, int kind, const char *part)
{
    struct cgroup_plan plan = {0};
    struct err err;

    assert_fails(cgroup_plan_make(&plan, &host, r, &err), kind, part);
    assert_null(plan.settings.v);
    assert_null(plan.devices.v);
    cgroup_host_release(&host);
}

static void test_nothing(_unused_ void **state)
{
    struct oci_resources r = {0};

    expect_plan(host_v1(), &r, "");
    expect_plan(host_v2(), &r, "");
    expect_plan((struct cgroup_host){0}, &r, "");
    expect_plan((struct cgroup_host){0}, NULL, "");
}

static void test_memory(_unused_ void **state)
{
    struct oci_resources r = {.memory = {.limit = 64 << 20, .reservation = 32 << 20, .swap = 128 << 20}};
    struct oci_resources unlimited = {.memory = {.limit = -1, .swap = -1}};
    struct oci_resources no_swap = {.memory = {.limit = 64 << 20, .swap = 64 << 20}};
    struct oci_resources all_swap = {.memory = {.limit = 64 << 20, .swap = -1}};

    expect_plan(host_v1(), &r,
                "memory memory.limit_in_bytes 67108864\nmemory memory.soft_limit_in_bytes 33554432\n"
                "memory memory.memsw.limit_in_bytes 134217728\n");
    expect_plan(host_v2(), &r,
                "memory memory.max 67108864\nmemory memory.low 33554432\nmemory memory.swap.max 67108864\n");
    expect_plan(host_v1(), &unlimited, "memory memory.limit_in_bytes -1\nmemory memory.memsw.limit_in_bytes -1\n");
    expect_plan(host_v2(), &unlimited, "memory memory.max max\nmemory memory.swap.max max\n");
    expect_plan(host_v2(), &no_swap, "memory memory.max 67108864\nmemory memory.swap.max 0\n");
    expect_plan(host_v2(), &all_swap, "memory memory.max 67108864\nmemory memory.swap.max max\n");
}

static void test_memory_refused(_unused_ void **state)
{
    struct oci_resources small = {.memory = {.limit = CGROUP_MEMORY_MIN - 1}};
    struct oci_resources least = {.memory = {.limit = CGROUP_MEMORY_MIN}};
    struct oci_resources swap_alone = {.memory = {.swap = 64 << 20}};
    struct oci_resources less_swap = {.memory = {.limit = 64 << 20, .swap = 32 << 20}};
    struct oci_resources soft = {.memory = {.limit = 64 << 20, .reservation = 65 << 20}};

    expect_refusal(host_v1(), &small, ERR_INVALID, "memory.limit: 6291455 bytes are below the minimum of 6MB");
    expect_plan(host_v2(), &least, "memory memory.max 6291456\n");
    expect_refusal(host_v1(), &swap_alone, ERR_INVALID, "memory.swap: ");
    expect_refusal(host_v2(), &less_swap, ERR_INVALID, "memory.swap: ");
    expect_refusal(host_v2(), &soft, ERR_INVALID, "memory.reservation: ");
}

static void test_cpu(_unused_ void **state)
{
    struct oci_resources half = {.cpu = {.quota = 50000, .period = 100000}};
    struct oci_resources quota = {.cpu = {.quota = 20000}};
    struct oci_resources period = {.cpu = {.period = 50000}};
    struct oci_resources free_again = {.cpu = {.quota = -1, .period = 100000}};

    expect_plan(host_v1(), &half, "cpu cpu.cfs_period_us 100000\ncpu cpu.cfs_quota_us 50000\n");
    expect_plan(host_v2(), &half, "cpu cpu.max 50000 100000\n");
    expect_plan(host_v2(), &quota, "cpu cpu.max 20000 100000\n");
    expect_plan(host_v1(), &period, "cpu cpu.cfs_period_us 50000\n");
    expect_plan(host_v2(), &period, "cpu cpu.max max 50000\n");
    expect_plan(host_v1(), &free_again, "cpu cpu.cfs_period_us 100000\ncpu cpu.cfs_quota_us -1\n");
    expect_plan(host_v2(), &free_again, "cpu cpu.max max 100000\n");
}

static void test_cpu_refused(_unused_ void **state)
{
    struct oci_resources quota = {.cpu = {.quota = 999}};
    struct oci_resources period = {.cpu = {.period = 1000001}};
    struct oci_resources negative = {.cpu = {.period = -1}};
    struct oci_resources shares = {.cpu = {.shares = 1}};
    struct oci_resources many = {.cpu = {.shares = 262145}};

    expect_refusal(host_v1(), &quota, ERR_INVALID, "cpu.quota: 999 is not from 1000");
    expect_refusal(host_v2(), &period, ERR_INVALID, "cpu.period: ");
    expect_refusal(host_v2(), &negative, ERR_INVALID, "cpu.period: ");
    expect_refusal(host_v2(), &shares, ERR_INVALID, "cpu.shares: 1 is not from 2 to 262144");
    expect_refusal(host_v2(), &many, ERR_INVALID, "cpu.shares: ");
}

static long weight_of(int64_t shares)
{
    struct cgroup_host host = host_v2();
    struct oci_resources r = {.cpu = {.shares = shares}};
    struct cgroup_plan plan = {0};
    struct err err;
    long weight;

    assert_ok(cgroup_plan_make(&plan, &host, &r, &err));
    assert_int_equal(plan.settings.n, 1);
    assert_string_equal(plan.settings.v[0].file, "cpu.weight");
    weight = strtol(plan.settings.v[0].value, NULL, 10);
    cgroup_plan_release(&plan);
    cgroup_host_release(&host);
    return weight;
}

static void test_weight(_unused_ void **state)
{
    long last = 0;

    assert_int_equal(weight_of(2), 1);
    assert_int_equal(weight_of(1024), 100); /* the defaults of both */
    assert_int_equal(weight_of(262144), 10000);
    assert_int_equal(weight_of(512), 59);
    assert_int_equal(weight_of(2048), 174);
    for (int64_t shares = 2; shares <= 262144; shares += 1 + shares / 7) {
        long weight = weight_of(shares);

        assert_true(weight >= last && weight >= 1 && weight <= 10000);
        last = weight;
    }
}

static void test_cpus(_unused_ void **state)
{
    int64_t quota, period;
    struct err err;

    assert_ok(cgroup_quota_of_cpus(500000000, 2, &quota, &period, &err));
    assert_int_equal(quota, 50000);
    assert_int_equal(period, 100000);
    assert_ok(cgroup_quota_of_cpus(2000000000, 2, &quota, &period, &err));
    assert_int_equal(quota, 200000);
    assert_ok(cgroup_quota_of_cpus(10000000, 2, &quota, &period, &err));
    assert_int_equal(quota, 1000);
    assert_ok(cgroup_quota_of_cpus(1500000000000, 0, &quota, &period, &err));
    assert_int_equal(quota, 150000000);
    assert_fails(cgroup_quota_of_cpus(9999999, 2, &quota, &period, &err), ERR_INVALID, "0.01 to 2.00");
    assert_fails(cgroup_quota_of_cpus(2000000001, 2, &quota, &period, &err), ERR_INVALID, "0.01 to 2.00");
    assert_fails(cgroup_quota_of_cpus(-1, 0, &quota, &period, &err), ERR_INVALID, "0.01");
    assert_fails(cgroup_quota_of_cpus(INT64_MAX, 0, &quota, &period, &err), ERR_INVALID, "CPUs");
}

static void test_cpuset_and_pids(_unused_ void **state)
{
    struct oci_resources r = {.cpu = {.cpus = (char[]){"0-1"}, .mems = (char[]){"0"}}, .pids = {&(int64_t){20}}};
    struct oci_resources unlimited = {.pids = {&(int64_t){-1}}}, many = {.pids = {&(int64_t){4194305}}};

    expect_plan(host_v1(), &r, "cpuset cpuset.cpus 0-1\ncpuset cpuset.mems 0\npids pids.max 20\n");
    expect_plan(host_v2(), &r, "cpuset cpuset.cpus 0-1\ncpuset cpuset.mems 0\npids pids.max 20\n");
    expect_plan(host_v1(), &unlimited, "pids pids.max max\n");
    expect_refusal(host_v2(), &many, ERR_INVALID, "pids.limit: ");
}

static void test_io(_unused_ void **state)
{
    struct oci_throttle disks[] = {{8, 0, 1048576}, {8, 16, 0}}, bad = {8, -1, 5};
    struct oci_resources r = {.block_io = {.read_bps = {disks, 2, 2}, .write_iops = {disks, 1, 1}}};
    struct oci_resources negative = {.block_io = {.write_bps = {&bad, 1, 1}}};

    expect_plan(host_v1(), &r,
                "blkio blkio.throttle.read_bps_device 8:0 1048576\nblkio blkio.throttle.read_bps_device 8:16 0\n"
                "blkio blkio.throttle.write_iops_device 8:0 1048576\n");
    expect_plan(host_v2(), &r,
                "blkio io.max 8:0 rbps=1048576\nblkio io.max 8:16 rbps=max\nblkio io.max 8:0 wiops=1048576\n");
    expect_refusal(host_v2(), &negative, ERR_INVALID, "blockIO.throttleWriteBpsDevice: ");
}

/* What the host lacks is named, never left out. */
static void test_missing_controller(_unused_ void **state)
{
    struct oci_resources r = {.memory = {.limit = 64 << 20}}, pids = {.pids = {&(int64_t){5}}};

    expect_refusal(host_of("0::/\n", "cpu pids\n"), &r, ERR_UNSUPPORTED,
                   "memory.limit: this host has no memory controller (cgroups: v2)");
    expect_refusal(host_of("1:name=systemd:/\n2:memory:/\n", ""), &pids, ERR_UNSUPPORTED,
                   "pids.limit: this host has no pids controller (cgroups: v1)");
    expect_refusal((struct cgroup_host){0}, &r, ERR_UNSUPPORTED, "none");
    /* On a hybrid host each controller is where it is. */
    r.pids.limit = &(int64_t){5};
    expect_plan(host_of("2:memory:/\n0::/\n", "pids\n"), &r,
                "memory memory.limit_in_bytes 67108864\npids pids.max 5\n");
}

static void test_devices(_unused_ void **state)
{
    int64_t major = 10, minor = 229, wrong = (int64_t)1 << 31;
    struct oci_device_rule rules[] = {{.access = (char[]){"rwm"}},
                                      {true, (char[]){"c"}, &major, &minor, (char[]){"rw"}}};
    struct oci_device_rule bad_type = {.type = (char[]){"x"}}, bad_number = {.major = &wrong};
    struct oci_resources r = {.devices = {rules, 2, 2}};
    struct oci_resources bad[] = {{.devices = {&bad_type, 1, 1}}, {.devices = {&bad_number, 1, 1}}};
    _cleanup_cgroup_plan_ struct cgroup_plan plan = {0};
    struct cgroup_host host = host_v2();
    struct err err;

    expect_plan(
        host_v1(), &r,
        "devices devices.deny a *:* rwm\ndevices devices.allow c 10:229 rw\ndevices devices.allow c *:* m\n"
        "devices devices.allow b *:* m\ndevices devices.allow c 1:3 rwm\ndevices devices.allow c 1:5 rwm\n"
        "devices devices.allow c 1:7 rwm\ndevices devices.allow c 1:8 rwm\ndevices devices.allow c 1:9 rwm\n"
        "devices devices.allow c 5:0 rwm\ndevices devices.allow c 5:2 rwm\ndevices devices.allow c 136:* rwm\n");
    assert_ok(cgroup_plan_make(&plan, &host, &r, &err));
    assert_int_equal(plan.settings.n, 0);
    assert_true(plan.devices.n > 20);
    cgroup_host_release(&host);
    expect_refusal(host_v1(), &bad[0], ERR_INVALID, "devices: type 'x'");
    expect_refusal(host_v2(), &bad[1], ERR_INVALID, "devices: major number 2147483648");
    expect_refusal((struct cgroup_host){0}, &r, ERR_UNSUPPORTED, "devices: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing),     cmocka_unit_test(test_memory),
        cmocka_unit_test(test_cpu),         cmocka_unit_test(test_memory_refused),
        cmocka_unit_test(test_cpu_refused), cmocka_unit_test(test_weight),
        cmocka_unit_test(test_cpus),        cmocka_unit_test(test_cpuset_and_pids),
        cmocka_unit_test(test_io),          cmocka_unit_test(test_missing_controller),
        cmocka_unit_test(test_devices),
    };

    return cmocka_run_group_tests_name("runtime/cgroup_plan", tests, NULL, NULL);
}
