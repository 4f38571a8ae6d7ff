#include "cgroup_plans.h"

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
    expect_refusal(host_v2(), &negative, ERR_INVALID,
                   "linux.resources.blockIO.throttleWriteBpsDevice[0]: 8:-1 is no number of a device");
}

static void test_weight_devices(_unused_ void **state)
{
    struct oci_weight_device both = {8, 0, 500, 300}, plain = {8, 16, 10, 0}, none = {8, 0, 0, 0},
                             heavy = {8, 0, 1001, 0};
    struct oci_resources r = {.block_io = {.weight_devices = {&both, 1, 1}}};
    struct oci_resources p = {.block_io = {.weight_devices = {&plain, 1, 1}}};
    struct oci_resources n = {.block_io = {.weight_devices = {&none, 1, 1}}};
    struct oci_resources h = {.block_io = {.weight_devices = {&heavy, 1, 1}}};

    expect_plan(host_v1(), &r,
                "either blkio blkio.weight_device 8:0 500\nblkio blkio.bfq.weight_device 8:0 500\n"
                "blkio blkio.leaf_weight_device 8:0 300\n");
    expect_plan(host_v2(), &p, "either blkio io.bfq.weight 8:16 10\nblkio io.weight 8:16 1\n");
    expect_refusal(host_v2(), &r, ERR_UNSUPPORTED, "linux.resources.blockIO.weightDevice[0]: leafWeight: cgroup v2");
    expect_refusal(host_v1(), &n, ERR_INVALID, "linux.resources.blockIO.weightDevice[0]: neither weight nor");
    expect_refusal(host_v1(), &h, ERR_INVALID, "linux.resources.blockIO.weightDevice[0]: 1001 is not from 10 to 1000");
}

static void test_hugepages(_unused_ void **state)
{
    char *const bad[] = {(char[]){"2mb"}, (char[]){"MB"}, (char[]){"../2MB"}, (char[]){"2MB/.."}, (char[]){""}, NULL};
    struct oci_hugepage_limit l = {(char[]){"2MB"}, 209715200};
    struct oci_resources r = {.hugepage_limits = {&l, 1, 1}};

    expect_plan(host_of("3:hugetlb:/\n", ""), &r,
                "hugetlb hugetlb.2MB.limit_in_bytes 209715200\nhugetlb hugetlb.2MB.rsvd.limit_in_bytes 209715200\n");
    expect_plan(host_v2(), &r, "hugetlb hugetlb.2MB.max 209715200\nhugetlb hugetlb.2MB.rsvd.max 209715200\n");
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        l.page_size = bad[i];
        expect_refusal(host_v2(), &r, ERR_INVALID, "linux.resources.hugepageLimits[0]: pageSize");
    }
}

static void test_network(_unused_ void **state)
{
    char *const bad[] = {(char[]){"eth0 1"}, (char[]){"sixteen_letters_"}, (char[]){"a/b"}, NULL};
    struct oci_interface_priority p = {(char[]){"eth0"}, 500};
    struct oci_resources r = {.network = {.priorities = {&p, 1, 1}}};

    expect_plan(host_of("3:net_cls,net_prio:/\n", ""), &r, "net_prio net_prio.ifpriomap eth0 500\n");
    expect_refusal(host_v2(), &r, ERR_UNSUPPORTED, "linux.resources.network.priorities[0]: this host has no net_prio");
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        p.name = bad[i];
        expect_refusal(host_v2(), &r, ERR_INVALID, "linux.resources.network.priorities[0]: name");
    }
}

static void test_rdma(_unused_ void **state)
{
    int64_t handles = 3, objects = 10000, many = (int64_t)1 << 32;
    struct oci_rdma d[] = {{(char[]){"mlx5_1"}, &handles, &objects}, {(char[]){"rxe3"}, NULL, &objects}};
    struct oci_rdma none = {(char[]){"rxe3"}, NULL, NULL}, large = {(char[]){"rxe3"}, &many, NULL};
    struct oci_rdma blank = {(char[]){"a b"}, &handles, NULL};
    struct oci_resources r = {.rdma = {d, 2, 2}}, n = {.rdma = {&none, 1, 1}}, l = {.rdma = {&large, 1, 1}};
    struct oci_resources b = {.rdma = {&blank, 1, 1}};

    expect_plan(host_v2(), &r,
                "rdma rdma.max mlx5_1 hca_handle=3 hca_object=10000\nrdma rdma.max rxe3 hca_object=10000\n");
    expect_refusal(host_v2(), &n, ERR_INVALID, "linux.resources.rdma[0]: neither hcaHandles nor hcaObjects");
    expect_refusal(host_v2(), &l, ERR_INVALID, "linux.resources.rdma[0]: 4294967296 is not from 0");
    expect_refusal(host_v2(), &b, ERR_INVALID, "linux.resources.rdma[0]: 'a b' is not the name of a device");
}

static void expect_unified_refusal(struct cgroup_host host, const char *entry, int kind, const char *part)
{
    _cleanup_free_ char *copy = str_dup(entry);
    char *entries[] = {copy, NULL};
    struct oci_resources r = {.unified = entries};

    expect_refusal(host, &r, kind, part);
}

static void test_unified(_unused_ void **state)
{
    static const char *const bad[] = {
        "../memory.max=1", "a/memory.max=1", ".max=1", "memory=1", "=1", "..=1", "memory.m x=1", "",
        "cgroup.procs=1",  "cgroup.kill=1"};
    char *entries[] = {(char[]){"cgroup.max.depth=3"}, (char[]){"hugetlb.1GB.max=1073741824"},
                       (char[]){"io.max=259:0 rbps=2097152 wiops=120\n253:0 rbps=2097152\n"}, (char[]){"new.limit="},
                       NULL};
    char *alone[] = {entries[1], NULL};
    struct oci_resources r = {.unified = entries}, hugetlb = {.unified = alone};

    expect_plan(
        host_v2(), &r,
        "core cgroup.max.depth 3\nhugetlb hugetlb.1GB.max 1073741824\nblkio io.max 259:0 rbps=2097152 wiops=120\n"
        "blkio io.max 253:0 rbps=2097152\ncore new.limit \n");
    /* On a hybrid host as far as its v2 hierarchy goes. */
    expect_plan(host_v1(), &hugetlb, "hugetlb hugetlb.1GB.max 1073741824\n");
    expect_unified_refusal(host_v1(), "memory.high=1", ERR_UNSUPPORTED,
                           "linux.resources.unified: memory.high: this host has no memory controller on cgroup v2");
    expect_unified_refusal(host_of("4:memory:/\n", ""), "cgroup.max.depth=1", ERR_UNSUPPORTED,
                           "cgroup.max.depth: this host has no cgroup v2 (cgroups: v1)");
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        expect_unified_refusal(host_v2(), bad[i], ERR_INVALID, "is not the name of a setting of cgroup v2");
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
    _cleanup_free_ char *text = NULL;
    struct cgroup_host host;
    struct err err;

    host = host_v1();
    assert_ok(cgroup_plan_make(&plan, &host, &r, &err));
    text = plan_text(&plan);
    assert_string_equal(
        text, "devices devices.deny a *:* rwm\ndevices devices.allow c 10:229 rwm\ndevices devices.allow c *:* m\n"
              "devices devices.allow b *:* m\ndevices devices.allow c 1:3 rwm\ndevices devices.allow c 1:5 rwm\n"
              "devices devices.allow c 1:7 rwm\ndevices devices.allow c 1:8 rwm\ndevices devices.allow c 1:9 rwm\n"
              "devices devices.allow c 5:0 rwm\ndevices devices.allow c 5:2 rwm\ndevices devices.allow c 136:* rwm\n"
              "devices devices.allow c 10:200 rwm\n");
    cgroup_plan_release(&plan);
    cgroup_host_release(&host);

    host = host_v2();
    assert_ok(cgroup_plan_make(&plan, &host, &r, &err));
    assert_int_equal(plan.settings.n, 0);
    assert_true(plan.devices.n > 20);
    cgroup_host_release(&host);
    expect_refusal(host_v1(), &bad[0], ERR_INVALID, "linux.resources.devices[0]: type 'x'");
    expect_refusal(host_v2(), &bad[1], ERR_INVALID, "linux.resources.devices[0]: major number 2147483648");
    expect_refusal((struct cgroup_host){0}, &r, ERR_UNSUPPORTED, "linux.resources.devices: ");
}

/* Without a rule of its own a container has what every container has, and no more. An update leaves devices alone. */
static void test_devices_implied(_unused_ void **state)
{
    struct oci_resources none = {0};
    struct cgroup_host host = host_v1(), nowhere = {0};
    struct cgroup_plan plan;
    struct err err;

    assert_ok(cgroup_plan_make(&plan, &host, &none, &err));
    assert_string_equal(plan.settings.v[0].file, "devices.deny");
    assert_string_equal(plan.settings.v[0].value, "a *:* rwm");
    cgroup_plan_release(&plan);
    assert_ok(cgroup_plan_make_update(&plan, &host, &none, &err));
    assert_int_equal(plan.settings.n, 0);
    cgroup_plan_release(&plan);
    assert_ok(cgroup_plan_make(&plan, &nowhere, &none, &err));
    assert_int_equal(plan.settings.n, 0);
    cgroup_plan_release(&plan);
    cgroup_host_release(&host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_io),        cmocka_unit_test(test_weight_devices),
        cmocka_unit_test(test_hugepages), cmocka_unit_test(test_network),
        cmocka_unit_test(test_rdma),      cmocka_unit_test(test_unified),
        cmocka_unit_test(test_devices),   cmocka_unit_test(test_devices_implied),
    };

    return cmocka_run_group_tests_name("runtime/cgroup_lists", tests, NULL, NULL);
}
