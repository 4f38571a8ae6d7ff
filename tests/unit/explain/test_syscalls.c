#include "../unit.h"

#include "bundle/seccomp.h"
#include "explain/capabilities.h"
#include "explain/syscalls.h"

#include <ctype.h>

static struct oci_seccomp *usual(char *const *more)
{
    static const struct bundle_seccomp_host host = {"amd64", 6, 1};
    _cleanup_strv_ char **names = explain_capability_list(explain_capabilities_usual());

    strv_extend(&names, more);
    return bundle_seccomp_default(&host, names);
}

static void release(struct oci_seccomp *profile)
{
    json_free(&oci_seccomp_type, profile);
    free(profile);
}

static void test_verdicts(void **state)
{
    struct oci_seccomp *profile = usual(NULL);

    (void)state;
    assert_int_equal(explain_syscall_verdict(profile, "read"), EXPLAIN_ALLOWED);
    assert_int_equal(explain_syscall_verdict(profile, "clone"), EXPLAIN_SOMETIMES);
    assert_int_equal(explain_syscall_verdict(profile, "clone3"), EXPLAIN_REFUSED); /* by name, with ENOSYS */
    assert_int_equal(explain_syscall_verdict(profile, "mount"), EXPLAIN_REFUSED);
    release(profile);
}

static bool has_group(const char *call)
{
    for (size_t i = 0; i < explain_n_syscall_groups; i++) {
        _cleanup_strv_ char **names = strv_split(explain_syscall_groups[i].names, ' ');

        if (strv_contains(names, call))
            return true;
    }
    return false;
}

/* Whatever the default profile refuses of what the compiler's kernel has is told of. */
static void test_groups_are_complete(void **state)
{
    struct oci_seccomp *profile = usual(NULL);
    FILE *numbers = fopen("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "re");
    char line[256], call[64];
    int n = 0;

    (void)state;
    if (!numbers) {
        release(profile);
        print_message("no list of system calls\n");
        skip();
    }
    while (fgets(line, sizeof(line), numbers))
        if (sscanf(line, "#define __NR_%63[a-z0-9_]", call) == 1) {
            bool refused = explain_syscall_verdict(profile, call) == EXPLAIN_REFUSED;

            n += refused;
            if (refused != has_group(call) && strcmp(call, "modify_ldt") != 0)
                fail_msg("%s is %s, and in %s group", call, refused ? "refused" : "allowed", refused ? "no" : "a");
        }
    assert_true(n > 50);
    fclose(numbers);
    release(profile);
}

static const struct explain_fact *said(const explain_facts *facts, const char *name)
{
    const struct explain_fact *f = explain_find(facts, name);

    if (!f)
        fail_msg("nothing is said of %s", name);
    return f;
}

static void test_usual(void **state)
{
    _cleanup_explain_facts_ explain_facts facts = {0};
    struct oci_seccomp *profile = usual(NULL);
    const struct explain_fact *group;

    (void)state;
    explain_profile_add(profile, profile, "source", &facts);
    assert_null(explain_find(&facts, "more than usual"));
    assert_string_equal(said(&facts, "sometimes")->text,
                        "clone, personality, socket: with some arguments, and refused with others");
    assert_string_equal(said(&facts, "default")->text, "What the profile does not name fails with EPERM");
    group = said(&said(&facts, "refused")->below, "kexec");
    assert_string_equal(group->text,
                        "stop the host, or start another kernel on it: kexec_load, kexec_file_load, reboot");
    assert_false(group->weak);
    release(profile);
}

static void test_more_than_usual(void **state)
{
    _cleanup_explain_facts_ explain_facts facts = {0};
    struct oci_seccomp *plain = usual(NULL), *profile = usual((char *[]){(char *)"CAP_SYS_BOOT", NULL});
    const struct explain_fact *more;

    (void)state;
    explain_profile_add(profile, plain, "source", &facts);
    more = said(&said(&facts, "more than usual")->below, "kexec");
    assert_string_equal(more->text, "stop the host, or start another kernel on it: reboot");
    assert_true(more->weak);
    assert_string_equal(said(&said(&facts, "refused")->below, "kexec")->text,
                        "stop the host, or start another kernel on it: kexec_load, kexec_file_load");
    release(plain);
    release(profile);
}

/* One that refuses by name, as people write them for a single purpose. */
static void test_refusing(void **state)
{
    static const char text[] =
        "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"],\"syscalls\":["
        "{\"names\":[\"chmod\",\"mount\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":38},"
        "{\"names\":[\"kill\"],\"action\":\"SCMP_ACT_KILL_PROCESS\","
        "\"args\":[{\"index\":1,\"value\":9,\"op\":\"SCMP_CMP_EQ\"}]}]}";
    _cleanup_explain_facts_ explain_facts facts = {0};
    struct oci_seccomp *plain = usual(NULL), profile;
    struct err err;

    (void)state;
    assert_ok(json_parse(text, strlen(text), &oci_seccomp_type, &profile, &err));
    explain_profile_add(&profile, plain, "source", &facts);
    assert_string_equal(said(&facts, "allowed")->text, "All that the profile does not refuse");
    assert_string_equal(said(&facts, "sometimes")->text, "kill: with some arguments, and refused with others");
    assert_string_equal(said(&facts, "default")->text, "What the profile does not name is carried out");
    assert_null(explain_find(&facts, "unknown"));
    assert_string_equal(said(&facts, "flags")->value.items[0].text, "SECCOMP_FILTER_FLAG_LOG");
    assert_string_equal(said(&said(&facts, "refused")->below, "others")->text, "refused by this profile: chmod");
    assert_string_equal(said(&said(&facts, "refused")->below, "mounts")->text,
                        "mount file systems, move mounts and take them away: mount");
    assert_true(said(&said(&facts, "more than usual")->below, "bpf")->weak);
    json_free(&oci_seccomp_type, &profile);
    release(plain);
}

static void test_mode(void **state)
{
    _cleanup_explain_facts_ explain_facts facts = {0};

    (void)state;
    explain_seccomp_mode_add(0, -1, "source", &facts);
    explain_seccomp_mode_add(2, 3, "source", &facts);
    assert_true(facts.v[0].weak);
    assert_string_equal(facts.v[0].text, "none: every system call reaches the kernel");
    assert_null(cli_value_get(&facts.v[0].value, "Filters"));
    assert_false(facts.v[1].weak);
    assert_int_equal(cli_value_get(&facts.v[1].value, "Filters")->number, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdicts), cmocka_unit_test(test_groups_are_complete),
        cmocka_unit_test(test_usual),    cmocka_unit_test(test_more_than_usual),
        cmocka_unit_test(test_refusing), cmocka_unit_test(test_mode),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
