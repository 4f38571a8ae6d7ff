#include "forked.h"

#include "runtime/attributes.h"
#include "runtime/child.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/personality.h>

static void test_sets(void **state _unused_)
{
    static const struct {
        const char *list;
        unsigned n;
        unsigned long first; /* word */
    } cases[] = {
        {"0", 1, 1}, {"0-3,7", 5, 0x8f}, {"1,1,0-1", 2, 3}, {"63", 1, 1UL << 63}, {"64-127", 64, 0}, {"8191", 1, 0},
    };
    static const char *const wrong[] = {"", ",", "1,", "a", "3-1", "1-", "-1", "8192", "0-8192", "1 2", "1--2"};
    struct attribute_set s;
    struct err err;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_ok(attribute_set_parse(cases[i].list, "x", &s, &err));
        assert_int_equal(s.n, cases[i].n);
        assert_true(s.bits[0] == cases[i].first);
    }
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        assert_fails(attribute_set_parse(wrong[i], "a.b", &s, &err), ERR_INVALID, "a.b: ");
}

static void test_words(void **state _unused_)
{
    char *flags[] = {(char *)"SCHED_FLAG_RESET_ON_FORK", (char *)"SCHED_FLAG_UTIL_CLAMP_MAX", NULL};
    char *memory[] = {(char *)"MPOL_F_STATIC_NODES", NULL}, *unknown[] = {(char *)"MAGIC", NULL};
    const struct oci_scheduler fifo = {.policy = (char *)"SCHED_FIFO", .priority = 7, .flags = flags};
    const struct oci_scheduler deadline = {
        .policy = (char *)"SCHED_DEADLINE", .runtime = 1, .deadline = 2, .period = 3};
    const struct oci_io_priority be = {.class = (char *)"IOPRIO_CLASS_BE", .priority = 5};
    const struct oci_memory_policy bind = {.mode = (char *)"MPOL_BIND", .nodes = (char *)"0", .flags = memory};
    const struct oci_personality linux32 = {.domain = (char *)"LINUX32"};
    struct attribute_scheduler s;
    struct attribute_set nodes;
    unsigned long domain;
    struct err err;
    int n;

    assert_ok(attribute_scheduler(&fifo, &s, &err));
    assert_true(s.policy == SCHED_FIFO && s.priority == 7 && s.flags == 0x41 && s.size == 56);
    assert_ok(attribute_scheduler(&deadline, &s, &err));
    assert_true(s.policy == 6 && s.runtime == 1 && s.deadline == 2 && s.period == 3 && s.size == 48);
    assert_ok(attribute_io_priority(&be, &n, &err));
    assert_int_equal(n, 2 << 13 | 5);
    assert_ok(attribute_memory_policy(&bind, &n, &nodes, &err));
    assert_true(n == (2 | 1 << 15) && nodes.n == 1);
    assert_ok(attribute_personality(&linux32, &domain, &err));
    assert_int_equal(domain, PER_LINUX32);
    assert_fails(attribute_scheduler(&(struct oci_scheduler){.policy = (char *)"X"}, &s, &err), ERR_INVALID,
                 "process.scheduler.policy");
    assert_fails(attribute_scheduler(&(struct oci_scheduler){.policy = (char *)"SCHED_RR", .flags = unknown}, &s, &err),
                 ERR_INVALID, "process.scheduler.flags");
    assert_fails(attribute_io_priority(&(struct oci_io_priority){.class = (char *)"X"}, &n, &err), ERR_INVALID,
                 "process.ioPriority.class");
    assert_fails(attribute_memory_policy(&(struct oci_memory_policy){.mode = (char *)"X"}, &n, &nodes, &err),
                 ERR_INVALID, "linux.memoryPolicy.mode");
    assert_fails(attribute_personality(&(struct oci_personality){.domain = (char *)"X"}, &domain, &err), ERR_INVALID,
                 "linux.personality.domain");
}

/* ---- the plan ---- */

static size_t find(const struct plan *p, enum plan_op op)
{
    for (size_t i = 0; i < p->steps.n; i++)
        if (p->steps.v[i].op == op)
            return i;
    fail_msg("no step %d", op);
    return 0;
}

static void test_plan(void **state _unused_)
{
    static const char text[] =
        "{\"ociVersion\":\"1.3.0\",\"domainname\":\"d\",\"root\":{\"path\":\"/r\"},\"process\":{\"cwd\":\"/\","
        "\"args\":[\"true\"],\"scheduler\":{\"policy\":\"SCHED_IDLE\"},\"ioPriority\":{\"class\":\"IOPRIO_CLASS_RT\","
        "\"priority\":0},\"apparmorProfile\":\"mine\",\"execCPUAffinity\":{\"initial\":\"0\",\"final\":\"1\"}},"
        "\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"uts\"}],\"personality\":{\"domain\":\"LINUX32\"},"
        "\"memoryPolicy\":{\"mode\":\"MPOL_LOCAL\"},\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":"
        "\"/l\",\"syscalls\":[{\"names\":[\"kill\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}}}";
    _cleanup_spec_ struct oci_spec spec = {0};
    _cleanup_plan_ struct plan p = {0};
    struct cgroup_host host = {0};
    struct runtime_start how = {.spec = &spec, .host = &host};
    size_t i;
    struct err err;

    assert_ok(oci_spec_parse(text, strlen(text), &spec, &err));
    assert_ok(plan_make(&how, &p, &err));
    /* Before anything of the image is there, and while the host's /proc is. */
    assert_true(find(&p, PLAN_LABELS) < find(&p, PLAN_ROOT_DIRECTORY));
    assert_true(find(&p, PLAN_LISTENER) < find(&p, PLAN_ROOT_DIRECTORY));
    /* While there are rights for it. */
    assert_true(find(&p, PLAN_SCHEDULER) < find(&p, PLAN_BOUNDING));
    assert_true(find(&p, PLAN_IO_PRIORITY) < find(&p, PLAN_BOUNDING));
    assert_true(find(&p, PLAN_MEMORY_POLICY) > find(&p, PLAN_CGROUP)); /* whose nodes it is about */
    assert_int_equal(p.steps.v[find(&p, PLAN_PERSONALITY)].number, PER_LINUX32);
    assert_string_equal(p.steps.v[find(&p, PLAN_DOMAINNAME)].source, "d");
    i = find(&p, PLAN_RLIMIT); /* nobody asked for one of files */
    assert_true(p.steps.v[i].flag && p.steps.v[i].hard == 524288 && p.steps.v[i].soft == 1024);
    for (i = 0; i < p.steps.n; i++)
        assert_int_not_equal(p.steps.v[i].op, PLAN_AFFINITY); /* of exec alone */
}

static void test_program_plan(void **state _unused_)
{
    struct oci_cpu_affinity affinity = {(char *)"0", (char *)"1"}, wrong = {(char *)"0", (char *)"x"};
    struct oci_spec spec = {.process = {.exec_cpu_affinity = &affinity}};
    _cleanup_plan_ struct plan p = {0}, q = {0};
    struct err err;

    assert_ok(plan_program_attributes(&spec, &p, &err));
    assert_int_equal(p.steps.n, 3);
    assert_string_equal(p.steps.v[0].source, "0");
    assert_int_equal(p.steps.v[1].op, PLAN_CGROUP);
    assert_string_equal(p.steps.v[2].source, "1");
    spec.process.exec_cpu_affinity = &wrong;
    assert_fails(plan_program_attributes(&spec, &q, &err), ERR_INVALID, "process.execCPUAffinity.final");
}

/* ---- the steps ---- */

static void all_steps(void)
{
    struct oci_scheduler scheduler = {.policy = (char *)"SCHED_BATCH", .nice = 7};
    struct oci_io_priority io = {.class = (char *)"IOPRIO_CLASS_IDLE", .priority = 3};
    struct oci_memory_policy memory = {.mode = (char *)"MPOL_BIND", .nodes = (char *)"0"};
    struct oci_spec spec = {.process = {.scheduler = &scheduler, .io_priority = &io},
                            .platform = {.memory_policy = &memory}};
    struct runtime_start start = {.spec = &spec};
    struct child c = {.start = &start};
    struct plan_step person = {.number = PER_LINUX32}, cpu = {.source = "0"};
    unsigned long nodes[16] = {0};
    cpu_set_t cpus;
    int mode;
    struct err err = ERR_INIT;

    MUST(child_scheduler(&c, NULL, &err) == 0 && sched_getscheduler(0) == SCHED_BATCH);
    errno = 0;
    MUST(syscall(SYS_getpriority, 0, 0) == 20 - 7);
    MUST(child_io_priority(&c, NULL, &err) == 0 && syscall(SYS_ioprio_get, 1, 0) == (3 << 13 | 3));
    MUST(child_personality(&c, &person, &err) == 0 && personality(0xffffffff) == PER_LINUX32);
    MUST(child_affinity(&c, &cpu, &err) == 0);
    MUST(sched_getaffinity(0, sizeof(cpus), &cpus) == 0 && CPU_COUNT(&cpus) == 1 && CPU_ISSET(0, &cpus));
    if (child_memory_policy(&c, NULL, &err) < 0) {
        MUST(strstr(err.text, "Function not implemented")); /* a kernel without NUMA */
        return;
    }
    MUST(syscall(SYS_get_mempolicy, &mode, nodes, 1024, NULL, 0) == 0 && mode == 2 && nodes[0] == 1);
}

static void test_steps(void **state _unused_)
{
    assert_child(all_steps());
}

/* ---- capabilities ---- */

static uint64_t effective(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct d[2];

    MUST(syscall(SYS_capget, &header, d) == 0);
    return d[0].effective | (uint64_t)d[1].effective << 32;
}

/* What was lent for the filter is there until it is settled, and not afterwards. */
static void lend(bool filtered, bool no_new_privileges)
{
    char *names[] = {(char *)"CAP_CHOWN", (char *)"CAP_MAGIC", NULL};
    struct oci_spec spec = {.process = {.no_new_privileges = no_new_privileges,
                                        .capabilities = {.permitted = names, .effective = names, .ambient = names}}};
    struct runtime_start start = {.spec = &spec};
    struct seccomp_filter filter = {0};
    struct child c = {.start = &start, .filter = filtered ? &filter : NULL};
    const uint64_t chown = 1 << CAP_CHOWN, admin = 1 << CAP_SYS_ADMIN;
    struct err err = ERR_INIT;

    MUST(child_capabilities_set(&c, &err) == 0);
    MUST(effective() == (filtered && !no_new_privileges ? chown | admin : chown));
    MUST(child_capabilities_settle(&c, &err) == 0);
    MUST(effective() == chown);
    MUST(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0) == 0); /* it was not inheritable */
}

static void test_capabilities(void **state _unused_)
{
    if (geteuid() != 0) {
        print_message("root has capabilities to give up\n");
        skip();
    }
    assert_child(lend(false, false));
    assert_child(lend(true, false));
    assert_child(lend(true, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sets),         cmocka_unit_test(test_words), cmocka_unit_test(test_plan),
        cmocka_unit_test(test_program_plan), cmocka_unit_test(test_steps), cmocka_unit_test(test_capabilities),
    };

    return cmocka_run_group_tests_name("runtime/attributes", tests, NULL, NULL);
}
