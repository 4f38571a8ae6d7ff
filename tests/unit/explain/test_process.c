#include "../unit.h"

#include "explain/capabilities.h"
#include "explain/processes.h"
#include "explain/rlimits.h"
#include "explain/status.h"
#include "explain/users.h"
#include "runtime/plan.h"

static const char text[] = "Name:\tod\x01: d\n"
                           "Umask:\t0027\n"
                           "PPid:\t41\n"
                           "Uid:\t100000\t101000\t100000\t101000\n"
                           "Gid:\t0\t7\t0\t7\n"
                           "Groups:\t4 24 \n"
                           "NSpid:\t4242\t7\t1\n"
                           "CapInh:\t0000000000000000\n"
                           "CapPrm:\t00000000a80425fb\n"
                           "CapEff:\t0000000000000003\n"
                           "CapBnd:\t000001ffffffffff\n"
                           "CapAmb:\t0000000000000001\n"
                           "NoNewPrivs:\t1\n"
                           "Seccomp:\t2\n"
                           "Seccomp_filters:\t3\n"
                           "nonsense\n";

static void test_status(void **state)
{
    _cleanup_explain_status_ struct explain_status s = {0};

    (void)state;
    explain_status_parse(text, &s);
    assert_string_equal(s.name, "od\x01: d");
    assert_int_equal(s.parent, 41);
    assert_int_equal(s.uid[1], 101000);
    assert_int_equal(s.gid[1], 7);
    assert_int_equal(s.groups.n, 2);
    assert_int_equal(s.groups.v[1], 24);
    assert_int_equal(s.pids.n, 3);
    assert_int_equal(s.pids.v[1], 7);
    assert_int_equal(s.umask, 027);
    assert_true(s.capabilities[EXPLAIN_PERMITTED] == 0xa80425fb);
    assert_true(s.capabilities[EXPLAIN_EFFECTIVE] == 3);
    assert_true(s.capabilities[EXPLAIN_BOUNDING] == 0x1ffffffffff);
    assert_true(s.capabilities[EXPLAIN_AMBIENT] == 1);
    assert_true(s.no_new_privs);
    assert_int_equal(s.seccomp, 2);
    assert_int_equal(s.filters, 3);
}

static void test_status_of_nothing(void **state)
{
    _cleanup_explain_status_ struct explain_status s = {0};

    (void)state;
    explain_status_parse("", &s);
    assert_int_equal(s.uid[1], -1);
    assert_int_equal(s.umask, -1);
    assert_int_equal(s.filters, -1);
    assert_int_equal(s.pids.n, 0);
}

/* Adds "NAME: TEXT" of each, deeper ones behind more dashes. */
static void add_lines(const explain_facts *facts, int depth, struct buf *out)
{
    VEC_FOREACH (f, facts) {
        buf_addf(out, "%.*s%s%s: %s\n", depth, "----", f->weak ? "!" : "", f->name, f->text);
        add_lines(&f->below, depth + 1, out);
    }
}

static void expect(explain_facts *facts, const char *lines)
{
    _cleanup_buf_ struct buf out = BUF_INIT;

    add_lines(facts, 0, &out);
    assert_string_equal(buf_str(&out), lines);
    explain_facts_release(facts);
}

static void test_capabilities(void **state)
{
    struct explain_status s = {.capabilities = {[EXPLAIN_BOUNDING] = 0x3, [EXPLAIN_PERMITTED] = 0x3}};
    explain_facts facts = {0};

    (void)state;
    explain_capabilities_add(&s, 0x7, 0x1, "source", &facts);
    expect(&facts, "effective: 0 of 3: it may nothing that another user may not\n"
                   "permitted: 2 of 3: what it can make count\n"
                   "inheritable: 0 of 3: no program gets any by its marks alone\n"
                   "ambient: 0 of 3: none goes to a program by itself\n"
                   "!bounding: 2 of 3: what no program inside can ever have more of\n"
                   "kept: A program inside that runs as root may\n"
                   "-CAP_CHOWN: change the owner of any file\n"
                   "-!CAP_DAC_OVERRIDE: read, write and execute files whatever their permissions\n"
                   "dropped: Nobody inside may, not even root\n"
                   "-CAP_DAC_READ_SEARCH: read any file and directory, and open files by handle, past every mount\n");
}

/* Each that can be asked for has words, under the kernel's number. */
static void test_capability_words(void **state)
{
    _cleanup_strv_ char **names = plan_capability_names(), **ours = NULL;
    const char *unknown = explain_capability_words("CAP_FLY");

    (void)state;
    STRV_FOREACH (name, names)
        if (str_eq(explain_capability_words(*name), unknown))
            fail_msg("%s has no words", *name);
    ours = explain_capability_list((UINT64_C(1) << strv_len(names)) - 1);
    assert_true(strv_equal(names, ours));
    strv_free(ours);
    ours = explain_capability_list(UINT64_C(1) << 60); /* of a kernel to come */
    assert_string_equal(ours[0], "CAP_60");
    assert_int_equal(__builtin_popcountll(explain_capabilities_usual()), 14);
}

static void add_process(explain_process_list *list, int64_t outside, int64_t parent, int64_t inside,
                        const char *command)
{
    *VEC_PUSH(list) = (struct explain_process){outside, parent, inside, 0, str_dup("root"), str_dup(command)};
}

static void test_tree(void **state)
{
    _cleanup_(explain_processes_release) explain_process_list list = {0};
    explain_facts facts = {0};

    (void)state;
    add_process(&list, 100, 5, 1, "init");
    add_process(&list, 101, 100, 2, "a");
    add_process(&list, 1102, 101, 3, "a1");
    add_process(&list, 103, 100, 4, "b");
    add_process(&list, 104, 103, 5, "b1");
    add_process(&list, 105, 104, 0, "b11");
    add_process(&list, 106, 9, 7, "sh");
    list.v[list.n - 1].by = "exec";
    add_process(&list, 107, 107, 8, "own parent");
    explain_processes_add(&list, 9, 20, "source", &facts);
    assert_string_equal(facts.v[6].source, "/proc/105/status");
    assert_string_equal(facts.v[7].source, "/proc/106/status, /proc/9/status");
    expect(&facts, "count: 9 processes\n"
                   "1: is  100 outside  root  init\n"
                   "2: is  101 outside  root  ├─ a\n"
                   "3: is 1102 outside  root  │  └─ a1\n"
                   "4: is  103 outside  root  └─ b\n"
                   "5: is  104 outside  root     └─ b1\n"
                   "-: is  105 outside  root        └─ b11\n"
                   "7: is  106 outside  root  by exec: sh\n"
                   "more: 2 others are not shown\n");
    explain_processes_add(&list, 8, 2, "source", &facts);
    expect(&facts, "count: 8 processes\n"
                   "1: is  100 outside  root  init\n"
                   "2: is  101 outside  root  ├─ a\n"
                   "more: 6 others are not shown\n");
}

/* A chain of a thousand is no stack of a thousand, nor a line of three thousand columns. */
static void test_deep_tree(void **state)
{
    _cleanup_(explain_processes_release) explain_process_list list = {0};
    _cleanup_explain_facts_ explain_facts facts = {0};

    (void)state;
    for (int64_t i = 1; i <= 1000; i++)
        add_process(&list, i + 1, i, i, "x");
    explain_processes_add(&list, 1000, 50, "source", &facts);
    assert_int_equal(facts.n, 52);
    assert_string_equal(facts.v[50].text, "is   51 outside  root                    └─ x");
    assert_string_equal(facts.v[51].text, "950 others are not shown");
}

static void command(const char *bytes, size_t len, const char *expected)
{
    _cleanup_free_ char *line = explain_command_line(bytes, len, "na\x1bme");

    assert_string_equal(line, expected);
}

static void test_command(void **state)
{
    _cleanup_buf_ struct buf text_buf = BUF_INIT;
    char bytes[1000];

    (void)state;
    command("sleep\0"
            "10",
            9, "sleep 10");
    command("a\0\0\0", 4, "a");
    command("", 0, "[na?me]");
    command("x\x1b[31m\n\xff", 9, "x?[31m??");
    memset(bytes, 'y', sizeof(bytes));
    for (int i = 0; i < EXPLAIN_COMMAND_MAX; i++)
        buf_addc(&text_buf, 'y');
    buf_adds(&text_buf, "…");
    command(bytes, sizeof(bytes), buf_str(&text_buf));
}

static void test_users(void **state)
{
    static const char *const sources[] = {"status", "uid_map", "gid_map"};
    struct explain_status s = {0};
    explain_id_map maps[2];
    explain_facts facts = {0};

    (void)state;
    explain_status_parse(text, &s);
    explain_id_map_parse("         0     100000      65536\n     65536  1000 1\n", &maps[0]);
    explain_id_map_parse("         0          0 4294967295\n", &maps[1]);
    assert_int_equal(explain_id_inside(&maps[0], 99999), -1);
    assert_int_equal(explain_id_inside(&maps[0], 165535), 65535);
    assert_int_equal(explain_id_inside(&maps[0], 165536), -1);
    assert_int_equal(explain_id_inside(&maps[0], 1000), 65536);
    explain_users_add(&s, maps, sources, &facts);
    expect(&facts, "user: 1000 inside is 101000 on the host\n"
                   "group: 7 inside is 7 on the host\n"
                   "groups: 4, 24\n"
                   "user ids: 0-65535 are 100000-165535, 65536-65536 are 1000-1000\n"
                   "group ids: numbers mean the same on the host\n");
    s.uid[1] = 5;
    s.gid[1] = 0;
    s.groups.n = 0;
    explain_users_add(&s, maps, sources, &facts);
    assert_string_equal(facts.v[0].text, "5 on the host, and nobody inside");
    assert_string_equal(facts.v[1].text, "0 (root) inside is 0 (root) on the host");
    assert_string_equal(facts.v[2].text, "no additional ones");
    explain_facts_release(&facts);
    explain_status_release(&s);
    free(maps[0].v);
    free(maps[1].v);
}

static void test_rlimits(void **state)
{
    explain_facts facts = {0};

    (void)state;
    explain_rlimits_add("Limit                     Soft Limit           Hard Limit           Units     \n"
                        "Max cpu time              unlimited            unlimited            seconds   \n"
                        "Max stack size            8388608              unlimited            bytes     \n"
                        "Max open files            1024                 1024                 files     \n"
                        "Max flying objects        1                    2                    ufos      \n",
                        "source", &facts);
    assert_string_equal(cli_value_get(&facts.v[1].value, "Hard")->text, "unlimited");
    assert_int_equal(cli_value_get(&facts.v[2].value, "Soft")->number, 1024);
    expect(&facts, "cpu: seconds of CPU time: no limit\n"
                   "stack: the stack: 8MiB, and no limit where it asks for more\n"
                   "nofile: open files: 1024\n");
}

/* What is in the specification is not yet so. */
static void test_planned_rlimits(void **state)
{
    struct oci_rlimit limits[] = {{(char *)"RLIMIT_NOFILE", 1024, 4096}, {(char *)"RLIMIT_CPU", 7, 7}};
    const struct oci_spec spec = {.process.rlimits = {limits, 2, 2}};
    const struct explain_subject image = {.spec = &spec};
    explain_facts facts = {0};

    (void)state;
    assert_int_equal(explain_rlimits(&image, &facts, NULL), 0);
    expect(&facts, "cpu: seconds of CPU time: 7 after a start\n"
                   "nofile: open files: 1024 after a start, and 4096 where it asks for more\n"
                   "others: the others would be those of whoever starts it\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status),       cmocka_unit_test(test_status_of_nothing),
        cmocka_unit_test(test_capabilities), cmocka_unit_test(test_capability_words),
        cmocka_unit_test(test_tree),         cmocka_unit_test(test_deep_tree),
        cmocka_unit_test(test_command),      cmocka_unit_test(test_users),
        cmocka_unit_test(test_rlimits),      cmocka_unit_test(test_planned_rlimits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
