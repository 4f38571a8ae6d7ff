#include "../files.h"

#include "sys/copy_tree.h"
#include "sys/fd.h"

#include <sys/stat.h>

static int open_dir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY);

    assert_true(fd >= 0);
    return fd;
}

static void make_source(void)
{
    assert_int_equal(mkdir("from", 0755), 0);
    assert_int_equal(mkdir("from/d", 0700), 0);
    write_file("from/one", "1");
    write_file("from/d/two", "2");
    assert_int_equal(chmod("from/d/two", 0640), 0);
    assert_int_equal(link("from/one", "from/d/hard"), 0);
    assert_int_equal(symlink("/etc/passwd", "from/link"), 0);
    assert_int_equal(mkfifo("from/fifo", 0600), 0);
    write_file("from/hole", "");
    assert_int_equal(truncate("from/hole", 1 << 30), 0);
    assert_int_equal(mkdir("to", 0755), 0);
}

static void test_contents(void **state)
{
    const uid_t me[] = {geteuid(), getegid()};
    struct copy_tree how = {.owner = me};
    struct stat a, b;
    struct err err;
    int from, to;

    (void)state;
    make_source();
    from = open_dir("from");
    to = open_dir("to");
    assert_ok(copy_tree_contents(&how, from, to, false, &err));
    expect_file("to/one", "1");
    expect_file("to/d/two", "2");
    assert_int_equal(stat("to/d/two", &a), 0);
    assert_int_equal(a.st_mode & 07777, 0640);
    assert_int_equal(stat("to/one", &a), 0);
    assert_int_equal(stat("to/d/hard", &b), 0);
    assert_true(a.st_ino == b.st_ino);
    assert_int_equal(lstat("to/link", &a), 0);
    assert_true(S_ISLNK(a.st_mode));
    assert_int_equal(lstat("to/fifo", &a), 0);
    assert_true(S_ISFIFO(a.st_mode));
    assert_int_equal(stat("to/hole", &a), 0);
    assert_true(a.st_size == 1 << 30 && a.st_blocks < 100);
    assert_true(how.entries == 7 && how.bytes == (1 << 30) + 2);
    assert_fails(copy_tree_contents(&how, from, to, false, &err), ERR_EXISTS, "File exists");
    close(from);
    close(to);
}

/* Into what is there, and where something else is in the way. */
static void test_merge(void **state)
{
    const uid_t me[] = {geteuid(), getegid()};
    struct copy_tree how = {.owner = me, .merge = true};
    struct stat st;
    struct err err;
    int from, to;

    (void)state;
    make_source();
    assert_int_equal(mkdir("to/d", 0755), 0);
    write_file("to/d/mine", "mine");
    write_file("to/d/two", "other");
    write_file("secret", "secret");
    assert_int_equal(symlink("../secret", "to/one"), 0);
    from = open_dir("from");
    to = open_dir("to");
    assert_ok(copy_tree_contents(&how, from, to, false, &err));
    expect_file("to/d/mine", "mine");
    expect_file("to/d/two", "2");
    expect_file("to/one", "1"); /* in the link's place, not where it leads */
    expect_file("secret", "secret");
    assert_int_equal(unlink("to/one"), 0);
    assert_int_equal(mkdir("to/one", 0755), 0);
    assert_fails(copy_tree(&how, from, "one", to, "one", &err), ERR_EXISTS, "cannot overwrite directory");
    assert_fails(copy_tree(&how, from, "d", to, "link", &err), ERR_EXISTS, "cannot overwrite non-directory");
    assert_ok(copy_tree(&how, from, "one", to, "renamed", &err));
    expect_file("to/renamed", "1");
    assert_int_equal(symlink("../from", "to/dir-link"), 0);
    assert_true(copy_tree(&how, from, "d", to, "dir-link", &err) < 0);
    assert_int_equal(lstat("from/two", &st), -1);
    close(from);
    close(to);
}

/* A regular file is opened, and nothing else. */
static void test_open(void **state)
{
    struct err err;
    int fd;

    (void)state;
    (void)err;
    make_source();
    assert_int_equal(copy_open_file(AT_FDCWD, "from/fifo"), -ESTALE);
    assert_int_equal(copy_open_file(AT_FDCWD, "from/link"), -ESTALE);
    assert_int_equal(copy_open_file(AT_FDCWD, "from/d"), -ESTALE);
    assert_int_equal(copy_open_file(AT_FDCWD, "from/none"), -ENOENT);
    fd = copy_open_file(AT_FDCWD, "from/one");
    assert_true(fd >= 0);
    close(fd);
}

static void test_deep(void **state)
{
    struct copy_tree how = {.merge = true};
    struct err err;
    int at, from, to;

    (void)state;
    make_source();
    at = open_dir("from");
    for (int i = 0; i < COPY_DEPTH_MAX + 5; i++) {
        int next;

        assert_int_equal(mkdirat(at, "deep", 0755), 0);
        next = openat(at, "deep", O_RDONLY | O_DIRECTORY);
        close(at);
        at = next;
    }
    close(at);
    from = open_dir("from");
    to = open_dir("to");
    assert_fails(copy_tree(&how, from, "deep", to, "deep", &err), ERR_LIMIT, "nested more than");
    close(from);
    close(to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_contents, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_merge, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_open, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_deep, scratch_setup, scratch_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
