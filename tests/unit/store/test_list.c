#include "store_fixture.h"

#include "store/list.h"
#include "store/spool.h"

static void name(const char *text, struct oci_reference *ret)
{
    struct err err;

    assert_ok(oci_reference_parse(text, ret, &err));
    oci_reference_default_tag(ret);
}

static void add(struct store_list *l, const char *reference)
{
    struct store_list_entry *e = VEC_PUSH(&l->entries);

    e->reference = str_dup(reference);
    e->descriptor.media_type = str_dup("application/x");
    e->descriptor.digest.algorithm = DIGEST_SHA256;
    memset(e->descriptor.digest.hex, 'a', 64);
    e->descriptor.size = 7;
}

static void test_round_trip(void **state _unused_)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_reference_ struct oci_reference a = {0}, b = {0};
    _cleanup_store_list_ struct store_list l = {0}, read = {0};
    struct err err;

    name("localhost/team/app:1", &a);
    name("localhost/team", &b);
    assert_fails(store_list_get(s, &a, &read, &err), ERR_NOT_FOUND, "no such manifest list: localhost/team/app:1");
    add(&l, "localhost/x:1");
    assert_ok(store_list_set(s, &a, &l, &err));
    assert_ok(store_list_set(s, &b, &l, &err));
    add(&l, "localhost/y:1");
    assert_ok(store_list_set(s, &a, &l, &err));
    assert_ok(store_list_get(s, &a, &read, &err));
    assert_int_equal(read.entries.n, 2);
    assert_string_equal(read.entries.v[1].reference, "localhost/y:1");
    assert_int_equal(read.entries.v[1].descriptor.size, 7);
    assert_true(digest_equal(&read.entries.v[0].descriptor.digest, &l.entries.v[0].descriptor.digest));
}

/* With the last list of a place its directories go. */
static void test_removal(void **state _unused_)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_reference_ struct oci_reference a = {0}, b = {0};
    _cleanup_store_list_ struct store_list l = {0};
    struct err err;
    int lists;

    name("localhost/team/app:1", &a);
    name("localhost/team:1", &b);
    assert_ok(store_list_set(s, &a, &l, &err));
    assert_ok(store_list_set(s, &b, &l, &err));
    assert_ok(store_dir(s, STORE_LISTS, &lists, &err));
    assert_ok(store_list_remove(s, &a, &err));
    assert_fails(store_list_remove(s, &a, &err), ERR_NOT_FOUND, "no such manifest list");
    assert_int_equal(faccessat(lists, "localhost/team/app", F_OK, 0), -1);
    assert_int_equal(faccessat(lists, "localhost/team/:1", F_OK, 0), 0);
    assert_ok(store_list_remove(s, &b, &err));
    assert_int_equal(faccessat(lists, "localhost", F_OK, 0), -1);
}

static void test_damaged(void **state _unused_)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_reference_ struct oci_reference a = {0};
    _cleanup_store_list_ struct store_list l = {0};
    struct err err;
    int lists, fd;

    name("localhost/app:1", &a);
    assert_ok(store_list_set(s, &a, &l, &err));
    assert_ok(store_dir(s, STORE_LISTS, &lists, &err));
    fd = openat(lists, "localhost/app/:1", O_WRONLY | O_TRUNC | O_CLOEXEC);
    assert_int_equal(write(fd, "{", 1), 1);
    close(fd);
    assert_fails(store_list_get(s, &a, &l, &err), ERR_CORRUPT, "lists/localhost/app/:1");
}

/* Nothing of it can be seen. */
static void test_spool(void **state _unused_)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct err err;
    struct stat st;
    int fd;

    assert_ok(store_spool_open(s, &fd, &err));
    assert_int_equal(write(fd, "x", 1), 1);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_nlink, 0);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_round_trip),
        scratch_test(test_removal),
        scratch_test(test_damaged),
        scratch_test(test_spool),
    };

    return cmocka_run_group_tests_name("manifest lists", tests, NULL, NULL);
}
