#include "make.h"

#include "layer/unpack.h"

#include <sched.h>
#include <sys/mount.h>

/* ---- on a disk that is small: 4 MiB and 400 names ---- */

static int small_disk(void)
{
    int fd;

    if (geteuid() != 0) {
        print_message("skipped: a file system of its own needs root\n");
        skip();
    }
    assert_int_equal(unshare(CLONE_NEWNS), 0);
    assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
    assert_int_equal(mkdir("disk", 0755), 0);
    assert_int_equal(mount("none", "disk", "tmpfs", 0, "size=4m,nr_inodes=400"), 0);
    fd = open("disk", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static int unpack(const struct buf *tar, int root, bool modest, struct err *err)
{
    const uid_t owner[] = {geteuid(), getegid()};
    struct layer_unpack how = {.root = root, .below = ".", .owner = owner, .modest = modest};
    _cleanup_fd_ int fd = memory_file(tar->p, tar->len);
    _cleanup_(layer_source_free_cleanup) struct layer_source *source = layer_source_file(fd);

    return layer_unpack(&how, source, err);
}

static void add_file(struct buf *tar, const char *name, size_t size)
{
    _cleanup_free_ char *content = mem_alloc(size + 1);

    memset(content, 'x', size);
    content[size] = 0;
    tar_file(tar, name, content);
}

static void test_half_of_the_room(void **state _unused_)
{
    _cleanup_buf_ struct buf fits = BUF_INIT, large = BUF_INIT;
    int root = small_disk();
    struct err err;

    add_file(&fits, "a", 1 << 20);
    add_file(&fits, "b", 900 << 10);
    tar_end(&fits);
    assert_ok(unpack(&fits, root, true, &err));
    add_file(&large, "c", 512 << 10);
    add_file(&large, "d", 700 << 10);
    tar_end(&large);
    assert_fails(unpack(&large, root, true, &err), ERR_LIMIT, "unpacked it takes more than 1.11MB");
    assert_int_equal(faccessat(root, "d", F_OK, 0), -1);
    assert_ok(unpack(&large, root, false, &err));
    umount2("disk", MNT_DETACH);
    close(root);
}

static void test_half_of_the_names(void **state _unused_)
{
    _cleanup_buf_ struct buf tar = BUF_INIT;
    int root = small_disk();
    struct err err;

    for (int i = 0; i < 250; i++) {
        _cleanup_free_ char *name = str_printf("f%d", i);

        tar_file(&tar, name, "");
    }
    tar_end(&tar);
    assert_fails(unpack(&tar, root, true, &err), ERR_LIMIT, "more files than");
    assert_int_equal(faccessat(root, "f249", F_OK, 0), -1);
    assert_ok(unpack(&tar, root, false, &err));
    umount2("disk", MNT_DETACH);
    close(root);
}

/* What has been read already comes first. */
static void test_begun(void **state _unused_)
{
    const uid_t owner[] = {geteuid(), getegid()};
    struct layer_unpack how = {.below = ".", .owner = owner};
    _cleanup_buf_ struct buf tar = BUF_INIT;
    _cleanup_fd_ int fd = -1;
    _cleanup_(layer_source_free_cleanup) struct layer_source *source = NULL;
    struct err err;

    tar_file(&tar, "a", "content");
    tar_end(&tar);
    fd = memory_file(tar.p, tar.len);
    assert_int_equal(lseek(fd, 700, SEEK_SET), 700);
    source = layer_source_pipe(fd);
    layer_source_begin_with(source, tar.p, 700);
    assert_int_equal(mkdir("root", 0755), 0);
    how.root = open("root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_ok(layer_unpack(&how, source, &err));
    close(how.root);
    assert_int_equal(access("root/a", F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_half_of_the_room),
        scratch_test(test_half_of_the_names),
        scratch_test(test_begun),
    };

    return cmocka_run_group_tests_name("layer/unpack", tests, NULL, NULL);
}
