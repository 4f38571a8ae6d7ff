/* Errors of writing back, with a kernel of our own: one error, told of once for each open file description, as
 * syncfs(2) and sync_file_range(2) do it. */
#include "store_fixture.h"

#include <pthread.h>
#include <stdatomic.h>

enum { FDS_MAX = 256 };

static pthread_t main_thread;
static atomic_bool broken;               /* writing back has failed, somewhere on the file system */
static atomic_bool told[FDS_MAX];        /* by descriptor: this test duplicates none */
static atomic_uint calls_of_others;      /* syncfs by another thread, since it broke */
static atomic_int file_told, file_start; /* errno of waiting for a file, of starting to write it; 0: none */

int syncfs(int fd)
{
    bool failed = broken && !atomic_exchange(&told[fd], true);

    if (broken && !pthread_equal(pthread_self(), main_thread))
        calls_of_others++;
    errno = EIO;
    return failed ? -1 : 0;
}

int sync_file_range(int fd, off64_t offset, off64_t count, unsigned flags)
{
    (void)fd, (void)offset, (void)count;
    errno = flags == SYNC_FILE_RANGE_WRITE ? file_start : file_told;
    return errno ? -1 : 0;
}

static int set_up(void **state)
{
    main_thread = pthread_self();
    broken = false;
    for (size_t i = 0; i < FDS_MAX; i++)
        told[i] = false;
    calls_of_others = 0;
    file_told = file_start = 0;
    return scratch_setup(state);
}

static void test_error_that_the_thread_met(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_(store_transaction_free_cleanup) struct store_transaction *t = store_transaction_new(s);
    struct digest blob = bring_blob(s, t, "blob"), layer = bring_layer(s, t, "layer");
    struct err err;

    (void)state;
    broken = true;
    store_transaction_write_back(t);
    while (calls_of_others == 0)
        usleep(1000);
    assert_fails(store_transaction_finish(t, &err), ERR_IO, "writing back");
    assert_false(store_blob_has(s, &blob));
    assert_false(store_layer_has(s, &layer));
    assert_int_equal(count_entries("root/tmp/layers"), 0);
    /* A next try starts anew: what is in the cache is not what is on the disk. */
    bring_blob(s, t, "blob");
    bring_layer(s, t, "layer");
    finish(t);
    assert_true(store_blob_has(s, &blob) && store_layer_has(s, &layer));
}

static void test_error_of_a_blob(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_(store_transaction_free_cleanup) struct store_transaction *t = store_transaction_new(s);
    struct digest blob = bring_blob(s, t, "blob");
    struct err err;

    (void)state;
    file_told = ENOSPC;
    assert_fails(store_transaction_finish(t, &err), ERR_NO_SPACE, "writing back");
    assert_false(store_blob_has(s, &blob));
    assert_int_equal(count_entries("root/tmp"), 0); /* no partial blob */
}

static void test_error_of_starting(void **state)
{
    enum { SIZE = 9 << 20 };
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_free_ char *data = mem_zalloc(1, SIZE);
    struct digest_computed d = digest_of(data, SIZE);
    struct store_ingest *in;
    struct err err;

    (void)state;
    assert_ok(store_ingest_begin(s, &d.digest, SIZE, LOCK_TRY, &in, &err));
    file_start = EIO;
    assert_ok(store_ingest_write(in, data, 1, &err)); /* too little to be worth it */
    assert_fails(store_ingest_write(in, data + 1, SIZE - 1, &err), ERR_IO, "writing back");
    store_ingest_free(in);
    file_start = ENOSYS; /* a system that has no such call is none the worse */
    assert_ok(store_ingest_begin(s, &d.digest, SIZE, LOCK_TRY, &in, &err));
    assert_int_equal(store_ingest_offset(in), 0);
    assert_ok(store_ingest_write(in, data, SIZE, &err));
    store_ingest_free(in);
}

#define sync_test(f) cmocka_unit_test_setup_teardown(f, set_up, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        sync_test(test_error_that_the_thread_met),
        sync_test(test_error_of_a_blob),
        sync_test(test_error_of_starting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
