#include "store_fixture.h"

#include "store/container.h"

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void test_layout(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct stat st;
    struct err err;
    int fd;

    (void)state;
    assert_int_equal(stat("root", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(access("root/format", F_OK), 0);
    assert_ok(store_dir(s, STORE_BLOBS, &fd, &err));
    assert_int_equal(access("root/blobs", F_OK), 0);
    assert_int_equal(access("state", F_OK), -1);
    assert_ok(store_dir(s, STORE_STATE, &fd, &err));
    assert_int_equal(access("state", F_OK), 0);
}

static void test_formats(void **state)
{
    struct store *s;
    struct err err;

    (void)state;
    store_free(open_store());
    store_free(open_store()); /* one that exists */
    _cleanup_free_ char *cwd = getcwd(NULL, 0);
    _cleanup_free_ char *root = str_printf("%s/root", cwd);
    write_file("root/format", "2\n");
    assert_fails(store_open(root, root, &s, &err), ERR_UNSUPPORTED, "format 2");
    assert_true(strstr(err.hint, "newer"));
    write_file("root/format", "one\n");
    assert_fails(store_open(root, root, &s, &err), ERR_CORRUPT, "holds no version");
    write_file("file", "");
    str_replace(&root, str_printf("%s/file/store", cwd));
    assert_int_not_equal(store_open(root, root, &s, &err), 0);
}

static void test_without_permission(void **state)
{
    struct store *s;
    struct err err = ERR_INIT;
    int status;
    pid_t pid;

    (void)state;
    if (geteuid() != 0) {
        assert_int_equal(mkdir("closed", 0500), 0);
    } else {
        assert_int_equal(mkdir("closed", 0700), 0);
    }
    _cleanup_free_ char *cwd = getcwd(NULL, 0);
    _cleanup_free_ char *root = str_printf("%s/closed/root", cwd);
    assert_int_equal(chmod(".", 0711), 0);
    pid = fork();
    if (pid == 0) {
        if (geteuid() == 0 && setuid(65534) < 0)
            _exit(9);
        if (store_open(root, root, &s, &err) != ERR_PERMISSION || !strstr(err.hint, "root"))
            _exit(1);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void test_locks_share(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct err err;
    int a, b, c;

    (void)state;
    assert_ok(store_lock(s, LOCK_SHARED, LOCK_TRY, &a, &err));
    assert_ok(store_lock(s, LOCK_SHARED, LOCK_TRY, &b, &err));
    assert_fails(store_lock(s, LOCK_EXCLUSIVE, LOCK_TRY, &c, &err), ERR_BUSY, "in use");
    close(a);
    close(b);
    assert_ok(store_lock(s, LOCK_EXCLUSIVE, LOCK_TRY, &c, &err));
    close(c);
}

static void test_discard(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct err err;

    (void)state;
    assert_int_equal(mkdir("root/containers", 0700), 0);
    assert_int_equal(mkdir("root/containers/a", 0700), 0);
    write_file("root/containers/a/file", "x");
    assert_ok(store_discard(s, STORE_CONTAINERS, "a", false, &err));
    assert_int_equal(access("root/containers/a", F_OK), -1);
    assert_int_equal(count_entries("root/tmp/trash"), 1);
    assert_ok(store_discard(s, STORE_CONTAINERS, "a", true, &err)); /* gone is gone */
    assert_ok(store_empty_trash(s, &err));
    assert_int_equal(count_entries("root/tmp/trash"), 0);
    assert_int_equal(mkdir("root/containers/b", 0700), 0);
    assert_ok(store_discard(s, STORE_CONTAINERS, "b", true, &err));
    assert_int_equal(count_entries("root/tmp/trash"), 0);
}

/* The lock of whoever removes a container is no reason to leave its files. */
static void test_remove_container(void **state)
{
    static const char id[] = "0123456789012345678901234567890123456789012345678901234567890123";
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct store_container *c;
    struct err err;

    (void)state;
    for (int now = 0; now < 2; now++) {
        assert_ok(store_container_create(s, id, &c, &err));
        assert_ok(store_container_remove(s, c, NULL, now, &err));
        assert_int_equal(count_entries("root/containers"), 0);
        assert_int_equal(count_entries("root/tmp/trash"), !now);
        assert_ok(store_empty_trash(s, &err)); /* another process's: it is not theirs */
        assert_int_equal(count_entries("root/tmp/trash"), !now);
        assert_ok(store_container_delete(s, c, &err));
        assert_int_equal(count_entries("root/tmp/trash"), 0);
        store_container_free(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_layout),      scratch_test(test_formats), scratch_test(test_without_permission),
        scratch_test(test_locks_share), scratch_test(test_discard), scratch_test(test_remove_container),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
