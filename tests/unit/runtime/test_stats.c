/* Readings of cgroups made of plain files, of either version; and of the host's own. */
#include "cgroup_live.h"

#include "base/strv.h"
#include "runtime/events.h"
#include "runtime/stats.h"
#include "sys/fd.h"

#include <poll.h>
#include <sys/mman.h>

static void put(const char *file, const char *text)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
    close(fd);
}

/* A cgroup whose only member is the directory that we work in. */
static struct cgroup *scratch_cgroup(int version, unsigned controllers)
{
    struct cgroup *cg = mem_zalloc(1, sizeof(*cg));

    cg->path = str_dup("/scratch");
    *VEC_PUSH(&cg->members) = (struct cgroup_member){.version = version,
                                                     .controllers = controllers,
                                                     .dir = getcwd(NULL, 0),
                                                     .fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC),
                                                     .driver = cgroup_driver_of(version)};
    return cg;
}

static const unsigned all = (1U << CGROUP_CONTROLLERS) - 1;

static char *event(const struct cgroup *cg)
{
    _cleanup_stats_ struct stats s = {0};
    struct buf text = BUF_INIT;
    struct err err;

    assert_ok(stats_read(cg, 0, &s, &err));
    stats_event_dump("stats", "box", &s, &text);
    return buf_steal(&text);
}

static void expect_part(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("%s is not in %s", part, text);
}

static void test_v1(_unused_ void **state)
{
    struct cgroup *cg = scratch_cgroup(1, all);
    _cleanup_free_ char *text = NULL;

    put("cgroup.procs", "");
    put("cpuacct.usage", "7405660\n");
    put("cpuacct.usage_percpu", "6463085 942575 \n");
    put("cpuacct.usage_all", "cpu user system\n0 0 8000000\n1 5 0\n");
    put("cpuacct.stat", "user 3\nsystem 1\n");
    put("cpu.stat", "nr_periods 9\nnr_throttled 2\nthrottled_time 1234\n");
    put("cpuset.cpus", "0-1,3\n");
    put("cpuset.mems", "0\n");
    put("cpuset.sched_relax_domain_level", "-1\n");
    put("cpuset.sched_load_balance", "1\n");
    put("memory.stat", "cache 4096\nrss 53248\ntotal_cache 4096\n");
    put("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n");
    put("memory.usage_in_bytes", "303104\n");
    put("memory.max_usage_in_bytes", "2510848\n");
    put("memory.failcnt", "12\n");
    put("memory.limit_in_bytes", "9223372036854771712\n");
    put("pids.current", "4\n");
    put("pids.max", "max\n");
    put("blkio.throttle.io_service_bytes", "8:0 Read 4096\n8:0 Write 0\n8:0 Total 4096\nTotal 4096\n");
    put("blkio.throttle.io_serviced", "8:0 Read 1\n8:0 Total 1\nTotal 1\n");
    text = event(cg);
    expect_part(text, "{\"type\":\"stats\",\"id\":\"box\",\"data\":{\"cpu\":{\"usage\":{\"total\":7405660,"
                      "\"percpu\":[6463085,942575],\"percpu_kernel\":[8000000,0],\"percpu_user\":[0,5],"
                      "\"kernel\":10000000,\"user\":30000000},"
                      "\"throttling\":{\"periods\":9,\"throttledPeriods\":2,\"throttledTime\":1234}},");
    expect_part(text, "\"cpuset\":{\"cpus\":[0,1,3],\"cpu_exclusive\":0,\"mems\":[0],\"mem_hardwall\":0,");
    expect_part(text, "\"sched_load_balance\":1,\"sched_relax_domain_level\":-1}");
    expect_part(text, "\"memory\":{\"cache\":4096,\"usage\":{\"limit\":9223372036854771712,\"usage\":303104,"
                      "\"max\":2510848,\"failcnt\":12},\"swap\":{\"limit\":0,\"failcnt\":0},");
    expect_part(text, "\"raw\":{\"cache\":4096,\"rss\":53248,\"total_cache\":4096}}");
    expect_part(text, "\"pids\":{\"current\":4},");
    expect_part(text, "\"blkio\":{\"ioServiceBytesRecursive\":[{\"major\":8,\"op\":\"Read\",\"value\":4096},"
                      "{\"major\":8,\"op\":\"Write\"},{\"major\":8,\"op\":\"Total\",\"value\":4096}],"
                      "\"ioServicedRecursive\":[{\"major\":8,\"op\":\"Read\",\"value\":1},");
    expect_part(text, "\"hugetlb\":{},\"intel_rdt\":{},\"network_interfaces\":null}}");
    cgroup_free(cg);
}

/* Who counts block I/O: the scheduler's file comes before the throttle's, if it has something. */
static void test_v1_schedulers(_unused_ void **state)
{
    struct cgroup *cg = scratch_cgroup(1, 1U << CGROUP_IO);
    _cleanup_free_ char *first = NULL, *second = NULL;

    put("cgroup.procs", "");
    put("blkio.bfq.io_serviced_recursive", "Total 0\n");
    put("blkio.throttle.io_serviced_recursive", "8:0 Read 1\nTotal 1\n");
    put("blkio.throttle.io_service_bytes_recursive", "8:0 Read 2\nTotal 2\n");
    first = event(cg);
    expect_part(first, "\"ioServicedRecursive\":[{\"major\":8,\"op\":\"Read\",\"value\":1}]");
    put("blkio.bfq.io_serviced_recursive", "8:0 Read 5\nTotal 5\n");
    put("blkio.bfq.sectors_recursive", "8:0 77\n");
    second = event(cg);
    expect_part(second, "\"blkio\":{\"ioServicedRecursive\":[{\"major\":8,\"op\":\"Read\",\"value\":5}],"
                        "\"sectorsRecursive\":[{\"major\":8,\"value\":77}]}");
    cgroup_free(cg);
}

static void test_v2(_unused_ void **state)
{
    struct cgroup *cg = scratch_cgroup(2, all & ~(1U << CGROUP_CPUACCT));
    _cleanup_free_ char *text = NULL;

    put("cpu.stat",
        "usage_usec 1000\nuser_usec 600\nsystem_usec 400\nnr_periods 7\nnr_throttled 2\nthrottled_usec 5\n");
    put("cpu.pressure", "some avg10=1.50 avg60=0.00 avg300=0.25 total=99\nfull avg10=0.00 avg60=0.00 avg300=0.00 "
                        "total=3\n");
    put("memory.stat", "anon 8192\nfile 4096\n");
    put("memory.events", "low 0\noom 1\noom_kill 1\n");
    put("memory.current", "12288\n");
    put("memory.peak", "20480\n");
    put("memory.max", "33554432\n");
    put("memory.swap.current", "4096\n");
    put("memory.swap.max", "max\n");
    put("pids.current", "1\n");
    put("pids.max", "20\n");
    put("io.stat", "8:16 rbytes=1459200 wbytes=0 rios=192 wios=353 dbytes=1 dios=0\n8:0\n");
    put("rdma.current", "mlx4_0 hca_handle=2 hca_object=2000\n");
    put("rdma.max", "mlx4_0 hca_handle=max hca_object=3000\n");
    text = event(cg);
    expect_part(text, "\"cpu\":{\"usage\":{\"total\":1000000,\"kernel\":400000,\"user\":600000},"
                      "\"throttling\":{\"periods\":7,\"throttledPeriods\":2,\"throttledTime\":5000},"
                      "\"psi\":{\"some\":{\"avg10\":1.5,\"avg60\":0,\"avg300\":0.25,\"total\":99},");
    expect_part(text, "\"memory\":{\"cache\":4096,\"usage\":{\"limit\":33554432,\"usage\":12288,\"max\":20480,"
                      "\"failcnt\":0},\"swap\":{\"limit\":18446744073709551615,\"usage\":16384,\"failcnt\":0},");
    expect_part(text, "\"pids\":{\"current\":1,\"limit\":20}");
    expect_part(text, "\"blkio\":{\"ioServiceBytesRecursive\":[{\"major\":8,\"minor\":16,\"op\":\"Read\","
                      "\"value\":1459200},{\"major\":8,\"minor\":16,\"op\":\"Write\"},{\"major\":8,\"minor\":16,"
                      "\"op\":\"Discard\",\"value\":1}],\"ioServicedRecursive\":[");
    expect_part(text, "\"rdma\":{\"mlx4_0\":{\"hcaHandles\":2,\"hcaObjects\":2000,\"hcaHandlesLimit\":4294967295,"
                      "\"hcaObjectsLimit\":3000}}");
    cgroup_free(cg);
}

/* A host without a controller, and a container that is on its way out: nothing, and no error. */
static void test_nothing(_unused_ void **state)
{
    struct cgroup *cg = scratch_cgroup(2, all);
    _cleanup_free_ char *text = event(cg);

    expect_part(text, "\"usage\":{\"kernel\":0,\"user\":0}");
    cgroup_free(cg);
}

static void test_oom_event(_unused_ void **state)
{
    struct buf text = BUF_INIT;

    stats_event_dump("oom", "box", NULL, &text);
    assert_string_equal(buf_str(&text), "{\"type\":\"oom\",\"id\":\"box\"}");
    buf_free(&text);
}

static void test_network(_unused_ void **state)
{
    struct cgroup *cg = scratch_cgroup(2, all);
    _cleanup_stats_ struct stats s = {0};
    bool loopback = false;
    struct err err;

    assert_ok(stats_read(cg, getpid(), &s, &err));
    VEC_FOREACH (i, &s.network)
        loopback |= str_eq(i->name, "lo");
    assert_true(loopback);
    cgroup_free(cg);
}

/* ---- the host's ---- */

static int burn_and_grow(void)
{
    char *p = mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return 1;
    for (size_t i = 0; i < 64 << 20; i += 4096)
        p[i] = 1;
    return 0;
}

static void test_live(_unused_ void **state)
{
    struct oci_resources r = {.memory = {.limit = 16 << 20}, .pids = {&(int64_t){20}}};
    _cleanup_events_ struct events events = {.notice = -1};
    _cleanup_stats_ struct stats s = {0};
    enum events_what what = EVENTS_NONE;
    struct cgroup *cg;
    struct err err;
    int process;
    pid_t pid;

    live_require(1U << CGROUP_MEMORY | 1U << CGROUP_PIDS | 1U << CGROUP_CPU);
    if (cgroup_host_limits_swap(&live_host))
        r.memory.swap = r.memory.limit;
    cg = live_create(&r);
    pid = live_start_inside(cg, pause);
    process = (int)syscall(SYS_pidfd_open, pid, 0);
    assert_ok(events_open(cg, process, &events, &err));
    assert_ok(stats_read(cg, pid, &s, &err));
    assert_int_equal(s.pids.current, 1);
    assert_int_equal(s.pids.limit, 20);
    assert_int_equal(s.memory.usage.limit, 16 << 20);
    assert_true(s.memory.raw.n > 5);
    assert_int_equal(s.memory.oom_kills, 0);
    assert_ok(events_wait(&events, 0, &what, &err));
    assert_int_equal(what, EVENTS_NONE);

    assert_true(WIFSIGNALED(live_run(cg, burn_and_grow)));
    while (what == EVENTS_NONE)
        assert_ok(events_wait(&events, 10000, &what, &err));
    assert_int_equal(what, EVENTS_OOM);
    assert_ok(events_wait(&events, 0, &what, &err));
    assert_int_equal(what, EVENTS_NONE); /* told once */
    stats_release(&s);
    assert_ok(stats_read(cg, pid, &s, &err));
    assert_int_equal(s.memory.oom_kills, 1);
    assert_true(s.cpu.total > 0); /* before, there may have been none to count */

    kill(pid, SIGKILL);
    while (what == EVENTS_NONE)
        assert_ok(events_wait(&events, 10000, &what, &err));
    assert_int_equal(what, EVENTS_END);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    close(process);
    live_end(cg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_v1, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_v1_schedulers, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_v2, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_nothing, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_network, scratch_setup, scratch_teardown),
        cmocka_unit_test(test_oom_event),
        cmocka_unit_test(test_live),
    };

    return cmocka_run_group_tests_name("runtime/stats", tests, live_setup, live_teardown);
}
