#include "store_fixture.h"

#include "sys/fd.h"

#define TEXT "what a registry delivers"

static struct store_ingest *begin(struct store *s, const char *text)
{
    struct digest_computed d = digest_of(text, strlen(text));
    struct store_ingest *in;
    struct err err;

    assert_ok(store_ingest_begin(s, &d.digest, d.size, LOCK_TRY, &in, &err));
    return in;
}

static void test_in_and_out(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_(store_transaction_free_cleanup) struct store_transaction *t = store_transaction_new(s);
    _cleanup_buf_ struct buf b = BUF_INIT_MAX(100), small = BUF_INIT_MAX(5);
    struct digest d = bring_blob(s, t, TEXT);
    struct err err;
    int64_t size;
    int fd;

    (void)state;
    assert_false(store_blob_has(s, &d)); /* not before the transaction ends */
    finish(t);
    assert_true(store_blob_has(s, &d));
    assert_ok(store_blob_read(s, &d, &b, &err));
    assert_string_equal(buf_str(&b), TEXT);
    assert_fails(store_blob_read(s, &d, &small, &err), ERR_LIMIT, "");
    assert_ok(store_blob_open(s, &d, &fd, &size, &err));
    assert_int_equal(size, strlen(TEXT));
    close(fd);
    assert_null(begin(s, TEXT)); /* there is nothing to do */
    assert_int_equal(count_entries("root/tmp"), 0);
}

static void test_resume(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct store_ingest *in = begin(s, TEXT);
    struct err err;

    (void)state;
    assert_int_equal(store_ingest_offset(in), 0);
    assert_ok(store_ingest_write(in, TEXT, 7, &err));
    store_ingest_free(in);
    in = begin(s, TEXT);
    assert_int_equal(store_ingest_offset(in), 7);
    assert_ok(store_ingest_write(in, TEXT + 7, strlen(TEXT) - 7, &err));
    assert_ok(store_ingest_verify(in, &err));
    store_ingest_free(in);
    in = begin(s, TEXT); /* verified, but nobody published it */
    assert_int_equal(store_ingest_offset(in), strlen(TEXT));
    assert_ok(store_ingest_verify(in, &err));
    store_ingest_free(in);
}

static void test_restart(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct store_ingest *in = begin(s, TEXT);
    struct err err;

    (void)state;
    assert_ok(store_ingest_write(in, "wrong from the first", 20, &err));
    assert_ok(store_ingest_restart(in, &err));
    assert_int_equal(store_ingest_offset(in), 0);
    assert_ok(store_ingest_write(in, TEXT, strlen(TEXT), &err));
    assert_ok(store_ingest_verify(in, &err));
    store_ingest_free(in);
}

static void test_wrong_content(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct digest_computed d = digest_of(TEXT, strlen(TEXT));
    struct store_ingest *in = begin(s, TEXT);
    struct err err;

    (void)state;
    assert_ok(store_ingest_write(in, "what a registry delivera", strlen(TEXT), &err));
    assert_fails(store_ingest_verify(in, &err), ERR_CORRUPT, d.digest.hex);
    store_ingest_free(in);
    assert_int_equal(count_entries("root/tmp"), 0); /* the next try does not go on with rubbish */
    in = begin(s, TEXT);
    assert_int_equal(store_ingest_offset(in), 0);
    assert_ok(store_ingest_write(in, TEXT, 5, &err));
    assert_fails(store_ingest_verify(in, &err), ERR_CORRUPT, "");
    store_ingest_free(in);
    in = begin(s, TEXT);
    assert_ok(store_ingest_write(in, TEXT, strlen(TEXT), &err));
    assert_fails(store_ingest_write(in, "!", 1, &err), ERR_CORRUPT, "longer");
    store_ingest_free(in);
    assert_false(store_blob_has(s, &d.digest));
}

static void test_leftover_is_too_long(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct digest_computed d = digest_of(TEXT, strlen(TEXT));
    _cleanup_free_ char *partial = str_printf("root/tmp/blob-sha256-%s", d.digest.hex);
    struct store_ingest *in;
    struct err err;
    FILE *f;

    (void)state;
    assert_int_equal(mkdir("root/tmp", 0700), 0);
    f = fopen(partial, "w");
    fputs(TEXT TEXT, f);
    fclose(f);
    in = begin(s, TEXT);
    assert_int_equal(store_ingest_offset(in), 0);
    assert_ok(store_ingest_write(in, TEXT, strlen(TEXT), &err));
    assert_ok(store_ingest_verify(in, &err));
    store_ingest_free(in);
}

/* A second pull of the same blob waits for the first one. */
static void test_two_writers(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct digest_computed d = digest_of(TEXT, strlen(TEXT));
    struct store_ingest *in = begin(s, TEXT), *second;
    struct err err;
    int status, ready[2];
    char c;
    pid_t pid;

    (void)state;
    assert_fails(store_ingest_begin(s, &d.digest, d.size, LOCK_TRY, &second, &err), ERR_BUSY, "");
    store_ingest_free(in);
    assert_int_equal(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        struct store *mine = open_store();
        struct store_transaction *t = store_transaction_new(mine);

        in = begin(mine, TEXT);
        if (write(ready[1], "", 1) != 1 || store_ingest_write(in, TEXT, strlen(TEXT), &err) < 0)
            _exit(1);
        usleep(50000); /* so that the other one is likely to wait; right either way */
        if (store_ingest_verify(in, &err) < 0)
            _exit(1);
        store_transaction_add_blob(t, in);
        _exit(store_transaction_finish(t, &err) < 0);
    }
    assert_int_equal(read(ready[0], &c, 1), 1);
    assert_ok(store_ingest_begin(s, &d.digest, d.size, LOCK_WAIT, &second, &err));
    assert_null(second);
    assert_true(store_blob_has(s, &d.digest));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(count_entries("root/tmp"), 0);
}

/* The lock of one who was killed is free, and his bytes are gone on with. */
static void test_killed_writer(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct store_ingest *in;
    struct err err;
    int status;
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        in = begin(open_store(), TEXT);
        if (store_ingest_write(in, TEXT, 4, &err) < 0)
            _exit(1);
        kill(getpid(), 9);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    in = begin(s, TEXT);
    assert_int_equal(store_ingest_offset(in), 4);
    store_ingest_free(in);
}

static void test_reading_while_it_grows(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct store_ingest *in = begin(s, TEXT);
    char seen[5] = "";
    struct err err;
    int fd;

    (void)state;
    assert_ok(store_ingest_open(in, &fd, &err));
    assert_ok(store_ingest_write(in, TEXT, 4, &err));
    assert_int_equal(pread(fd, seen, 4, 0), 4);
    assert_string_equal(seen, "what");
    assert_int_equal(write(fd, "x", 1), -1); /* only for reading */
    close(fd);
    store_ingest_free(in);
}

static void test_documents(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_(store_transaction_free_cleanup) struct store_transaction *t = store_transaction_new(s);
    struct digest_computed d = digest_of("{}", 2);
    struct err err;

    (void)state;
    assert_ok(store_transaction_put(t, "{}", 2, &d, &err));
    assert_fails(store_transaction_put(t, "{} ", 3, &d, &err), ERR_INTERNAL, "");
    finish(t);
    assert_true(store_blob_has(s, &d.digest));
    assert_ok(store_transaction_put(t, "{}", 2, &d, &err)); /* there already */
    d = digest_of("[]", 2);
    assert_ok(store_transaction_put(t, "[]", 2, &d, &err));
    store_transaction_free(steal_ptr(&t)); /* given up */
    assert_false(store_blob_has(s, &d.digest));
    assert_int_equal(count_entries("root/tmp"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_in_and_out),
        scratch_test(test_resume),
        scratch_test(test_restart),
        scratch_test(test_wrong_content),
        scratch_test(test_leftover_is_too_long),
        scratch_test(test_two_writers),
        scratch_test(test_killed_writer),
        scratch_test(test_reading_while_it_grows),
        scratch_test(test_documents),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
