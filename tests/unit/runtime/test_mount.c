#include "forked.h"

#include "runtime/mount.h"

#include <sched.h>
#include <sys/mount.h>

static bool writable(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    if (fd >= 0)
        close(fd);
    else
        MUST(errno == EROFS);
    return fd >= 0;
}

/* source/ with a file system mounted on source/below, shown read-only on target/. */
static void bind_read_only(unsigned forgotten)
{
    const struct plan_mount how = {.recursive = true, .set_below = MOUNT_ATTR_RDONLY};
    int target;

    MUST(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) == 0);
    MUST(mkdir("source", 0755) == 0 && mkdir("source/below", 0755) == 0 && mkdir("target", 0755) == 0);
    MUST(mount("tmpfs", "source/below", "tmpfs", 0, NULL) == 0);
    if (forgotten)
        refuse_call(forgotten, ENOSYS);
    target = open("target", O_PATH | O_DIRECTORY | O_CLOEXEC);
    MUST(mount_bind(AT_FDCWD, "source", target, &how) == 0);
    MUST(!writable("target/file"));
    MUST(!writable("target/below/file"));
    MUST(writable("source/file"));
}

static void run(unsigned forgotten)
{
    if (geteuid() != 0) {
        print_message("skipped: mounting takes root\n");
        skip();
    }
    assert_child(bind_read_only(forgotten));
}

static void test_recursively_read_only(void **state _unused_)
{
    run(0);
}

static void test_without_mount_setattr(void **state _unused_)
{
    run(SYS_mount_setattr);
}

static void test_without_open_tree(void **state _unused_)
{
    run(SYS_open_tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_recursively_read_only),
        scratch_test(test_without_mount_setattr),
        scratch_test(test_without_open_tree),
    };

    return cmocka_run_group_tests_name("runtime/mount", tests, NULL, NULL);
}
