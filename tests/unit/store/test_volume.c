#include "store_fixture.h"

#include "base/strv.h"
#include "store/volume.h"

#include <dirent.h>

static void test_names(void **state)
{
    static const char *const good[] = {"ab", "a.b", "A_b-3", "0123456789abcdef"};
    static const char *const bad[] = {"", "a", ".a", "..", "a/b", "a b", "-a", "../x", "a\n", "ä1"};
    char longest[300];
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        assert_ok(store_volume_check_name(good[i], &err));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_fails(store_volume_check_name(bad[i], &err), ERR_INVALID, "create ");
    memset(longest, 'a', sizeof(longest));
    longest[256] = 0;
    assert_fails(store_volume_check_name(longest, &err), ERR_INVALID, "longer than 255");
    longest[255] = 0;
    assert_ok(store_volume_check_name(longest, &err));
}

static void test_options(void **state)
{
    char *none[] = {NULL}, *full[] = {(char *)"type=nfs", (char *)"device=:/x", (char *)"o=addr=1", NULL};
    char *unknown[] = {(char *)"typ=nfs", NULL}, *half[] = {(char *)"type=nfs", NULL};
    char *size[] = {(char *)"size=1g", NULL}, *o[] = {(char *)"o=x", (char *)"type=y", NULL};
    struct err err;

    (void)state;
    assert_ok(store_volume_check_options(none, &err));
    assert_ok(store_volume_check_options(full, &err));
    assert_fails(store_volume_check_options(unknown, &err), ERR_INVALID, "invalid option: \"typ\"");
    assert_fails(store_volume_check_options(half, &err), ERR_INVALID, "missing required option: \"device\"");
    assert_fails(store_volume_check_options(o, &err), ERR_INVALID, "missing required option: \"device\"");
    assert_fails(store_volume_check_options(size, &err), ERR_UNSUPPORTED, "quota");
}

static void test_life(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct store_volume v = {.name = (char *)"data", .created = 5}, read = {0};
    char *labels[] = {(char *)"a=b", NULL};
    char **names = NULL;
    struct err err;
    int lock;

    (void)state;
    v.labels = labels;
    assert_ok(store_volume_create(s, &v, &err));
    assert_fails(store_volume_create(s, &v, &err), ERR_EXISTS, "data");
    assert_ok(store_volume_read(s, "data", &read, &err));
    assert_true(read.created == 5 && str_eq(read.labels[0], "a=b") && !store_volume_anonymous(&read));
    store_volume_release(&read);
    assert_ok(store_volume_list(s, &names, &err));
    assert_true(strv_len(names) == 1 && str_eq(names[0], "data"));
    strv_free(names);
    assert_int_equal(access("root/volumes/data/_data", F_OK), 0);
    assert_ok(store_volume_lock(s, "data", &lock, &err));
    assert_ok(store_volume_remove(s, "data", &err));
    close(lock);
    assert_fails(store_volume_read(s, "data", &read, &err), ERR_NOT_FOUND, "get data: no such volume");
    assert_fails(store_volume_lock(s, "../containers", &lock, &err), ERR_NOT_FOUND, "no such volume");
    assert_int_equal(access("root/volumes/data", F_OK), -1);
}

/* What was begun and not finished is thrown away by the next user. */
static void test_filling(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct store_volume v = {.name = (char *)"data"};
    struct err err;
    int dir, data;

    (void)state;
    assert_ok(store_volume_create(s, &v, &err));
    assert_ok(store_volume_lock(s, "data", &dir, &err));
    assert_ok(store_volume_settle(dir, &err));
    assert_ok(store_volume_fill_begin(dir, &data, &err));
    assert_true(data >= 0);
    assert_int_equal(close(openat(data, "half", O_CREAT | O_WRONLY, 0600)), 0);
    close(data);
    assert_ok(store_volume_settle(dir, &err));
    assert_int_equal(access("root/volumes/data/_data/half", F_OK), -1);
    assert_int_equal(access("root/volumes/data/.filling", F_OK), -1);
    assert_ok(store_volume_fill_begin(dir, &data, &err));
    assert_int_equal(close(openat(data, ".whole", O_CREAT | O_WRONLY, 0600)), 0);
    close(data);
    assert_ok(store_volume_fill_end(dir, &err));
    assert_ok(store_volume_settle(dir, &err));
    assert_int_equal(access("root/volumes/data/_data/.whole", F_OK), 0);
    assert_ok(store_volume_fill_begin(dir, &data, &err));
    assert_int_equal(data, -1);
    close(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_options),
        cmocka_unit_test_setup_teardown(test_life, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_filling, scratch_setup, scratch_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
