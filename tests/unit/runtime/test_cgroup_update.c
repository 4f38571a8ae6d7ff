/* Changing limits under a living container, freezing it, and what it consists of. */
#include "cgroup_live.h"

#include "base/strv.h"
#include "sys/fd.h"

#include <inttypes.h>

static int pause_long(void)
{
    pause();
    return 0;
}

static int update(struct cgroup *cg, const struct oci_resources *r, struct err *err)
{
    _cleanup_cgroup_plan_ struct cgroup_plan plan = {0};
    int bad = cgroup_plan_make_update(&plan, &live_host, r, err);

    return bad < 0 ? bad : cgroup_update(cg, &plan, err);
}

static char *read_text(struct cgroup *cg, enum cgroup_controller c, const char *file)
{
    _cleanup_buf_ struct buf text = BUF_INIT;

    assert_int_equal(cgroup_read(cgroup_member_find(cg, c)->fd, file, &text), 0);
    return str_ndup(buf_str(&text), strcspn(buf_str(&text), "\n"));
}

static void expect_file(struct cgroup *cg, enum cgroup_controller c, const char *v1, const char *v2,
                        const char *expected)
{
    _cleanup_free_ char *is = read_text(cg, c, cgroup_member_find(cg, c)->version == 1 ? v1 : v2);

    assert_string_equal(is, expected);
}

/* On v1 memory may never be above memory and swap: up and down, whichever way the plan has them. */
static void test_memory_order(_unused_ void **state)
{
    static const int64_t sizes[] = {32 << 20, 256 << 20, 64 << 20, -1, 16 << 20};
    struct oci_resources r = {0};
    struct cgroup *cg;
    struct err err;

    live_require(1U << CGROUP_MEMORY);
    if (!cgroup_host_limits_swap(&live_host)) {
        print_message("no limits on swap here\n");
        skip();
    }
    cg = live_create(&r);
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        char text[32];

        r.memory.limit = sizes[i];
        r.memory.swap = sizes[i];
        assert_ok(update(cg, &r, &err));
        snprintf(text, sizeof(text), "%" PRId64, sizes[i]);
        if (sizes[i] > 0)
            expect_file(cg, CGROUP_MEMORY, "memory.limit_in_bytes", "memory.max", text);
        if (sizes[i] > 0)
            expect_file(cg, CGROUP_MEMORY, "memory.memsw.limit_in_bytes", "memory.swap.max",
                        cgroup_member_find(cg, CGROUP_MEMORY)->version == 1 ? text : "0");
    }
    live_end(cg);
}

/* The same of quota and burst, and of weight and idleness. */
static void test_cpu_order(_unused_ void **state)
{
    int64_t burst = 40000, less = 10000, idle = 1, busy = 0;
    struct oci_resources large = {.cpu = {.quota = 80000, .period = 100000, .burst = &burst, .shares = 512}};
    struct oci_resources small = {.cpu = {.quota = 20000, .period = 100000, .burst = &less}};
    struct oci_resources at_rest = {.cpu = {.idle = &idle, .shares = 300}},
                         again = {.cpu = {.shares = 512, .idle = &busy}};
    struct cgroup *cg;
    struct err err;

    live_require(1U << CGROUP_CPU);
    cg = live_create(&(struct oci_resources){0});
    for (int i = 0; i < 2; i++) {
        assert_ok(update(cg, &large, &err));
        expect_file(cg, CGROUP_CPU, "cpu.cfs_burst_us", "cpu.max.burst", "40000");
        assert_ok(update(cg, &small, &err));
        expect_file(cg, CGROUP_CPU, "cpu.cfs_burst_us", "cpu.max.burst", "10000");
        assert_ok(update(cg, &at_rest, &err));
        expect_file(cg, CGROUP_CPU, "cpu.idle", "cpu.idle", "1");
        assert_ok(update(cg, &again, &err));
        expect_file(cg, CGROUP_CPU, "cpu.idle", "cpu.idle", "0");
        expect_file(cg, CGROUP_CPU, "cpu.shares", "cpu.weight",
                    cgroup_member_find(cg, CGROUP_CPU)->version == 1 ? "512" : "59");
    }
    live_end(cg);
}

/* All of it or none. */
static void test_taken_back(_unused_ void **state)
{
    struct oci_resources first = {.memory = {.limit = 64 << 20}, .pids = {&(int64_t){20}}};
    struct oci_resources second = {.memory = {.limit = 32 << 20}, .pids = {&(int64_t){10}}, .cpu = {.shares = 300}};
    _cleanup_cgroup_plan_ struct cgroup_plan plan = {0};
    struct cgroup *cg;
    struct err err;

    live_require(1U << CGROUP_MEMORY | 1U << CGROUP_PIDS | 1U << CGROUP_CPU);
    cg = live_create(&first);
    assert_ok(cgroup_plan_make_update(&plan, &live_host, &second, &err));
    *VEC_PUSH(&plan.settings) = (struct cgroup_setting){.controller = CGROUP_PIDS,
                                                        .limit = str_dup("linux.resources.novelty"),
                                                        .file = str_dup("pids.novelty"),
                                                        .value = str_dup("1")};
    assert_fails(cgroup_update(cg, &plan, &err), ERR_UNSUPPORTED, "linux.resources.novelty: ");
    assert_string_equal(err.hint, "");
    expect_file(cg, CGROUP_MEMORY, "memory.limit_in_bytes", "memory.max", "67108864");
    expect_file(cg, CGROUP_PIDS, "pids.max", "pids.max", "20");
    expect_file(cg, CGROUP_CPU, "cpu.shares", "cpu.weight",
                cgroup_member_find(cg, CGROUP_CPU)->version == 1 ? "1024" : "100");
    live_end(cg);
}

/* A rate that there was none of goes away again, and one that there was comes back. */
static void test_rates_taken_back(_unused_ void **state)
{
    struct oci_throttle slow = {7, 0, 1 << 20}, fast = {7, 0, 8 << 20}, other = {7, 1, 1 << 20};
    struct oci_resources first = {.block_io = {.read_bps = {&slow, 1, 1}}};
    struct oci_resources second = {.block_io = {.read_bps = {&fast, 1, 1}, .write_bps = {&other, 1, 1}}};
    _cleanup_cgroup_plan_ struct cgroup_plan plan = {0};
    _cleanup_free_ char *read_rate = NULL, *write_rate = NULL;
    struct cgroup *cg;
    struct err err;
    bool v1;

    live_require(1U << CGROUP_IO);
    if (access("/sys/block/loop1", F_OK) < 0) {
        print_message("no loop devices\n");
        skip();
    }
    cg = live_create(&first);
    v1 = cgroup_member_find(cg, CGROUP_IO)->version == 1;
    assert_ok(cgroup_plan_make_update(&plan, &live_host, &second, &err));
    *VEC_PUSH(&plan.settings) = (struct cgroup_setting){.controller = CGROUP_IO,
                                                        .limit = str_dup("linux.resources.novelty"),
                                                        .file = str_dup("novelty"),
                                                        .value = str_dup("1")};
    assert_fails(cgroup_update(cg, &plan, &err), ERR_UNSUPPORTED, "linux.resources.novelty: ");
    read_rate = read_text(cg, CGROUP_IO, v1 ? "blkio.throttle.read_bps_device" : "io.max");
    write_rate = read_text(cg, CGROUP_IO, v1 ? "blkio.throttle.write_bps_device" : "io.max");
    assert_string_equal(read_rate, v1 ? "7:0 1048576" : "7:0 rbps=1048576 wbps=max riops=max wiops=max");
    assert_string_equal(write_rate, v1 ? "" : read_rate);
    live_end(cg);
}

static int hold_16m(void)
{
    char *p = mem_alloc(16 << 20);

    memset(p, 1, 16 << 20);
    pause();
    return p[5];
}

static uint64_t used(struct cgroup *cg)
{
    _cleanup_free_ char *text =
        read_text(cg, CGROUP_MEMORY,
                  cgroup_member_find(cg, CGROUP_MEMORY)->version == 1 ? "memory.usage_in_bytes" : "memory.current");

    return strtoull(text, NULL, 10);
}

/* Asked to, the runtime refuses what would make the kernel kill; v1's kernel refuses by itself. */
static void test_check_before_update(_unused_ void **state)
{
    struct oci_resources wide = {.memory = {.limit = 64 << 20}};
    struct oci_resources tight = {.memory = {.limit = 8 << 20, .swap = 8 << 20, .check_before_update = true}};
    uint64_t kills = 99;
    struct cgroup *cg;
    struct err err;
    pid_t pid;

    live_require(1U << CGROUP_MEMORY);
    cg = live_create(&wide);
    pid = live_start_inside(cg, hold_16m);
    while (used(cg) < 16 << 20)
        usleep(1000);
    if (!cgroup_host_limits_swap(&live_host))
        tight.memory.swap = 0;
    assert_true(update(cg, &tight, &err) < 0);
    assert_non_null(strstr(err.text, "linux.resources.memory.limit: "));
    expect_file(cg, CGROUP_MEMORY, "memory.limit_in_bytes", "memory.max", "67108864");
    assert_ok(cgroup_oom_kills(cg, &kills, &err));
    assert_int_equal(kills, 0);
    assert_ok(cgroup_kill(cg, &err));
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    live_end(cg);
}

/* ---- freezing ---- */

static char state_of(pid_t pid)
{
    _cleanup_free_ char *path = str_printf("/proc/%d/stat", pid);
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(4096);

    assert_int_equal(fd_read_file(AT_FDCWD, path, &text, NULL), 0);
    return *(strrchr(buf_str(&text), ')') + 2);
}

static int count_forever(void)
{
    while (getppid())
        ;
    return 0;
}

static uint64_t time_used(pid_t pid)
{
    _cleanup_free_ char *path = str_printf("/proc/%d/schedstat", pid);
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(4096);

    assert_int_equal(fd_read_file(AT_FDCWD, path, &text, NULL), 0);
    return strtoull(buf_str(&text), NULL, 10);
}

static void test_freeze(_unused_ void **state)
{
    struct cgroup *cg, *second;
    struct cgroup_plan none = {0};
    uint64_t before;
    bool frozen = true;
    struct err err;
    pid_t pid;

    live_require(1U << CGROUP_FREEZER);
    cg = live_create(&(struct oci_resources){0});
    pid = live_start_inside(cg, count_forever);
    assert_ok(cgroup_is_frozen(cg, &frozen, &err));
    assert_false(frozen);
    assert_ok(cgroup_freeze(cg, true, &err));
    assert_ok(cgroup_is_frozen(cg, &frozen, &err));
    assert_true(frozen);
    before = time_used(pid);
    usleep(30000);
    assert_int_equal(time_used(pid), before);
    assert_ok(cgroup_freeze(cg, true, &err)); /* again */
    assert_ok(cgroup_freeze(cg, false, &err));
    assert_ok(cgroup_is_frozen(cg, &frozen, &err));
    assert_false(frozen);
    assert_int_equal(state_of(pid), 'R');
    /* Killed while it is frozen. */
    assert_ok(cgroup_freeze(cg, true, &err));
    assert_ok(cgroup_kill(cg, &err));
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    /* No container starts in one that is. */
    assert_ok(cgroup_freeze(cg, true, &err));
    assert_fails(cgroup_create(&second, &live_host, live_path, &none, &err), ERR_EXISTS, "is frozen");
    live_end(cg);
}

static int fork_now_and_then(void)
{
    while (getppid()) {
        pid_t pid = fork();

        if (pid == 0)
            _exit(0);
        if (pid > 0)
            waitpid(pid, NULL, 0);
    }
    return 0;
}

static void test_freeze_forking(_unused_ void **state)
{
    struct cgroup *cg;
    struct err err;
    pid_t pid;

    live_require(1U << CGROUP_FREEZER);
    cg = live_create(&(struct oci_resources){0});
    pid = live_start_inside(cg, fork_now_and_then);
    for (int i = 0; i < 5; i++) {
        assert_ok(cgroup_freeze(cg, true, &err));
        assert_ok(cgroup_freeze(cg, false, &err));
    }
    assert_ok(cgroup_kill(cg, &err));
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    live_end(cg);
}

/* A frozen cgroup above is not its own doing. */
static void test_frozen_from_above(_unused_ void **state)
{
    _cleanup_free_ char *parent_path = NULL; /* skip() would leak it */
    struct cgroup *cg, *parent;
    bool frozen = true;
    struct err err;

    live_require(1U << CGROUP_FREEZER);
    parent_path = str_ndup(live_path, strlen(live_path) - strlen("/container"));
    cg = live_create(&(struct oci_resources){0});
    assert_ok(cgroup_open(&parent, &live_host, parent_path, &err));
    assert_ok(cgroup_freeze(parent, true, &err));
    assert_ok(cgroup_is_frozen(cg, &frozen, &err));
    assert_false(frozen);
    assert_ok(cgroup_freeze(parent, false, &err));
    cgroup_free(parent);
    live_end(cg);
}

/* ---- its processes ---- */

static void test_pids(_unused_ void **state)
{
    cgroup_pid_list pids = {0};
    struct cgroup *cg;
    pid_t started[3];
    struct err err;

    live_require(0);
    cg = live_create(&(struct oci_resources){0});
    assert_ok(cgroup_pids(cg, &pids, &err));
    assert_int_equal(pids.n, 0);
    for (size_t i = 0; i < ARRAY_SIZE(started); i++)
        started[i] = live_start_inside(cg, pause_long);
    /* One of them below. */
    VEC_FOREACH (m, &cg->members) {
        _cleanup_free_ char *pid = str_printf("%d", started[2]);

        assert_int_equal(mkdirat(m->fd, "below", 0755), 0);
        m->driver->init_dir(0, m->dir);
        if (!(m->controllers & 1U << CGROUP_CPUSET) || m->version == 2)
            assert_int_equal(fd_write_text(m->fd, "below/cgroup.procs", pid), 0);
    }
    assert_ok(cgroup_pids(cg, &pids, &err));
    assert_int_equal(pids.n, 3);
    for (size_t i = 0; i < ARRAY_SIZE(started); i++)
        assert_int_equal(pids.v[i], started[i]);
    free(pids.v);
    assert_ok(cgroup_kill(cg, &err));
    for (size_t i = 0; i < ARRAY_SIZE(started); i++)
        assert_int_equal(waitpid(started[i], NULL, 0), started[i]);
    live_end(cg);
}

/* ---- where it is ---- */

static void test_path_of(_unused_ void **state)
{
    static const char *const paths[][2] = {
        {NULL, "/cbox/id"},   {"", "/cbox/id"},         {"/a/b", "/a/b"},
        {"a/b", "/cbox/a/b"}, {"/a//b/./c/", "/a/b/c"}, {"system.slice:cbox:id", "/cbox/system.slice:cbox:id"},
    };
    static const char *const bad[] = {"/", ".", "//", "/..", "..", "/a/../b", "../x", "x/.."};
    struct err err;

    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        _cleanup_free_ char *path = NULL;

        assert_ok(cgroup_path_of(paths[i][0], "/cbox", "id", &path, &err));
        assert_string_equal(path, paths[i][1]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        char *path = NULL;

        assert_fails(cgroup_path_of(bad[i], "/cbox", "id", &path, &err), ERR_INVALID, "linux.cgroupsPath: ");
    }
}

/* What a failed creation made goes again, and nothing else. */
static void test_nothing_left(_unused_ void **state)
{
    struct oci_resources bad = {.cpu = {.cpus = (char[]){"nonsense"}}};
    _cleanup_cgroup_plan_ struct cgroup_plan plan = {0};
    _cleanup_free_ char *deep = NULL, *above = NULL;
    struct cgroup *cg, *none;
    struct err err;

    live_require(1U << CGROUP_CPUSET);
    cg = live_create(&(struct oci_resources){0});
    deep = str_printf("%s/a/b", live_path);
    above = str_printf("%s/a", live_path);
    assert_ok(cgroup_plan_make(&plan, &live_host, &bad, &err));
    assert_true(cgroup_create(&none, &live_host, deep, &plan, &err) < 0);
    assert_non_null(strstr(err.text, "linux.resources.cpu.cpus: "));
    assert_fails(cgroup_open(&none, &live_host, above, &err), ERR_NOT_FOUND, above);
    assert_true(cgroup_create(&none, &live_host, live_path, &plan, &err) < 0);
    assert_ok(cgroup_open(&none, &live_host, live_path, &err)); /* it was there before */
    cgroup_free(none);
    live_end(cg);
}

static void test_threaded(_unused_ void **state)
{
    _cleanup_free_ char *below = NULL; /* skip() would leak it */
    struct cgroup_plan none = {0};
    struct cgroup *cg, *second;
    const struct cgroup_member *m;
    struct err err;

    live_require(0);
    cg = live_create(&(struct oci_resources){0});
    m = cgroup_member_find(cg, CGROUP_CORE);
    if (!m) {
        cgroup_remove(cg, &err);
        cgroup_free(cg);
        print_message("no v2 hierarchy\n");
        skip();
    }
    /* On v2 alone the memory controller above forbids it. */
    if (fd_write_text(m->fd, "cgroup.type", "threaded") < 0) {
        cgroup_remove(cg, &err);
        cgroup_free(cg);
        print_message("no threaded cgroup here\n");
        skip();
    }
    below = str_printf("%s/below", live_path);
    assert_fails(cgroup_create(&second, &live_host, below, &none, &err), ERR_UNSUPPORTED, "a threaded cgroup");
    assert_fails(cgroup_open(&second, &live_host, below, &err), ERR_NOT_FOUND, below);
    live_end(cg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_order),
        cmocka_unit_test(test_cpu_order),
        cmocka_unit_test(test_taken_back),
        cmocka_unit_test(test_rates_taken_back),
        cmocka_unit_test(test_check_before_update),
        cmocka_unit_test(test_freeze),
        cmocka_unit_test(test_freeze_forking),
        cmocka_unit_test(test_frozen_from_above),
        cmocka_unit_test(test_pids),
        cmocka_unit_test(test_path_of),
        cmocka_unit_test(test_nothing_left),
        cmocka_unit_test(test_threaded),
    };

    return cmocka_run_group_tests_name("runtime/cgroup_update", tests, live_setup, live_teardown);
}
