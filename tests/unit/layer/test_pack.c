#include "../files.h"

#include "base/strv.h"
#include "layer/pack.h"
#include "layer/unpack.h"
#include "sys/fd.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

/* Packs the directory `path`; the tar, to be read from its start. */
static int pack(const char *path, bool upper)
{
    int dir = open(path, O_RDONLY | O_DIRECTORY), fd = open(".", O_TMPFILE | O_RDWR, 0600);
    struct layer_pack *p = layer_pack_new(fd, upper, NULL);
    struct stat st;
    struct err err;

    assert_true(dir >= 0 && fd >= 0);
    assert_ok(layer_pack_add_contents(p, dir, "", false, &err));
    assert_ok(layer_pack_finish(p, &err));
    assert_int_equal(fstat(fd, &st), 0);
    assert_true(st.st_size == layer_pack_bytes(p));
    layer_pack_free(p);
    close(dir);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

/* The names in a tar, in their order. */
static void expect_names(int fd, const char *wanted)
{
    struct stat st;
    struct tar_member m;
    struct tar_reader *t;
    _cleanup_strv_ char **names = NULL;
    _cleanup_free_ char *joined = NULL;
    struct err err = ERR_INIT;

    assert_int_equal(fstat(fd, &st), 0);
    t = tar_reader_new_file(fd, st.st_size);
    while (tar_reader_next(t, &m, &err) == 1)
        strv_add(&names, m.path);
    assert_int_equal(err.kind, 0);
    tar_reader_free(t);
    joined = strv_join(names, " ");
    assert_string_equal(joined, wanted);
}

static int unpack(int fd, const char *root, const char *below, struct err *err)
{
    const uid_t me[] = {geteuid(), getegid()};
    struct layer_unpack how = {.root = open(root, O_RDONLY | O_DIRECTORY), .below = below, .owner = me};
    struct layer_source *source = layer_source_pipe(fd);
    int r = layer_unpack(&how, source, err);

    layer_source_free(source);
    close(how.root);
    return r;
}

static void make_tree(void)
{
    assert_int_equal(mkdir("from", 0755), 0);
    assert_int_equal(mkdir("from/b", 0750), 0);
    write_file("from/a", "a");
    write_file("from/b/c", "content");
    assert_int_equal(link("from/a", "from/b/hard"), 0);
    assert_int_equal(symlink("nowhere", "from/link"), 0);
    assert_int_equal(mkfifo("from/pipe", 0600), 0);
    assert_int_equal(mkdir("to", 0755), 0);
    assert_int_equal(mkdir("to/below", 0755), 0);
}

static void test_there_and_back(void **state)
{
    struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, {1000000000, 5}};
    struct stat a, b;
    struct err err;
    int fd, again;

    (void)state;
    make_tree();
    assert_int_equal(utimensat(AT_FDCWD, "from/b", times, 0), 0);
    fd = pack("from", false);
    expect_names(fd, "a b/ b/c b/hard link pipe");
    again = pack("from", false);
    assert_int_equal(fstat(fd, &a), 0);
    assert_int_equal(fstat(again, &b), 0);
    assert_true(a.st_size == b.st_size);
    close(again);
    assert_ok(unpack(fd, "to", "/below", &err));
    expect_file("to/below/b/c", "content");
    assert_int_equal(stat("to/below/a", &a), 0);
    assert_int_equal(stat("to/below/b/hard", &b), 0);
    assert_true(a.st_ino == b.st_ino);
    assert_int_equal(stat("to/below/b", &a), 0);
    assert_true((a.st_mode & 07777) == 0750 && a.st_mtim.tv_sec == 1000000000 && a.st_mtim.tv_nsec == 5);
    assert_int_equal(lstat("to/below/pipe", &a), 0);
    assert_true(S_ISFIFO(a.st_mode) && (a.st_mode & 07777) == 0600);
    /* once more over what is there */
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_ok(unpack(fd, "to", "/below", &err));
    assert_int_equal(unlink("to/below/a"), 0);
    assert_int_equal(mkdir("to/below/a", 0755), 0);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_fails(unpack(fd, "to", "/below", &err), ERR_EXISTS, "cannot overwrite directory \"a\"");
    close(fd);
}

/* Links in the root lead to places in the root. */
static void test_links_stay_inside(void **state)
{
    struct err err;
    int fd;

    (void)state;
    make_tree();
    assert_int_equal(mkdir("outside", 0755), 0);
    assert_int_equal(symlink("../outside", "to/below/b"), 0);
    fd = pack("from", false);
    assert_true(unpack(fd, "to", "/below", &err) < 0); /* a directory does not replace a link */
    assert_int_equal(access("outside/c", F_OK), -1);
    assert_int_equal(unlink("to/below/b"), 0);
    assert_int_equal(rmdir("to/below") == 0 || errno == ENOTEMPTY, 1);
    assert_int_equal(rename("to/below", "to/real"), 0);
    assert_int_equal(symlink("/real", "to/below"), 0); /* of the root, not of the host */
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_ok(unpack(fd, "to", "/below", &err));
    expect_file("to/real/b/c", "content");
    close(fd);
}

static void test_names_that_leave(void **state)
{
    struct layer_pack *p;
    struct err err;
    int dir, fd = open(".", O_TMPFILE | O_RDWR, 0600);

    (void)state;
    assert_int_equal(mkdir("to", 0755), 0);
    write_file("file", "evil");
    dir = open(".", O_RDONLY | O_DIRECTORY);
    p = layer_pack_new(fd, false, NULL);
    assert_ok(layer_pack_add(p, dir, "file", "../../escaped", &err));
    assert_ok(layer_pack_finish(p, &err));
    layer_pack_free(p);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_fails(unpack(fd, "to", "/", &err), ERR_CORRUPT, "leaves");
    assert_int_equal(access("../escaped", F_OK), -1);
    close(fd);
    close(dir);
}

static void test_upper(void **state)
{
    int fd;

    (void)state;
    if (geteuid() != 0) {
        print_message("marks of overlayfs take root\n");
        skip();
    }
    make_tree();
    assert_int_equal(mknod("from/gone", S_IFCHR, makedev(0, 0)), 0);
    assert_int_equal(setxattr("from/b", "trusted.overlay.opaque", "y", 1, 0), 0);
    fd = pack("from", true);
    expect_names(fd, "a b/ b/.wh..wh..opq b/c b/hard .wh.gone link pipe");
    close(fd);
    fd = pack("from", false);
    expect_names(fd, "a b/ b/c b/hard gone link pipe");
    close(fd);
}

/* A file of such a name would be a mark in the tar. */
static void test_names_like_marks(void **state)
{
    int dir, fd = open(".", O_TMPFILE | O_RDWR, 0600);
    struct layer_pack *p = layer_pack_new(fd, true, NULL);
    struct err err;

    (void)state;
    assert_int_equal(mkdir("from", 0755), 0);
    assert_int_equal(close(open("from/.wh.one", O_CREAT | O_WRONLY, 0644)), 0);
    dir = open("from", O_RDONLY | O_DIRECTORY);
    assert_fails(layer_pack_add_contents(p, dir, "", false, &err), ERR_INVALID, ".wh.one: in a layer");
    layer_pack_free(p);
    close(dir);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_there_and_back, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_links_stay_inside, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_names_that_leave, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_upper, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_names_like_marks, scratch_setup, scratch_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
