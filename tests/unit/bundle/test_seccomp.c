#include "../unit.h"

#include "bundle/bundle.h"

static const struct bundle_seccomp_host amd64 = {"amd64", 6, 1};

static void forget(struct oci_seccomp *s)
{
    if (s)
        json_free(&oci_seccomp_type, s);
    free(s);
}

/* How many rules with this action and without conditions on arguments have the call. */
static size_t count(const struct oci_seccomp *s, const char *call, const char *action)
{
    size_t n = 0;

    VEC_FOREACH (rule, &s->syscalls)
        n += str_eq(rule->action, action) && rule->args.n == 0 && strv_contains(rule->names, call);
    return n;
}

/* Whether the call is allowed whatever its arguments are. */
static bool allows(const struct bundle_seccomp_host *host, const char *capability, const char *call)
{
    char *caps[] = {(char *)capability, NULL};
    struct oci_seccomp *s = bundle_seccomp_default(host, caps);
    bool found = count(s, call, "SCMP_ACT_ALLOW") > 0;

    forget(s);
    return found;
}

/* moby/profiles, seccomp/default.json. */
static void test_default_follows_capabilities(void **state _unused_)
{
    static const struct {
        const char *capability, *call;
    } cases[] = {
        {"CAP_DAC_READ_SEARCH", "open_by_handle_at"},
        {"CAP_SYS_ADMIN", "mount"},
        {"CAP_SYS_ADMIN", "unshare"},
        {"CAP_SYS_ADMIN", "setns"},
        {"CAP_SYS_ADMIN", "bpf"},
        {"CAP_SYS_ADMIN", "clone"},
        {"CAP_SYS_ADMIN", "clone3"},
        {"CAP_SYS_BOOT", "reboot"},
        {"CAP_SYS_CHROOT", "chroot"},
        {"CAP_SYS_MODULE", "init_module"},
        {"CAP_SYS_PACCT", "acct"},
        {"CAP_SYS_PTRACE", "kcmp"},
        {"CAP_SYS_PTRACE", "process_madvise"},
        {"CAP_SYS_RAWIO", "iopl"},
        {"CAP_SYS_TIME", "clock_settime"},
        {"CAP_SYS_TTY_CONFIG", "vhangup"},
        {"CAP_SYS_NICE", "set_mempolicy"},
        {"CAP_SYSLOG", "syslog"},
        {"CAP_BPF", "bpf"},
        {"CAP_PERFMON", "perf_event_open"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        if (!allows(&amd64, cases[i].capability, cases[i].call))
            fail_msg("%s brings no %s", cases[i].capability, cases[i].call);
        if (allows(&amd64, "CAP_CHOWN", cases[i].call))
            fail_msg("%s is there without %s", cases[i].call, cases[i].capability);
    }
}

static void test_default_follows_the_host(void **state _unused_)
{
    static const struct bundle_seccomp_host old = {"amd64", 4, 7}, next = {"amd64", 4, 8}, arm = {"arm64", 6, 1},
                                            unknown = {"pdp11", 6, 1};
    char *none[] = {NULL};
    struct oci_seccomp *s;

    assert_false(allows(&old, "CAP_CHOWN", "ptrace"));
    assert_true(allows(&next, "CAP_CHOWN", "ptrace"));
    assert_true(allows(&amd64, "CAP_CHOWN", "arch_prctl") && !allows(&arm, "CAP_CHOWN", "arch_prctl"));
    assert_true(allows(&arm, "CAP_CHOWN", "set_tls") && !allows(&amd64, "CAP_CHOWN", "set_tls"));
    s = bundle_seccomp_default(&amd64, none);
    assert_string_equal(s->default_action, "SCMP_ACT_ERRNO");
    assert_int_equal(*s->default_errno_ret, 1);
    assert_int_equal(strv_len(s->architectures), 3);
    assert_string_equal(s->architectures[0], "SCMP_ARCH_X86_64");
    assert_int_equal(count(s, "clone3", "SCMP_ACT_ERRNO"), 1);
    assert_int_equal(count(s, "add_key", "SCMP_ACT_ALLOW"), 0);
    forget(s);
    s = bundle_seccomp_default(&arm, none);
    assert_string_equal(s->architectures[0], "SCMP_ARCH_AARCH64");
    forget(s);
    s = bundle_seccomp_default(&unknown, none);
    assert_null(s->architectures);
    forget(s);
}

static int parse(const char *text, char *const *caps, struct oci_seccomp **ret, struct err *err)
{
    return bundle_seccomp_parse(text, strlen(text), &amd64, caps, ret, err);
}

#define ALLOW "\"action\":\"SCMP_ACT_ALLOW\""

static void test_profile(void **state _unused_)
{
    static const char *const wanted[] = {"a", "c", "d", "e"};
    char *caps[] = {(char *)"CAP_A", (char *)"CAP_B", NULL};
    struct oci_seccomp *s;
    struct err err;

    assert_ok(
        parse("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"archMap\":[{\"architecture\":\"SCMP_ARCH_AARCH64\","
              "\"subArchitectures\":"
              "null},{\"architecture\":\"SCMP_ARCH_X86_64\",\"subArchitectures\":[\"SCMP_ARCH_X86\"]}],\"syscalls\":["
              "{\"names\":[\"a\",\"b\"]," ALLOW
              ",\"args\":[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}],\"comment\":\"\"},"
              "{\"name\":\"c\"," ALLOW ",\"args\":null,\"includes\":{\"caps\":[\"CAP_A\",\"CAP_B\"]}},"
              "{\"name\":\"no\"," ALLOW ",\"includes\":{\"caps\":[\"CAP_A\",\"CAP_C\"]}},"
              "{\"name\":\"no\"," ALLOW ",\"excludes\":{\"caps\":[\"CAP_X\",\"CAP_B\"]}},"
              "{\"name\":\"d\"," ALLOW ",\"excludes\":{\"caps\":[\"CAP_X\"]}},"
              "{\"name\":\"no\"," ALLOW ",\"includes\":{\"arches\":[\"arm64\"]}},"
              "{\"name\":\"e\"," ALLOW ",\"includes\":{\"arches\":[\"arm64\",\"amd64\"],\"minKernel\":\"6.1\"}},"
              "{\"name\":\"no\"," ALLOW ",\"includes\":{\"minKernel\":\"6.2\"}},"
              "{\"name\":\"no\"," ALLOW ",\"excludes\":{\"minKernel\":\"5.9\"}}]}",
              caps, &s, &err));
    assert_int_equal(strv_len(s->architectures), 2);
    assert_string_equal(s->architectures[1], "SCMP_ARCH_X86");
    assert_int_equal(s->syscalls.n, 4);
    assert_int_equal(strv_len(s->syscalls.v[0].names), 2);
    assert_int_equal(s->syscalls.v[0].args.n, 1);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(s->syscalls.v[i].names[0], wanted[i]);
    forget(s);
    assert_ok(parse("{}", caps, &s, &err)); /* says nothing */
    assert_null(s);
}

static void test_refusals(void **state _unused_)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "near end of file"},
        {"[]", "object"},
        {"{\"defaultAction\":7}", "defaultAction: string expected"},
        {"{\"syscalls\":[{\"name\":\"a\"," ALLOW "}]}", "defaultAction: missing"},
        {"{\"defaultAction\":\"X\",\"syscalls\":[{\"name\":\"a\"}]}", "action"},
        {"{\"defaultAction\":\"X\",\"syscalls\":[{" ALLOW "}]}", "syscalls[0]: names: missing"},
        {"{\"defaultAction\":\"X\",\"syscalls\":[{\"name\":\"a\",\"names\":[\"b\"]," ALLOW "}]}",
         "there are names as well"},
        {"{\"defaultAction\":\"X\",\"architectures\":[\"A\"],\"archMap\":[{\"architecture\":\"B\"}]}", "archMap"},
        {"{\"defaultAction\":\"X\",\"syscalls\":[{\"name\":\"a\"," ALLOW ",\"includes\":{\"minKernel\":\"6\"}}]}",
         "\"6\" is not KERNEL.MAJOR"},
        {"{\"defaultAction\":\"X\",\"syscalls\":[{\"name\":\"a\"," ALLOW ",\"excludes\":{\"minKernel\":\"6.1.2\"}}]}",
         "\"6.1.2\" is not"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char *caps[] = {NULL};
        struct oci_seccomp *s;
        struct err err;

        assert_fails(parse(cases[i].text, caps, &s, &err), ERR_INVALID, cases[i].says);
        assert_null(s);
    }
}

static void test_options(void **state _unused_)
{
    char *options[] = {(char *)"no-new-privileges",
                       (char *)"seccomp:unconfined",
                       (char *)"apparmor=mine",
                       (char *)"label=type:t",
                       (char *)"label=level:s0:c1",
                       (char *)"systempaths=unconfined",
                       NULL};
    char *later[] = {(char *)"no-new-privileges:false", (char *)"seccomp=builtin", (char *)"apparmor=unconfined",
                     (char *)"label=disable", NULL};
    static const char *const wrong[] = {
        "",         "magic",       "seccomp",  "seccomp=",         "no-new-privileges=",
        "label=me", "label=type:", "apparmor", "systempaths=bare", "no-new-privileges=1"};
    struct bundle_security s;
    const struct bundle_place place = {.apparmor = "usual"};
    struct oci_spec spec = {0};
    struct err err;

    assert_ok(bundle_parse_security(options, &s, &err));
    assert_true(s.no_new_privileges && s.bare_paths && str_eq(s.seccomp, "unconfined") && str_eq(s.apparmor, "mine"));
    assert_ok(bundle_apply_security(&s, &place, &spec, &err));
    assert_null(spec.platform.seccomp);
    assert_true(spec.process.no_new_privileges);
    assert_string_equal(spec.process.apparmor_profile, "mine");
    assert_string_equal(spec.process.selinux_label, "system_u:system_r:t:s0:c1");
    oci_spec_release(&spec);
    assert_ok(bundle_parse_security(later, &s, &err));
    assert_ok(bundle_apply_security(&s, &place, &spec, &err));
    assert_non_null(spec.platform.seccomp);
    assert_true(!spec.process.no_new_privileges && !spec.process.apparmor_profile && !spec.process.selinux_label);
    oci_spec_release(&spec);
    assert_ok(bundle_parse_security(NULL, &s, &err));
    assert_ok(bundle_apply_security(&s, &place, &spec, &err));
    assert_string_equal(spec.process.apparmor_profile, "usual");
    oci_spec_release(&spec);
    bundle_privileged_security(&s);
    assert_ok(bundle_apply_security(&s, &place, &spec, &err));
    assert_null(spec.process.apparmor_profile);
    oci_spec_release(&spec);
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        char *one[] = {(char *)wrong[i], NULL};

        assert_fails(bundle_parse_security(one, &s, &err), ERR_INVALID, "invalid --security-opt");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default_follows_capabilities),
        cmocka_unit_test(test_default_follows_the_host),
        cmocka_unit_test(test_profile),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_options),
    };

    return cmocka_run_group_tests_name("bundle/seccomp", tests, NULL, NULL);
}
