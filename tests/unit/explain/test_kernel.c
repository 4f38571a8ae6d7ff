#include "../unit.h"

#include "explain/devices.h"
#include "explain/kernel.h"

/* A kernel that has these, whatever runs the test. */
static int look(const char *path, struct stat *ret)
{
    static const char *const files[] = {"/proc/kcore", "/proc/keys", "/proc/sysrq-trigger"};
    static const char *const dirs[] = {"/proc",         "/proc/acpi", "/proc/sys",        "/sys",
                                       "/sys/firmware", "/proc/mine", "/sys/kernel/debug"};

    *ret = (struct stat){.st_mode = S_IFREG};
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        if (str_eq(files[i], path))
            return 0;
    ret->st_mode = S_IFDIR;
    for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
        if (str_eq(dirs[i], path))
            return 0;
    return -1;
}

static char *shown(const explain_facts *facts)
{
    struct buf text = BUF_INIT;

    VEC_FOREACH (f, facts)
        VEC_FOREACH (b, &f->below)
            buf_addf(&text, "%s%s %s: %s\n", b->weak ? "! " : "", f->name, b->name, b->text);
    return buf_steal(&text);
}

static void says(const char *mountinfo, const char *expected)
{
    _cleanup_explain_mounts_ explain_mounts mounts = {0};
    _cleanup_explain_facts_ explain_facts facts = {0};
    struct explain_kernel_view v = {&mounts, "/proc/1/mountinfo", look};
    _cleanup_free_ char *text = NULL;

    explain_mounts_parse(mountinfo, &mounts);
    explain_kernel_paths(&v, &facts);
    text = shown(&facts);
    assert_string_equal(text, expected);
}

static const char plain[] = "1 0 0:1 / / rw - overlay overlay rw\n"
                            "2 1 0:2 / /proc rw,nosuid - proc proc rw\n"
                            "3 1 0:3 / /sys ro,nosuid - sysfs sysfs rw\n"
                            "4 3 0:4 / /sys/fs/cgroup rw - tmpfs cgroup rw\n"
                            "5 4 0:5 / /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
                            "6 2 0:6 / /proc/acpi ro - tmpfs tmpfs ro\n"
                            "7 2 0:7 /null /proc/kcore ro - devtmpfs devtmpfs rw\n"
                            "8 2 0:7 /null /proc/keys ro - devtmpfs devtmpfs rw\n"
                            "9 2 0:2 /sys /proc/sys ro - proc proc rw\n"
                            "10 2 0:2 /sysrq-trigger /proc/sysrq-trigger ro - proc proc rw\n"
                            "11 3 0:6 / /sys/firmware ro - tmpfs tmpfs ro\n";

static void test_masked_read_only_writable(_unused_ void **state)
{
    says(
        plain,
        "masked /proc/acpi: an empty directory (tmpfs) lies over batteries, buttons and sleep of the host; writing can "
        "change them\n"
        "masked /proc/kcore: an empty file (/dev/null) lies over all of the host's memory, as a file\n"
        "masked /proc/keys: an empty file (/dev/null) lies over keys that the kernel keeps for users of the host\n"
        "masked /sys/firmware: an empty directory (tmpfs) lies over tables of the firmware, with serial numbers and "
        "boot variables\n"
        "read-only /proc/sys: settings of the kernel, most of them of the whole host\n"
        "read-only /proc/sysrq-trigger: commands to the kernel: one letter restarts the host\n"
        "read-only /sys: devices, drivers and power of the host\n"
        "read-only /sys/fs/cgroup: limits: who can write them gives himself more\n"
        "writable /proc: its processes, and what each may change of itself\n");
}

static void test_what_is_open_is_weak(_unused_ void **state)
{
    says("1 0 0:1 / / rw - overlay overlay rw\n"
         "2 1 0:2 / /proc rw - proc proc rw\n"
         "3 1 0:3 / /sys rw - sysfs sysfs rw\n"
         "4 3 0:4 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
         "5 3 0:9 / /sys/kernel/debug ro - debugfs debugfs rw\n"
         "6 2 0:6 / /proc/mine ro - tmpfs tmpfs ro\n",
         "masked /proc/mine: an empty directory (tmpfs) lies over what the kernel has there\n"
         "read-only /sys/kernel/debug: insides of the kernel that are meant for its developers\n"
         "writable /proc: its processes, and what each may change of itself\n"
         "! writable /proc/acpi: batteries, buttons and sleep of the host; writing can change them\n"
         "! writable /proc/kcore: all of the host's memory, as a file\n"
         "! writable /proc/keys: keys that the kernel keeps for users of the host\n"
         "! writable /proc/sys: settings of the kernel, most of them of the whole host\n"
         "! writable /proc/sysrq-trigger: commands to the kernel: one letter restarts the host\n"
         "! writable /sys: devices, drivers and power of the host\n"
         "! writable /sys/firmware: tables of the firmware, with serial numbers and boot variables\n"
         "! writable /sys/fs/cgroup: limits: who can write them gives himself more\n");
    says("1 0 0:1 / / rw - overlay overlay rw\n", ""); /* nothing of the kernel is mounted at all */
}

static void test_devices(_unused_ void **state)
{
    _cleanup_explain_facts_ explain_facts facts = {0};
    device_rules rules;
    _cleanup_free_ char *text = NULL;

    explain_device_rules_parse("c *:* m\nnonsense\nc 1:3 rwm\nc 4095:1 rw\nc 136:* rwm\nb 4095:* r\n", &rules);
    explain_kernel_devices(&rules, NULL, &facts);
    free(rules.v);
    text = shown(&facts);
    assert_string_equal(text, "devices c *:*: any character device, as a node: make the node\n"
                              "devices c 1:3: null: takes all and gives nothing: read, write, make the node\n"
                              "! devices c 4095:1: device c 4095:1: read, write\n"
                              "devices c 136:*: terminals of its own: read, write, make the node\n"
                              "! devices b 4095:*: every device b 4095: read\n");
}

static void test_all_devices(_unused_ void **state)
{
    _cleanup_explain_facts_ explain_facts facts = {0};
    device_rules rules;

    explain_device_rules_parse("a *:* rwm\n", &rules);
    explain_kernel_devices(&rules, NULL, &facts);
    free(rules.v);
    assert_string_equal(facts.v[0].text, "the filter of its control group refuses nothing");
    assert_true(facts.v[0].below.v[0].weak);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_masked_read_only_writable),
        cmocka_unit_test(test_what_is_open_is_weak),
        cmocka_unit_test(test_devices),
        cmocka_unit_test(test_all_devices),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
