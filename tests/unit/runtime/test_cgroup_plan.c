#include "cgroup_plans.h"

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
    struct oci_resources unlimited = {.memory = {.limit = -1}}; /* and swap with it */
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

/* How little memory is enough is for whoever asks: a program may well run in 512 KiB. */
static void test_memory_small(_unused_ void **state)
{
    struct oci_resources small = {.memory = {.limit = 512 << 10}};
    /* The runtime specification's own example. */
    struct oci_resources soft = {.memory = {.limit = 100000, .reservation = 200000}};

    expect_plan(host_v1(), &small, "memory memory.limit_in_bytes 524288\n");
    expect_plan(host_v2(), &small, "memory memory.max 524288\n");
    expect_plan(host_v2(), &soft, "memory memory.max 100000\nmemory memory.low 200000\n");
}

static void test_memory_refused(_unused_ void **state)
{
    struct oci_resources swap_alone = {.memory = {.swap = 64 << 20}};
    struct oci_resources less_swap = {.memory = {.limit = 64 << 20, .swap = 32 << 20}};
    struct oci_resources negative = {.memory = {.limit = -2}}, wild = {.memory = {.swappiness = &(int64_t){101}}};
    struct oci_resources kernel = {.memory = {.kernel = 1 << 20}}, no_killer = {.memory = {.disable_oom_killer = true}};

    expect_refusal(host_v1(), &swap_alone, ERR_INVALID, "linux.resources.memory.swap: ");
    expect_refusal(host_v2(), &less_swap, ERR_INVALID, "linux.resources.memory.swap: ");
    expect_refusal(host_v2(), &negative, ERR_INVALID, "linux.resources.memory.limit: -2 is neither");
    expect_refusal(host_v1(), &wild, ERR_INVALID, "linux.resources.memory.swappiness: 101 is not from 0 to 100");
    expect_refusal(host_v2(), &kernel, ERR_UNSUPPORTED, "linux.resources.memory.kernel: cgroup v2 has no such limit");
    expect_refusal(host_v2(), &no_killer, ERR_UNSUPPORTED, "linux.resources.memory.disableOOMKiller: cgroup v2");
}

static void test_memory_rest(_unused_ void **state)
{
    int64_t swappiness = 30, unset = -1;
    struct oci_resources r = {.memory = {.kernel = -1,
                                         .kernel_tcp = 1 << 20,
                                         .swappiness = &swappiness,
                                         .disable_oom_killer = true,
                                         .use_hierarchy = true}};
    struct oci_resources on_v2 = {
        .memory = {.kernel = -1, .kernel_tcp = -1, .swappiness = &unset, .use_hierarchy = true}};

    expect_plan(host_v1(), &r,
                "memory memory.kmem.limit_in_bytes -1\nmemory memory.kmem.tcp.limit_in_bytes 1048576\n"
                "memory memory.swappiness 30\nmemory memory.oom_control 1\nmemory memory.use_hierarchy 1\n");
    expect_plan(host_v2(), &on_v2, "");
}

/* What is refused before anything is written, only where that was asked for, and only where the kernel does not do it.
 */
static void test_check_before_update(_unused_ void **state)
{
    struct oci_resources r = {.memory = {.limit = 64 << 20, .check_before_update = true}};

    for (int i = 0; i < 4; i++) {
        struct cgroup_host host = i < 2 ? host_v2() : host_v1();
        struct cgroup_plan plan = {0};
        struct err err;

        r.memory.check_before_update = i % 2;
        assert_ok(cgroup_plan_make_update(&plan, &host, &r, &err));
        if (i == 1)
            assert_string_equal(plan.settings.v[0].usage, "memory.current");
        else
            assert_null(plan.settings.v[0].usage);
        cgroup_plan_release(&plan);
        cgroup_host_release(&host);
    }
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

    expect_refusal(host_v1(), &quota, ERR_INVALID, "linux.resources.cpu.quota: 999 is not from 1000");
    expect_refusal(host_v2(), &period, ERR_INVALID, "cpu.period: ");
    expect_refusal(host_v2(), &negative, ERR_INVALID, "cpu.period: ");
    expect_refusal(host_v2(), &shares, ERR_INVALID, "cpu.shares: 1 is not from 2 to 262144");
    expect_refusal(host_v2(), &many, ERR_INVALID, "cpu.shares: ");
}

static void test_cpu_rest(_unused_ void **state)
{
    int64_t burst = 20000, idle = 1;
    struct oci_resources r = {.cpu = {.quota = 50000, .burst = &burst, .idle = &idle}};
    struct oci_resources realtime = {.cpu = {.realtime_period = 1000000, .realtime_runtime = 950000}};
    struct oci_resources no_realtime = {.cpu = {.realtime_runtime = -1}};
    int64_t much = 50001, odd = 2;
    struct oci_resources too_much = {.cpu = {.quota = 50000, .burst = &much}}, half_idle = {.cpu = {.idle = &odd}};

    expect_plan(host_v1(), &r, "cpu cpu.cfs_quota_us 50000\ncpu cpu.cfs_burst_us 20000\ncpu cpu.idle 1\n");
    expect_plan(host_v2(), &r, "cpu cpu.max 50000 100000\ncpu cpu.max.burst 20000\ncpu cpu.idle 1\n");
    expect_plan(host_v1(), &realtime, "cpu cpu.rt_period_us 1000000\ncpu cpu.rt_runtime_us 950000\n");
    expect_plan(host_v2(), &no_realtime, "");
    expect_refusal(host_v2(), &realtime, ERR_UNSUPPORTED, "linux.resources.cpu.realtimePeriod: cgroup v2");
    expect_refusal(host_v1(), &too_much, ERR_INVALID, "linux.resources.cpu.burst: 50001 µs are more than the quota");
    expect_refusal(host_v1(), &half_idle, ERR_INVALID, "linux.resources.cpu.idle: 2 is not from 0 to 1");
}

static long weight_of(int64_t shares)
{
    struct cgroup_host host = host_v2();
    struct oci_resources r = {.cpu = {.shares = shares}};
    struct cgroup_plan plan = {0};
    struct err err;
    long weight;

    assert_ok(cgroup_plan_make_update(&plan, &host, &r, &err));
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
    struct oci_resources none = {.pids = {&(int64_t){0}}};

    expect_plan(host_v1(), &r, "cpuset cpuset.cpus 0-1\ncpuset cpuset.mems 0\npids pids.max 20\n");
    expect_plan(host_v2(), &r, "cpuset cpuset.cpus 0-1\ncpuset cpuset.mems 0\npids pids.max 20\n");
    expect_plan(host_v1(), &unlimited, "pids pids.max max\n");
    expect_plan(host_v2(), &none, "pids pids.max 1\n"); /* its first process is there, and cannot fork */
    expect_refusal(host_v2(), &many, ERR_INVALID, "pids.limit: ");
}

/* What the host lacks is named, never left out. */
static void test_missing_controller(_unused_ void **state)
{
    struct oci_resources r = {.memory = {.limit = 64 << 20}}, pids = {.pids = {&(int64_t){5}}};

    expect_refusal(host_of("0::/\n", "cpu pids\n"), &r, ERR_UNSUPPORTED,
                   "linux.resources.memory.limit: this host has no memory controller (cgroups: v2)");
    expect_refusal(host_of("1:name=systemd:/\n2:memory:/\n", ""), &pids, ERR_UNSUPPORTED,
                   "linux.resources.pids.limit: this host has no pids controller (cgroups: v1)");
    expect_refusal((struct cgroup_host){0}, &r, ERR_UNSUPPORTED, "none");
    /* On a hybrid host each controller is where it is. */
    r.pids.limit = &(int64_t){5};
    expect_plan(host_of("2:memory:/\n0::/\n", "pids\n"), &r,
                "memory memory.limit_in_bytes 67108864\npids pids.max 5\n");
}

static void test_weights_and_class(_unused_ void **state)
{
    struct oci_resources r = {.block_io = {.weight = 500}}, leaf = {.block_io = {.leaf_weight = 500}};
    struct oci_resources light = {.block_io = {.weight = 9}};
    struct oci_resources class = {.network = {.class_id = &(int64_t){1048577}}};

    expect_plan(host_v1(), &r, "either blkio blkio.weight 500\nblkio blkio.bfq.weight 500\n");
    expect_plan(host_v2(), &r, "either blkio io.bfq.weight 500\nblkio io.weight 4950\n");
    expect_plan(host_v1(), &leaf, "blkio blkio.leaf_weight 500\n");
    expect_refusal(host_v2(), &leaf, ERR_UNSUPPORTED, "linux.resources.blockIO.leafWeight: cgroup v2");
    expect_refusal(host_v2(), &light, ERR_INVALID, "linux.resources.blockIO.weight: 9 is not from 10 to 1000");
    expect_plan(host_of("3:net_cls,net_prio:/\n", ""), &class, "net_cls net_cls.classid 1048577\n");
    expect_refusal(host_v2(), &class, ERR_UNSUPPORTED, "linux.resources.network.classID: this host has no net_cls");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_memory_small),
        cmocka_unit_test(test_memory_refused),
        cmocka_unit_test(test_memory_rest),
        cmocka_unit_test(test_check_before_update),
        cmocka_unit_test(test_cpu),
        cmocka_unit_test(test_cpu_refused),
        cmocka_unit_test(test_cpu_rest),
        cmocka_unit_test(test_weight),
        cmocka_unit_test(test_cpus),
        cmocka_unit_test(test_cpuset_and_pids),
        cmocka_unit_test(test_weights_and_class),
        cmocka_unit_test(test_missing_controller),
    };

    return cmocka_run_group_tests_name("runtime/cgroup_plan", tests, NULL, NULL);
}
