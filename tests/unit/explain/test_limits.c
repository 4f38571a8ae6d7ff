#include "../unit.h"

#include "explain/limits.h"
#include "oci/spec.h"
#include "sys/path.h"

/* Files of a cgroup "c" below the working directory, in the hierarchies `dirs`. */
static void put(const char *path, const char *text)
{
    FILE *f;
    char *dir = str_dup(path);

    *strrchr(dir, '/') = 0;
    assert_true(path_mkdirs(AT_FDCWD, dir, 0755) >= 0);
    free(dir);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static char *here(const char *name)
{
    char *cwd = getcwd(NULL, 0), *path = path_join(cwd, name);

    free(cwd);
    return path;
}

static void add_hierarchy(struct cgroup_host *host, int version, unsigned controllers, const char *name)
{
    *VEC_PUSH(&host->hierarchies) = (struct cgroup_hierarchy){.version = version,
                                                              .controllers = controllers,
                                                              .names = str_dup(name),
                                                              .self = str_dup("/"),
                                                              .base = here(name)};
}

/* Each fact as "NAME: TEXT", those below indented. What has a source has one in this directory. */
static char *shown(const explain_facts *facts)
{
    _cleanup_free_ char *dir = here(".");
    struct buf text = BUF_INIT;

    VEC_FOREACH (f, facts) {
        buf_addf(&text, "%s: %s\n", f->name, f->text);
        assert_true(!f->source || (str_after(f->source, dir) && access(f->source, R_OK) == 0));
        VEC_FOREACH (b, &f->below) {
            buf_addf(&text, "  %s: %s\n", b->name, b->text);
            assert_true(!b->source || (str_after(b->source, dir) && access(b->source, R_OK) == 0));
        }
    }
    return buf_steal(&text);
}

static void says(const struct cgroup_host *host, const char *expected)
{
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    _cleanup_stats_ struct stats stats = {0};
    _cleanup_explain_facts_ explain_facts facts = {0};
    struct explain_limits l = {.host = host, .stats = &stats};
    _cleanup_free_ char *text = NULL;
    struct err err;

    assert_ok(cgroup_open(&cg, host, "/c", &err));
    assert_ok(stats_read(cg, 0, &stats, &err));
    l.cg = cg;
    explain_limits_describe(&l, &facts);
    text = shown(&facts);
    assert_string_equal(text, expected);
}

enum {
    ALL = 1 << CGROUP_CPU | 1 << CGROUP_CPUSET | 1 << CGROUP_MEMORY | 1 << CGROUP_PIDS | 1 << CGROUP_IO,
};

static void test_v2(_unused_ void **state)
{
    _cleanup_cgroup_host_ struct cgroup_host host = {0};

    add_hierarchy(&host, 2, ALL, "v2");
    put("v2/c/cpu.max", "50000 100000\n");
    put("v2/c/cpu.weight", "50\n");
    put("v2/c/cpu.stat", "usage_usec 2500000\nuser_usec 2000000\nsystem_usec 500000\nnr_periods 40\nnr_throttled 12\n"
                         "throttled_usec 300000\n");
    put("v2/c/cpuset.cpus", "0-1\n");
    put("v2/c/cpuset.mems", "\n");
    put("v2/c/memory.max", "67108864\n");
    put("v2/c/memory.current", "1048576\n");
    put("v2/c/memory.peak", "2097152\n");
    put("v2/c/memory.low", "33554432\n");
    put("v2/c/memory.stat", "file 0\npgscan 30\npgsteal 20\n");
    put("v2/c/memory.events", "low 0\nhigh 0\nmax 7\noom 2\noom_kill 1\n");
    put("v2/c/memory.swap.max", "0\n");
    put("v2/c/memory.swap.current", "0\n");
    put("v2/c/memory.swap.events", "high 0\nmax 3\nfail 3\n");
    put("v2/c/pids.max", "20\n");
    put("v2/c/pids.current", "4\n");
    put("v2/c/pids.events", "max 5\n");
    put("v2/c/io.max", "8:0 rbps=1048576 wbps=max riops=max wiops=100\n");
    put("v2/c/io.stat", "8:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n8:16 rbytes=1 wbytes=1\n");
    put("v2/c/io.weight", "default 100\n");
    put("v2/c/io.pressure", "some avg10=0.00 avg60=1.50 avg300=0.00 total=250000\nfull avg10=0.00 avg60=0.00 "
                            "avg300=0.00 total=0\n");
    says(&host, "cpu: at most 0.50 CPUs: 50ms of each 100ms; 2.5s of CPU time so far, 2s of it in programs\n"
                "  throttled: in 12 of 40 periods it had to wait, 300ms in all\n"
                "cpu weight: 50, where others have 100: a smaller part where CPUs are short\n"
                "cpus: only CPUs 0-1\n"
                "memory: at most 64MiB; 1MiB used, 2MiB at the most so far\n"
                "  limit hit: 7 times; what could be dropped was dropped\n"
                "  reclaimed: 20 pages taken back for want of memory, of 30 looked at\n"
                "  OOM-killed: 1 time a process was killed for want of memory\n"
                "memory reserved: 32MiB are left to it when the host runs short\n"
                "swap: at most 0B; 0B used\n"
                "  limit hit: 3 times; what could be dropped was dropped\n"
                "processes: at most 20; 4 there, threads included\n"
                "  refused: 5 times one more could not be started\n"
                "io of 8:0: at most 1MiB read a second, 100 writes a second; 4KiB read and 8KiB written so far\n"
                "io weight: 100, where others have 100: an equal part where a device is busy\n"
                "io blocked: 250ms in all some process waited for a device, 1.5% of the last minute\n"
                "no limit: memory nodes: it can take all that the host has, and others lack what it takes\n");
}

static void test_v2_without_limits(_unused_ void **state)
{
    _cleanup_cgroup_host_ struct cgroup_host host = {0};

    add_hierarchy(&host, 2, ALL, "v2");
    put("v2/c/cpu.max", "max 100000\n");
    put("v2/c/cpu.stat", "usage_usec 1000\nuser_usec 1000\n");
    put("v2/c/memory.max", "max\n");
    put("v2/c/memory.current", "4096\n");
    put("v2/c/memory.swap.max", "max\n");
    put("v2/c/memory.low", "0\n");
    put("v2/c/pids.max", "max\n");
    put("v2/c/pids.current", "1\n");
    says(&host,
         "cpu: 1ms of CPU time so far, 1ms of it in programs\n"
         "memory: 4KiB used\n"
         "swap: 0B used\n"
         "processes: 1 there, threads included\n"
         "io: 0B read and 0B written so far\n"
         "no limit: cpu, cpus, memory nodes, memory, swap, processes, io: it can take all that the host has, and "
         "others lack what it takes\n");
}

static void test_v1(_unused_ void **state)
{
    _cleanup_cgroup_host_ struct cgroup_host host = {0};

    add_hierarchy(&host, 1, 1 << CGROUP_CPU | 1 << CGROUP_CPUACCT, "cpu,cpuacct");
    add_hierarchy(&host, 1, 1 << CGROUP_CPUSET, "cpuset");
    add_hierarchy(&host, 1, 1 << CGROUP_MEMORY, "memory");
    add_hierarchy(&host, 1, 1 << CGROUP_PIDS, "pids");
    add_hierarchy(&host, 1, 1 << CGROUP_IO, "blkio");
    put("cpu,cpuacct/c/cpu.cfs_quota_us", "200000\n");
    put("cpu,cpuacct/c/cpu.cfs_period_us", "100000\n");
    put("cpu,cpuacct/c/cpu.shares", "2048\n");
    put("cpu,cpuacct/c/cpu.stat", "nr_periods 3\nnr_throttled 1\nthrottled_time 5000000\n");
    put("cpu,cpuacct/c/cpuacct.usage", "1000000000\n");
    put("cpu,cpuacct/c/cpuacct.stat", "user 50\nsystem 50\n");
    put("cpuset/cpuset.cpus", "0-3\n");
    put("cpuset/cpuset.mems", "0\n");
    put("cpuset/c/cpuset.cpus", "2\n");
    put("cpuset/c/cpuset.mems", "0\n"); /* all that there are */
    put("memory/c/memory.limit_in_bytes", "9223372036854771712\n");
    put("memory/c/memory.failcnt", "2\n");
    put("memory/c/memory.usage_in_bytes", "4096\n");
    put("memory/c/memory.max_usage_in_bytes", "8192\n");
    put("memory/c/memory.soft_limit_in_bytes", "1048576\n");
    put("memory/c/memory.memsw.limit_in_bytes", "16777216\n");
    put("memory/c/memory.memsw.usage_in_bytes", "4096\n");
    put("memory/c/memory.memsw.max_usage_in_bytes", "16777216\n");
    put("memory/c/memory.memsw.failcnt", "0\n");
    put("memory/c/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n");
    put("pids/c/pids.max", "max\n");
    put("pids/c/pids.current", "2\n");
    put("blkio/c/blkio.throttle.read_bps_device", "8:0 2097152\n");
    put("blkio/c/blkio.throttle.write_iops_device", "8:16 50\n");
    put("blkio/c/blkio.throttle.io_service_bytes", "8:0 Read 4096\n8:0 Write 0\nTotal 4096\n");
    put("blkio/c/blkio.throttle.io_serviced", "8:0 Read 1\n8:0 Write 0\nTotal 1\n");
    put("blkio/c/blkio.weight", "500\n");
    says(&host, "cpu: at most 2.00 CPUs: 200ms of each 100ms; 1s of CPU time so far, 500ms of it in programs\n"
                "  throttled: in 1 of 3 periods it had to wait, 5ms in all\n"
                "cpu weight: 2048, where others have 1024: a larger part where CPUs are short\n"
                "cpus: only CPUs 2\n"
                "memory: 4KiB used, 8KiB at the most so far\n"
                "  OOM-killed: 3 times a process was killed for want of memory\n"
                "memory reserved: beyond 1MiB its memory is taken first when the host runs short\n"
                "swap: at most 16MiB of memory and swap together; 4KiB used, 16MiB at the most so far\n"
                "  limit hit: at least once; this kernel does not count how often\n"
                "processes: 2 there, threads included\n"
                "io of 8:0: at most 2MiB read a second; 4KiB read and 0B written so far\n"
                "  held back: cgroup v1 does not count how often\n"
                "io of 8:16: at most 50 writes a second; 0B read and 0B written so far\n"
                "  held back: cgroup v1 does not count how often\n"
                "io weight: 500, where others have 500: an equal part where a device is busy\n"
                "no limit: memory nodes, memory, processes: it can take all that the host has, and others lack what it "
                "takes\n");
}

static void test_v1_counts_how_often_memory_was_short(_unused_ void **state)
{
    _cleanup_cgroup_host_ struct cgroup_host host = {0};

    add_hierarchy(&host, 1, 1 << CGROUP_MEMORY | 1 << CGROUP_PIDS, "memory");
    put("memory/c/memory.limit_in_bytes", "8192\n");
    put("memory/c/pids.current", "1\n");
    put("memory/c/pids.max", "max\n");
    put("memory/c/memory.usage_in_bytes", "4096\n");
    put("memory/c/memory.max_usage_in_bytes", "8192\n");
    put("memory/c/memory.failcnt", "12\n");
    says(&host, "memory: at most 8KiB; 4KiB used, 8KiB at the most so far\n"
                "  limit hit: 12 times; what could be dropped was dropped\n"
                "processes: 1 there, threads included\n"
                "no limit: cpu, processes: it can take all that the host has, and others lack what it takes\n");
}

/* What a start would write is told of one that does not run. */
static void planned(int version, const char *expected)
{
    static const char *const names[] = {NULL, "v1", "v2"};
    _cleanup_cgroup_host_ struct cgroup_host host = {0};
    _cleanup_cgroup_plan_ struct cgroup_plan plan = {0};
    _cleanup_explain_facts_ explain_facts facts = {0};
    struct explain_limits l = {.host = &host, .plan = &plan, .source = NULL};
    struct oci_throttle rate = {8, 0, 1 << 20};
    int64_t pids = 20;
    struct oci_resources r = {.memory = {.limit = 64 << 20, .swap = 96 << 20},
                              .cpu = {.quota = 50000, .period = 100000, .shares = 512, .cpus = (char *)"0"},
                              .pids.limit = &pids,
                              .block_io = {.write_bps = {&rate, 1, 1}}};
    _cleanup_free_ char *text = NULL;
    struct err err;

    add_hierarchy(&host, version, ALL, names[version]);
    assert_ok(cgroup_plan_make(&plan, &host, &r, &err));
    explain_limits_describe(&l, &facts);
    text = shown(&facts);
    assert_string_equal(text, expected);
}

static void test_of_one_that_does_not_run_it_is_what_a_start_would_write(_unused_ void **state)
{
    planned(1, "cpu: at most 0.50 CPUs: 50ms of each 100ms\n"
               "cpu weight: 512, where others have 1024: a smaller part where CPUs are short\n"
               "cpus: only CPUs 0\n"
               "memory: at most 64MiB\n"
               "swap: at most 96MiB of memory and swap together\n"
               "processes: at most 20\n"
               "io of 8:0: at most 1MiB written a second\n"
               "no limit: memory nodes: it can take all that the host has, and others lack what it takes\n");
    planned(2, "cpu: at most 0.50 CPUs: 50ms of each 100ms\n"
               "cpu weight: 59, where others have 100: a smaller part where CPUs are short\n"
               "cpus: only CPUs 0\n"
               "memory: at most 64MiB\n"
               "swap: at most 32MiB\n"
               "processes: at most 20\n"
               "io of 8:0: at most 1MiB written a second\n"
               "no limit: memory nodes: it can take all that the host has, and others lack what it takes\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_v2, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_v2_without_limits, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_v1, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_v1_counts_how_often_memory_was_short, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_of_one_that_does_not_run_it_is_what_a_start_would_write, scratch_setup,
                                        scratch_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
