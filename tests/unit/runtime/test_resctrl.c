/* config-linux.md, "IntelRdt", on directories that are none of the kernel's. */
#include "../unit.h"

#include "runtime/resctrl.h"
#include "sys/fd.h"

static void expect_file(const char *path, const char *content)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(4096);
    struct err err;

    assert_ok(fd_read_file(AT_FDCWD, path, &text, &err));
    assert_string_equal(buf_str(&text), content);
}

static void make_class(const char *dir, const char *schemata)
{
    _cleanup_free_ char *path = str_printf("%s/schemata", dir);
    FILE *f;

    assert_int_equal(mkdir(dir, 0755), 0);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(schemata, f);
    fclose(f);
}

/* "If closID is not set, runtimes MUST use the container ID and create the directory"; l3CacheSchema first,
 * memBwSchema, schemata last; "the runtime MUST remove the sub-directory". */
static void test_own_class(void **state _unused_)
{
    char *schemata[] = {(char *)"L2:0=f", (char *)"L3:0=7", NULL};
    struct oci_intel_rdt rdt = {
        .l3_cache_schema = (char *)"L3:0=f", .mem_bw_schema = (char *)"MB:0=20", .schemata = schemata};
    struct err err;

    assert_ok(resctrl_enter(".", &rdt, "box", 42, &err));
    expect_file("box/schemata", "L3:0=f\nMB:0=20\nL2:0=f\nL3:0=7\n");
    expect_file("box/tasks", "42\n");
    assert_int_equal(unlink("box/schemata"), 0);
    assert_int_equal(unlink("box/tasks"), 0);
    resctrl_leave(".", &rdt, "box");
    assert_int_equal(access("box", F_OK), -1);
}

/* "If closID is set, and none of ... are set, runtime MUST check if corresponding pre-configured directory closID is
 * present"; "MUST NOT remove". */
static void test_named_class(void **state _unused_)
{
    struct oci_intel_rdt rdt = {.clos_id = (char *)"gold"};
    struct err err;

    assert_fails(resctrl_enter(".", &rdt, "box", 1, &err), ERR_NOT_FOUND, "linux.intelRdt.closID: there is no ./gold");
    assert_int_equal(access("gold", F_OK), -1);
    make_class("gold", "    L3:0=f\n");
    assert_ok(resctrl_enter(".", &rdt, "box", 1, &err));
    expect_file("gold/tasks", "1\n");
    resctrl_leave(".", &rdt, "box");
    assert_int_equal(access("gold", F_OK), 0);
}

/* "if closID directory exists, runtimes MUST compare ... and generate an error if doesn't match"; made where it is not
 * there. */
static void test_named_class_with_shares(void **state _unused_)
{
    struct oci_intel_rdt rdt = {.clos_id = (char *)"gold", .l3_cache_schema = (char *)"L3:0=f"};
    struct err err;

    assert_ok(resctrl_enter(".", &rdt, "box", 1, &err));
    expect_file("gold/schemata", "L3:0=f\n");
    assert_ok(resctrl_enter(".", &rdt, "other", 2, &err));
    expect_file("gold/schemata", "L3:0=f\n");
    rdt.l3_cache_schema = (char *)"L3:0=7";
    assert_fails(resctrl_enter(".", &rdt, "box", 1, &err), ERR_EXISTS, "has no \"L3:0=7\"");
}

/* "As a special case, value / means ... the root"; enableMonitoring: mon_groups/<container-id>. */
static void test_root_class_and_monitoring(void **state _unused_)
{
    struct oci_intel_rdt rdt = {.clos_id = (char *)"/", .enable_monitoring = true};
    struct err err;

    assert_fails(resctrl_enter(".", &rdt, "box", 7, &err), ERR_NOT_FOUND, "linux.intelRdt.enableMonitoring: ");
    assert_int_equal(mkdir("mon_groups", 0755), 0);
    assert_ok(resctrl_enter(".", &rdt, "box", 7, &err));
    expect_file("tasks", "7\n7\n");
    expect_file("mon_groups/box/tasks", "7\n");
    assert_int_equal(unlink("mon_groups/box/tasks"), 0);
    resctrl_leave(".", &rdt, "box");
    assert_int_equal(access("mon_groups/box", F_OK), -1);
}

/* "If no mounted resctrl pseudo-filesystem is available, the runtime MUST generate an error." */
static void test_none(void **state _unused_)
{
    _cleanup_free_ char *root = NULL;
    struct err err;

    if (access("/sys/fs/resctrl/schemata", F_OK) == 0) {
        print_message("skipped: this host has one\n");
        skip();
    }
    assert_fails(resctrl_find(&root, &err), ERR_UNSUPPORTED, "linux.intelRdt: no resctrl");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_own_class),
        scratch_test(test_named_class),
        scratch_test(test_named_class_with_shares),
        scratch_test(test_root_class_and_monitoring),
        cmocka_unit_test(test_none),
    };

    return cmocka_run_group_tests_name("runtime/resctrl", tests, NULL, NULL);
}
