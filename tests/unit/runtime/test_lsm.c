#include "forked.h"

#include "runtime/child.h"
#include "runtime/lsm.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/vfs.h>

static struct oci_spec spec = {.process = {.selinux_label = (char *)"a:b:c:d"}};
static const struct runtime_start start = {.spec = &spec};

/* Whether the files for labels are opened, and then are the kernel's. */
static bool opens(void)
{
    struct child c = {.start = &start, .labels = {-1, -1, -1}};
    struct err err = ERR_INIT;
    struct statfs exec, key;

    if (child_labels(&c, NULL, &err) < 0) {
        MUST(err.kind && strstr(err.text, "proc"));
        return false;
    }
    MUST(fstatfs(c.labels.selinux, &exec) == 0 && fstatfs(c.labels.key, &key) == 0);
    MUST(exec.f_type == PROC_SUPER_MAGIC && key.f_type == PROC_SUPER_MAGIC && c.labels.apparmor == -1);
    return true;
}

static void own_mounts(void)
{
    MUST(unshare(CLONE_NEWNS) == 0);
    MUST(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
}

/* An image's: other files in the place of the kernel's. */
static void build_false_proc(void)
{
    own_mounts();
    MUST(mount("tmpfs", "/proc", "tmpfs", 0, NULL) == 0);
    MUST(mkdir("/proc/thread-self", 0755) == 0 && mkdir("/proc/thread-self/attr", 0755) == 0);
    MUST(close(creat("/proc/thread-self/attr/exec", 0666)) == 0);
    MUST(close(creat("/proc/thread-self/attr/keycreate", 0666)) == 0);
}

static void real_proc(bool old)
{
    if (old)
        refuse_call(SYS_fsopen, ENOSYS);
    MUST(opens());
}

/* The program would run without its label (CVE-2019-16884). */
static void false_proc(bool old)
{
    build_false_proc();
    if (old)
        refuse_call(SYS_fsopen, ENOSYS);
    MUST(opens() == !old); /* a new kernel has a procfs that nobody can stand in front of */
}

/* Another file of the kernel's would be written to (CVE-2025-52881). */
static void covered_file(bool old)
{
    char path[64];

    own_mounts();
    snprintf(path, sizeof(path), "/proc/%d/task/%d/attr/exec", getpid(), getpid());
    MUST(mount("/proc/self/oom_score_adj", path, NULL, MS_BIND, NULL) == 0);
    if (old)
        refuse_call(SYS_fsopen, ENOSYS);
    MUST(opens() == !old);
}

static void test_files_are_the_kernels(void **state _unused_)
{
    if (geteuid() != 0 || access("/proc/self/attr/exec", F_OK) < 0) {
        print_message("no root, or a kernel without security modules\n");
        skip();
    }
    for (int old = 0; old < 2; old++) {
        assert_child(real_proc(old));
        assert_child(false_proc(old));
        assert_child(covered_file(old));
    }
}

/* Where it waits to be started, all descriptors are closed: those for labels as well, and written to before. */
static void labels_at_the_gate(void)
{
    const struct gate gate = GATE_NONE;
    const struct runtime_start waits = {.spec = &spec, .gate = &gate};
    struct child c = {.start = &waits, .labels = {-1, -1, -1}};
    int sync[2], label[2];
    int32_t pid = 1;
    char text[32] = "";

    MUST(frame_pair(sync) == 0 && pipe(label) == 0 && dup2(label[0], STDIN_FILENO) == STDIN_FILENO);
    MUST(fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK) == 0);
    MUST(frame_send(sync[0], CHILD_GO_ON, &pid, sizeof(pid), NULL, 0) == 0);
    c.sync = sync[1];
    c.labels.selinux = label[1];
    MUST(child_gate(&c, NULL, NULL) < 0); /* nobody can come to this gate */
    MUST(c.labels.selinux == -1 && read(STDIN_FILENO, text, sizeof(text) - 1) > 0);
    MUST(strcmp(text, spec.process.selinux_label) == 0);
}

static void test_labels_at_the_gate(void **state _unused_)
{
    assert_child(labels_at_the_gate());
}

static void test_hosts_without(void **state _unused_)
{
    const struct oci_process apparmor = {.apparmor_profile = (char *)"mine"}, neither = {.selinux_label = (char *)""};
    struct err err;

    assert_ok(lsm_check(&neither, &err));
    if (access("/sys/module/apparmor", F_OK) < 0)
        assert_fails(lsm_check(&apparmor, &err), ERR_UNSUPPORTED, "process.apparmorProfile");
    if (access("/sys/fs/selinux/enforce", F_OK) < 0)
        assert_fails(lsm_check(&spec.process, &err), ERR_UNSUPPORTED, "process.selinuxLabel");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_are_the_kernels),
        cmocka_unit_test(test_labels_at_the_gate),
        cmocka_unit_test(test_hosts_without),
    };

    return cmocka_run_group_tests_name("runtime/lsm", tests, NULL, NULL);
}
