#include "../unit.h"

#include "sys/fd.h"
#include "sys/path.h"
#include "sys/walk.h"

/* The same tree and the same questions for the kernel's way and for the walk that stands in for it. */
struct resolver {
    int (*beneath)(int dirfd, const char *path, int flags, mode_t mode);
    int (*in_root)(int dirfd, const char *path, int flags, mode_t mode);
};

static int walk_beneath(int dirfd, const char *path, int flags, mode_t mode)
{
    return walk_open(dirfd, path, flags | O_CLOEXEC, mode, WALK_BENEATH);
}

static int walk_in_root(int dirfd, const char *path, int flags, mode_t mode)
{
    return walk_open(dirfd, path, flags | O_CLOEXEC, mode, WALK_IN_ROOT);
}

static const struct resolver kernel = {path_open_beneath, path_open_in_root};
static const struct resolver fallback = {walk_beneath, walk_in_root};

static int make_tree(int fd)
{
    static const struct {
        const char *name, *target; /* target NULL: directory; "": file */
    } entries[] = {
        {"outside", ""},
        {"root", NULL},
        {"root/etc", NULL},
        {"root/etc/passwd", ""},
        {"root/usr", NULL},
        {"root/usr/lib", NULL},
        {"root/usr/lib/x", ""},
        {"root/lib", "usr/lib"},
        {"root/abs", "/etc"},
        {"root/up", "../../.."},
        {"root/out", "../outside"},
        {"root/loop", "loop"},
        {"root/proc", "/proc/self/root"},
        {"root/usr/back", "../etc/passwd"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
        int r;

        if (!entries[i].target)
            r = mkdirat(fd, entries[i].name, 0755);
        else if (!*entries[i].target) {
            _cleanup_fd_ int file = openat(fd, entries[i].name, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);

            r = fd_write_all(file, entries[i].name, strlen(entries[i].name));
        } else
            r = symlinkat(entries[i].target, fd, entries[i].name);
        assert_int_equal(r, 0);
    }
    return openat(fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* What was opened, as the file's content (files hold their own path), or the negative errno as text. */
static const char *opened(int fd)
{
    static char text[64];
    ssize_t n;

    if (fd < 0) {
        snprintf(text, sizeof(text), "%s", strerrorname_np(-fd));
        return text;
    }
    n = fd_read_all(fd, text, sizeof(text) - 1);
    close(fd);
    if (n < 0)
        snprintf(text, sizeof(text), "%s", strerrorname_np((int)-n));
    else
        text[n] = 0;
    return text;
}

static void check_resolver(int scratch, const struct resolver *r)
{
    static const struct {
        const char *path, *beneath, *in_root;
    } cases[] = {
        {"etc/passwd", "root/etc/passwd", "root/etc/passwd"},
        {"./etc//passwd", "root/etc/passwd", "root/etc/passwd"},
        {"/etc/passwd", "EXDEV", "root/etc/passwd"},
        {"lib/x", "root/usr/lib/x", "root/usr/lib/x"},
        {"lib/../lib/x", "root/usr/lib/x", "root/usr/lib/x"} /* lib/.. is usr, which has a lib */,
        {"abs/passwd", "EXDEV", "root/etc/passwd"},
        {"usr/back", "root/etc/passwd", "root/etc/passwd"},
        {"../outside", "EXDEV", "ENOENT"},
        {"out", "EXDEV", "ENOENT"},
        {"up/etc/passwd", "EXDEV", "root/etc/passwd"},
        {"usr/../../etc/passwd", "EXDEV", "root/etc/passwd"},
        {"loop", "ELOOP", "ELOOP"},
        {"loop/x", "ELOOP", "ELOOP"},
        {"etc/passwd/x", "ENOTDIR", "ENOTDIR"},
        {"etc/absent", "ENOENT", "ENOENT"},
        {"absent/x", "ENOENT", "ENOENT"},
        {"", "ENOENT", "ENOENT"},
        {"etc", "EISDIR", "EISDIR"},
    };
    _cleanup_fd_ int root = make_tree(scratch);

    assert_true(root >= 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        print_message("%s\n", cases[i].path);
        assert_string_equal(opened(r->beneath(root, cases[i].path, O_RDONLY, 0)), cases[i].beneath);
        assert_string_equal(opened(r->in_root(root, cases[i].path, O_RDONLY, 0)), cases[i].in_root);
    }
    /* a link that is the last component is left alone on demand */
    assert_string_equal(opened(r->in_root(root, "abs", O_RDONLY | O_NOFOLLOW, 0)), "ELOOP");
    assert_string_equal(opened(r->beneath(root, "out", O_RDONLY | O_NOFOLLOW, 0)), "ELOOP");
    /* creation stays inside as well, also through a dangling link */
    assert_string_equal(opened(r->beneath(root, "../new", O_RDWR | O_CREAT, 0600)), "EXDEV");
    assert_int_equal(symlinkat("/escaped", root, "dangling"), 0);
    assert_string_equal(opened(r->in_root(root, "dangling", O_RDWR | O_CREAT, 0600)), "");
    assert_int_equal(faccessat(root, "escaped", F_OK, 0), 0);
    assert_int_equal(faccessat(AT_FDCWD, "/escaped", F_OK, 0), -1);
    /* ".." and the root itself */
    assert_string_equal(opened(r->in_root(root, "..", O_RDONLY | O_DIRECTORY, 0)), "EISDIR");
    assert_string_equal(opened(r->beneath(root, "..", O_RDONLY | O_DIRECTORY, 0)), "EXDEV");
}

static void test_openat2(void **state)
{
    check_resolver(scratch_fd(state), &kernel);
}

static void test_walk(void **state)
{
    check_resolver(scratch_fd(state), &fallback);
}

static void test_no_magic_links(void **state)
{
    _cleanup_fd_ int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

    (void)state;
    assert_int_equal(path_open_in_root(proc, "self/root/etc", O_PATH, 0), -ELOOP);
}

static void test_mkdirs_in_root(void **state)
{
    int scratch = scratch_fd(state), fd;
    _cleanup_fd_ int root = make_tree(scratch);

    fd = path_mkdirs_in_root(root, "/lib/a/../b", 0755);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(faccessat(root, "usr/lib/b", F_OK, 0), 0);
    fd = path_mkdirs_in_root(root, "../../up/deep/er", 0755);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(faccessat(root, "deep/er", F_OK, 0), 0);
    assert_int_equal(path_mkdirs_in_root(root, "etc/passwd/x", 0755), -ENOTDIR);
    assert_int_equal(path_mkdirs_in_root(root, "loop/x", 0755), -ELOOP);
    fd = path_mkdirs_in_root(root, "/", 0755);
    assert_true(fd >= 0);
    close(fd);
}

static void test_mkdirs_through_dangling_links(void **state)
{
    static const struct {
        const char *target, *made;
    } cases[] = {
        {"/nowhere/deep", "nowhere/deep/x/y"},
        {"../beside/it/", "beside/it/x/y"},
        {"../../../../../above/it", "above/it/x/y"}, /* `..` ends at the root */
        {"link0", "nowhere/deep/x/y"},
        {"missing/../other", "usr/other/x/y"},
    };
    int scratch = scratch_fd(state), fd;
    _cleanup_fd_ int root = make_tree(scratch);
    char name[32];

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        snprintf(name, sizeof(name), "usr/link%zu", i);
        assert_int_equal(symlinkat(cases[i].target, root, name), 0);
    }
    for (size_t i = ARRAY_SIZE(cases); i-- > 0;) {
        snprintf(name, sizeof(name), "/usr/link%zu/x/y", i);
        fd = path_mkdirs_in_root(root, name, 0755);
        assert_true(fd >= 0);
        close(fd);
        assert_int_equal(faccessat(root, cases[i].made, F_OK, 0), 0);
    }
    assert_int_equal(faccessat(scratch, "above", F_OK, 0), -1);
    /* A chain of more links than are followed. */
    for (int i = 0; i < 100; i++) {
        char target[32];

        snprintf(target, sizeof(target), "chain%d", i + 1);
        snprintf(name, sizeof(name), "chain%d", i);
        assert_int_equal(symlinkat(target, root, name), 0);
    }
    assert_int_equal(path_mkdirs_in_root(root, "chain0", 0755), -ELOOP);
    fd = path_mkdirs_in_root(root, "chain70", 0755);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(faccessat(root, "chain100", F_OK, 0), 0);
}

static void test_clean(void **state)
{
    static const char *const cases[][2] = {
        {"", "."},           {".", "."},          {"/", "/"},
        {"//a//b/", "/a/b"}, {"a/./b", "a/b"},    {"a/../b", "b"},
        {"..", ".."},        {"../a/..", ".."},   {"../../a", "../../a"},
        {"/..", "/"},        {"/../a", "/a"},     {"a/b/../../..", ".."},
        {"a/..", "."},       {"/a/b/../..", "/"}, {"a/../../b/..", ".."},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_free_ char *cleaned = path_clean(cases[i][0]);

        assert_string_equal(cleaned, cases[i][1]);
    }
}

static void test_remove_tree(void **state)
{
    int fd = scratch_fd(state);
    struct err err = ERR_INIT;

    assert_int_equal(
        system("mkdir -p t/a/b t/locked outside && touch t/a/f outside/kept t/locked/f && chmod 0 t/locked && "
               "ln -s ../outside t/link && mkfifo t/fifo"),
        0);
    assert_ok(path_remove_tree(fd, "t", &err));
    assert_int_equal(faccessat(fd, "t", F_OK, AT_SYMLINK_NOFOLLOW), -1);
    assert_int_equal(faccessat(fd, "outside/kept", F_OK, 0), 0);
    assert_ok(path_remove_tree(fd, "t", &err)); /* not there: no error */
    assert_int_equal(symlinkat("outside", fd, "l"), 0);
    assert_ok(path_remove_tree(fd, "l", &err));
    assert_int_equal(faccessat(fd, "outside/kept", F_OK, 0), 0);
}

static void test_remove_deep_tree(void **state)
{
    int fd = scratch_fd(state), dir;
    struct err err = ERR_INIT;

    assert_int_equal(mkdirat(fd, "deep", 0755), 0);
    dir = openat(fd, "deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < 3000; i++) {
        int next;

        assert_int_equal(mkdirat(dir, "d", 0755), 0);
        next = openat(dir, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(next >= 0);
        close(dir);
        dir = next;
    }
    close(dir);
    assert_ok(path_remove_tree(fd, "deep", &err));
    assert_int_equal(faccessat(fd, "deep", F_OK, 0), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_openat2),
        scratch_test(test_walk),
        cmocka_unit_test(test_no_magic_links),
        scratch_test(test_mkdirs_in_root),
        scratch_test(test_mkdirs_through_dangling_links),
        cmocka_unit_test(test_clean),
        scratch_test(test_remove_tree),
        scratch_test(test_remove_deep_tree),
    };

    return cmocka_run_group_tests_name("sys/path", tests, NULL, NULL);
}
