/* Real workloads run into real limits. */
#include "cgroup_live.h"

#include "sys/fd.h"

#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <time.h>

static int touch_64m(void)
{
    char *p = mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return 1;
    for (size_t i = 0; i < 64 << 20; i += 4096)
        p[i] = 1;
    return 0;
}

static void test_memory(_unused_ void **state)
{
    struct oci_resources r = {.memory = {.limit = 16 << 20}}, large = {.memory = {.limit = 128 << 20}};
    struct cgroup *cg;
    struct err err;
    uint64_t kills = 99;
    int status;

    live_require(1U << CGROUP_MEMORY);
    if (cgroup_host_limits_swap(&live_host))
        r.memory.swap = r.memory.limit;
    cg = live_create(&r);
    assert_ok(cgroup_oom_kills(cg, &kills, &err));
    assert_int_equal(kills, 0);
    status = live_run(cg, touch_64m);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_ok(cgroup_oom_kills(cg, &kills, &err));
    assert_int_equal(kills, 1);
    live_end(cg);

    cg = live_create(&large);
    assert_int_equal(live_run(cg, touch_64m), 0);
    assert_ok(cgroup_oom_kills(cg, &kills, &err));
    assert_int_equal(kills, 0);
    live_end(cg);
}

/* More CPU time than two of its periods hold. */
static int burn(void)
{
    struct timespec used = {0};

    while (used.tv_sec == 0 && used.tv_nsec < 50000000)
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return 0;
}

static void test_cpu(_unused_ void **state)
{
    struct oci_resources r = {.cpu = {.shares = 512}};
    _cleanup_buf_ struct buf text = BUF_INIT;
    struct cgroup *cg;
    struct err err;

    live_require(1U << CGROUP_CPU);
    assert_ok(cgroup_quota_of_cpus(100000000, 0, &r.cpu.quota, &r.cpu.period, &err));
    cg = live_create(&r);
    assert_int_equal(live_run(cg, burn), 0);
    assert_int_equal(cgroup_read(cgroup_member_find(cg, CGROUP_CPU)->fd, "cpu.stat", &text), 0);
    assert_true(cgroup_keyed_number(buf_str(&text), "nr_throttled") > 0);
    live_end(cg);
}

/* How many children can be had: 100 where something else than EAGAIN ends it, or nothing does. */
static int count_forks(void)
{
    pid_t children[50];
    int n = 0, result;

    while (n < 50 && (children[n] = fork()) >= 0) {
        if (children[n] == 0) {
            pause();
            _exit(0);
        }
        n++;
    }
    result = n < 50 && errno == EAGAIN ? n : 100;
    while (n-- > 0) {
        kill(children[n], SIGKILL);
        waitpid(children[n], NULL, 0);
    }
    return result;
}

static void test_pids(_unused_ void **state)
{
    struct oci_resources r = {.pids = {&(int64_t){4}}};
    struct cgroup *cg;
    int status;

    live_require(1U << CGROUP_PIDS);
    cg = live_create(&r);
    status = live_run(cg, count_forks);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 3); /* and itself */
    live_end(cg);
}

static int count_cpus(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof(set), &set) < 0 ? 100 : CPU_COUNT(&set);
}

static void test_cpuset(_unused_ void **state)
{
    struct oci_resources one = {.cpu = {.cpus = (char[]){"0"}}}, none = {0};
    struct oci_resources absent = {.cpu = {.cpus = (char[]){"4000"}}};
    _cleanup_cgroup_plan_ struct cgroup_plan plan = {0};
    struct cgroup *cg;
    struct err err;

    live_require(1U << CGROUP_CPUSET);
    cg = live_create(&none);
    assert_int_equal(WEXITSTATUS(live_run(cg, count_cpus)), count_cpus());
    live_end(cg);
    cg = live_create(&one);
    assert_int_equal(WEXITSTATUS(live_run(cg, count_cpus)), 1);
    live_end(cg);

    /* What the kernel does not take is an error, and nothing is left behind. */
    assert_ok(cgroup_plan_make(&plan, &live_host, &absent, &err));
    if (cgroup_create(&cg, &live_host, live_path, &plan, &err) == 0) { /* v2 takes CPUs that may come */
        live_end(cg);
    } else {
        assert_non_null(strstr(err.text, "linux.resources.cpu.cpus: writing '4000' to "));
        assert_int_equal(cgroup_open(&cg, &live_host, live_path, NULL), ERR_NOT_FOUND);
    }
}

/* ---- devices ---- */

static char device_dir[] = "/tmp/cbox-devices-XXXXXX";

/* Exit status: a bit for each thing that was possible; 64 if one failed for another reason than EPERM. */
enum { NULL_OPENS = 1, KMSG_OPENS = 2, NODE_MADE = 4, NODE_OPENS = 8, ODD = 64 };

static int attempt(int r, int bit)
{
    return r >= 0 ? bit : errno == EPERM ? 0 : ODD;
}

static int try_devices(void)
{
    char node[64];
    int done;

    snprintf(node, sizeof(node), "%s/node", device_dir);
    unlink(node);
    done = attempt(open("/dev/null", O_RDWR | O_CLOEXEC), NULL_OPENS);
    done |= attempt(open("/dev/kmsg", O_RDONLY | O_CLOEXEC), KMSG_OPENS);
    done |= attempt(mknod(node, S_IFCHR | 0600, makedev(1, 11)), NODE_MADE);
    if (done & NODE_MADE)
        done |= attempt(open(node, O_RDONLY | O_CLOEXEC), NODE_OPENS);
    unlink(node);
    return done;
}

static int devices_setup(_unused_ void **state)
{
    return mkdtemp(device_dir) ? 0 : -1;
}

static int devices_teardown(_unused_ void **state)
{
    return rmdir(device_dir);
}

static struct cgroup_setting *add_setting(struct cgroup_plan *plan, enum cgroup_controller c, const char *file,
                                          const char *value)
{
    struct cgroup_setting *s = VEC_PUSH(&plan->settings);

    *s = (struct cgroup_setting){
        .controller = c, .limit = str_dup(file), .file = str_dup(file), .value = str_dup(value)};
    return s;
}

/* Everything is refused, even what a plan lets every container have. */
static void refuse_all(struct cgroup *cg)
{
    const struct device_rule nothing = {false, 'a', DEVICE_ANY, DEVICE_ANY, DEVICE_ALL};
    const struct cgroup_hierarchy *h = cgroup_host_find(&live_host, CGROUP_DEVICES);
    _cleanup_cgroup_plan_ struct cgroup_plan plan = {0};
    device_rules rules = {0};
    struct err err;

    *VEC_PUSH(&rules) = nothing;
    if (h->version == 2)
        assert_ok(device_rules_to_program(&rules, &plan.devices, &err));
    else
        add_setting(&plan, CGROUP_DEVICES, "devices.deny", "a *:* rwm")->check = CGROUP_CHECK_NONE;
    assert_ok(cgroup_apply(cg, &plan, &err));
    free(rules.v);
}

static void test_devices(_unused_ void **state)
{
    int64_t major = 1, minor = 11;
    struct oci_device_rule rules[] = {{0}, {true, (char[]){"c"}, &major, &minor, (char[]){"r"}}};
    struct oci_resources defaults = {.devices = {rules, 1, 1}}, with_kmsg = {.devices = {rules, 2, 2}};
    struct cgroup *cg;
    int status;

    live_require(1U << CGROUP_DEVICES);
    if (try_devices() != (NULL_OPENS | KMSG_OPENS | NODE_MADE | NODE_OPENS)) {
        print_message("devices cannot be made or opened here anyway\n");
        skip();
    }
    cg = live_create(&defaults);
    status = live_run(cg, try_devices);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), NULL_OPENS | NODE_MADE);
    refuse_all(cg);
    assert_int_equal(WEXITSTATUS(live_run(cg, try_devices)), 0);
    live_end(cg);

    cg = live_create(&with_kmsg);
    assert_int_equal(WEXITSTATUS(live_run(cg, try_devices)), NULL_OPENS | KMSG_OPENS | NODE_MADE | NODE_OPENS);
    live_end(cg);
}

/* ---- block I/O ---- */

static bool find_disk(int64_t *ret_major, int64_t *ret_minor)
{
    static const char *const disks[] = {"vda", "sda", "nvme0n1", "ram0", "loop0"};

    for (size_t i = 0; i < ARRAY_SIZE(disks); i++) {
        _cleanup_free_ char *path = str_printf("/sys/block/%s/dev", disks[i]);
        _cleanup_buf_ struct buf text = BUF_INIT;
        long long major, minor;

        if (cgroup_read(AT_FDCWD, path, &text) == 0 && sscanf(buf_str(&text), "%lld:%lld", &major, &minor) == 2) {
            *ret_major = major;
            *ret_minor = minor;
            return true;
        }
    }
    return false;
}

/* Four limits on one device: on v2 all are words of one line. Each is read back when it is written. */
static void test_io(_unused_ void **state)
{
    struct oci_throttle bytes = {.rate = 1 << 20}, operations = {.rate = 100}, none;
    struct oci_resources r = {.block_io = {{&bytes, 1, 1}, {&bytes, 1, 1}, {&operations, 1, 1}, {&operations, 1, 1}}};
    struct oci_resources lifted = {.block_io = {.read_bps = {&none, 1, 1}}};
    _cleanup_cgroup_plan_ struct cgroup_plan plan = {0};
    struct cgroup *cg;
    struct err err;

    live_require(1U << CGROUP_IO);
    if (!find_disk(&bytes.major, &bytes.minor)) {
        print_message("no block device\n");
        skip();
    }
    operations.major = bytes.major;
    operations.minor = bytes.minor;
    none = (struct oci_throttle){bytes.major, bytes.minor, 0};
    cg = live_create(&r);
    assert_ok(cgroup_plan_make(&plan, &live_host, &lifted, &err));
    assert_ok(cgroup_apply(cg, &plan, &err));
    live_end(cg);
}

/* A write that the kernel takes and does not heed is found out. */
static void test_read_back(_unused_ void **state)
{
    _cleanup_cgroup_plan_ struct cgroup_plan plan = {0};
    struct oci_resources none = {0};
    struct cgroup *cg;
    struct err err;

    live_require(1U << CGROUP_PIDS);
    cg = live_create(&none);
    /* A number, but not the text that was written. */
    add_setting(&plan, CGROUP_PIDS, "pids.max", "0005");
    assert_fails(cgroup_apply(cg, &plan, &err), ERR_UNSUPPORTED, "wrote '0005'");
    str_replace(&plan.settings.v[0].value, str_dup("7"));
    assert_ok(cgroup_apply(cg, &plan, &err));
    str_replace(&plan.settings.v[0].file, str_dup("pids.novelty"));
    assert_fails(cgroup_apply(cg, &plan, &err), ERR_UNSUPPORTED, "pids controller has no pids.novelty");
    live_end(cg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_cpu),
        cmocka_unit_test(test_pids),
        cmocka_unit_test(test_cpuset),
        cmocka_unit_test_setup_teardown(test_devices, devices_setup, devices_teardown),
        cmocka_unit_test(test_io),
        cmocka_unit_test(test_read_back),
    };

    return cmocka_run_group_tests_name("runtime/cgroup_limits", tests, live_setup, live_teardown);
}
