#include "store_fixture.h"

#include "store/container.h"

static void test_visible_after_the_transaction(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_(store_transaction_free_cleanup) struct store_transaction *t = store_transaction_new(s);
    struct digest d = bring_layer(s, t, "content");
    struct store_layer_info info;
    struct store_stage *again;
    struct stat st;
    struct err err;
    int tree;

    (void)state;
    assert_false(store_layer_has(s, &d));
    finish(t);
    assert_true(store_layer_has(s, &d));
    assert_ok(store_layer_read_info(s, &d, &info, &err));
    assert_int_equal(info.bytes, 7);
    assert_int_equal(info.members, 1);
    assert_ok(store_layer_open_tree(s, &d, &tree, &err));
    assert_int_equal(fstatat(tree, "file", &st, 0), 0);
    assert_int_equal(fstat(tree, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0755); /* it is the root directory of containers */
    close(tree);
    _cleanup_free_ char *path = store_layer_tree_path(s, &d);
    assert_int_equal(access(path, F_OK), 0);
    assert_ok(store_stage_begin(s, &d, LOCK_TRY, &again, &err));
    assert_null(again);
    assert_int_equal(count_entries("root/tmp/layers"), 0);
}

static void test_given_up(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_(store_transaction_free_cleanup) struct store_transaction *t = store_transaction_new(s);
    struct digest d = bring_layer(s, t, "content");
    struct err err;
    int tree;

    (void)state;
    store_transaction_free(steal_ptr(&t));
    assert_false(store_layer_has(s, &d));
    assert_int_equal(count_entries("root/tmp/layers"), 0);
    assert_int_equal(count_entries("root/tmp/trash"), 0);
    assert_fails(store_layer_open_tree(s, &d, &tree, &err), ERR_NOT_FOUND, d.hex);
}

static void test_restart(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct digest d = digest_of("a", 1).digest;
    struct store_stage *st, *other;
    struct stat info;
    struct err err;

    (void)state;
    assert_ok(store_stage_begin(s, &d, LOCK_TRY, &st, &err));
    assert_int_equal(mkdirat(store_stage_tree(st), "old", 0755), 0);
    assert_int_equal(write(store_stage_manifest(st), "old", 3), 3);
    assert_ok(store_stage_restart(st, &err));
    assert_int_equal(faccessat(store_stage_tree(st), "old", F_OK, 0), -1);
    assert_int_equal(fstat(store_stage_manifest(st), &info), 0);
    assert_int_equal(info.st_size, 0);
    assert_int_equal(count_entries("root/tmp/layers"), 2); /* the stage and its lock */
    assert_fails(store_stage_begin(s, &d, LOCK_TRY, &other, &err), ERR_BUSY, "");
    store_stage_free(st);
    assert_int_equal(count_entries("root/tmp/layers"), 0);
    assert_int_equal(count_entries("root/tmp/trash"), 0);
}

static void test_wrong_content(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct digest_computed d = digest_of("a", 1), other = digest_of("b", 1);
    struct store_layer_info info = {0};
    struct store_stage *st;
    struct err err;

    (void)state;
    assert_ok(store_stage_begin(s, &d.digest, LOCK_TRY, &st, &err));
    assert_fails(store_stage_complete(st, &other, &info, &err), ERR_CORRUPT, other.digest.hex);
    store_stage_free(st);
    assert_int_equal(count_entries("root/tmp/layers"), 0);
}

/* What a killed process left is not built upon, and its lock is free. */
static void test_after_a_kill(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct digest_computed d = digest_of("content", 7);
    struct store_stage *st, *second;
    struct err err;
    int status;
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        if (store_stage_begin(open_store(), &d.digest, LOCK_TRY, &st, &err) < 0 ||
            mkdirat(store_stage_tree(st), "half", 0700) < 0)
            _exit(1);
        kill(getpid(), 9);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(count_entries("root/tmp/layers"), 2);
    assert_ok(store_stage_begin(s, &d.digest, LOCK_TRY, &st, &err));
    assert_int_equal(faccessat(store_stage_tree(st), "half", F_OK, 0), -1);
    assert_fails(store_stage_begin(s, &d.digest, LOCK_TRY, &second, &err), ERR_BUSY, "");
    store_stage_free(st);
    assert_int_equal(count_entries("root/tmp/layers"), 0);
}

/* A damaged layer is there until the new one takes its place, and then as long as a container may have it mounted. */
static void test_again(void **state)
{
    static const char id[] = "0123456789012345678901234567890123456789012345678901234567890123";
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_(store_transaction_free_cleanup) struct store_transaction *t = store_transaction_new(s);
    struct digest_computed d = digest_of("content", 7);
    struct store_layer_info info = {.bytes = 7, .members = 1};
    struct store_container *c;
    struct store_stage *st;
    struct err err;
    int tree;

    (void)state;
    bring_layer(s, t, "content");
    finish(t);
    assert_ok(store_container_create(s, id, &c, &err));
    assert_ok(store_stage_begin_again(s, &d.digest, LOCK_TRY, &st, &err));
    assert_true(store_layer_has(s, &d.digest));
    assert_ok(store_stage_complete(st, &d, &info, &err));
    store_transaction_add_layer(t, st);
    finish(t);
    assert_ok(store_layer_open_tree(s, &d.digest, &tree, &err));
    assert_int_equal(faccessat(tree, "file", F_OK, 0), -1);
    close(tree);
    assert_ok(store_empty_trash(s, &err));
    assert_int_equal(count_entries("root/tmp/trash"), 1);
    store_container_free(c);
    assert_ok(store_empty_trash(s, &err));
    assert_int_equal(count_entries("root/tmp/trash"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_visible_after_the_transaction),
        scratch_test(test_given_up),
        scratch_test(test_restart),
        scratch_test(test_wrong_content),
        scratch_test(test_after_a_kill),
        scratch_test(test_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
