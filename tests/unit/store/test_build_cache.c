#include "store_fixture.h"

#include "base/buf.h"
#include "base/strv.h"
#include "store/build_cache.h"
#include "store/gc.h"

#define KEY_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define KEY_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* Adds a layer with one file. */
static struct digest add_layer(struct store *s, const char *text)
{
    struct digest_computed d = digest_of(text, strlen(text));
    const struct store_layer_info info = {.bytes = (int64_t)strlen(text), .members = 1};
    _cleanup_free_ char *name = NULL;
    int dir, lock, fd;
    struct err err;

    assert_ok(store_build_stage(s, &dir, &name, &lock, &err));
    fd = openat(dir, "tree/file", O_WRONLY | O_CREAT | O_EXCL, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (int)strlen(text));
    close(fd);
    close(openat(dir, "manifest", O_WRONLY | O_CREAT, 0600));
    assert_ok(store_build_add_layer(s, &d.digest, &info, name, &err));
    close(dir);
    close(lock);
    return d.digest;
}

static void keep(struct store *s, const char *key, const struct digest *layer, int64_t bytes)
{
    char diff_id[DIGEST_TEXT_MAX];
    struct store_build_input inputs[] = {{(char *)"argument A", (char *)"1"}, {(char *)"file caf\xe9", (char *)"x"}};
    struct store_build_record r = {.key = (char *)key, .step = (char *)"RUN make", .bytes = bytes, .tar_size = bytes};
    struct err err;

    r.diff_id = layer ? digest_format(layer, diff_id) : NULL;
    r.inputs.v = inputs;
    r.inputs.n = ARRAY_SIZE(inputs);
    assert_ok(store_build_keep(s, &r, 0, &err));
}

static bool found(struct store *s, const char *key)
{
    _cleanup_build_record_ struct store_build_record r = {0};
    struct err err;

    return store_build_find(s, key, &r, &err) == 0;
}

static void expect_path(struct store *s, const struct digest *d, const char *begins)
{
    _cleanup_free_ char *path = NULL, *file = NULL;
    struct err err;

    assert_ok(store_build_layer_path(s, d, &path, &err));
    assert_non_null(str_after(path, begins));
    file = str_printf("root/%s/file", path);
    assert_int_equal(access(file, F_OK), 0);
}

static void collect(struct store *s)
{
    const struct store_gc_options options = {.removed = NULL};
    struct err err;

    assert_ok(store_gc(s, &options, &err));
}

static void test_keep_and_find(void **state _unused_)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_build_record_ struct store_build_record r = {0};
    struct digest d;
    struct err err;
    int running;

    assert_ok(store_build_begin(s, &running, &err));
    assert_fails(store_build_find(s, KEY_A, &r, &err), ERR_NOT_FOUND, "no earlier build");
    d = add_layer(s, "one");
    keep(s, KEY_A, &d, 3);
    assert_ok(store_build_find(s, KEY_A, &r, &err));
    assert_string_equal(r.step, "RUN make");
    assert_int_equal(r.inputs.n, 2);
    assert_string_equal(r.inputs.v[0].name, "argument A");
    assert_string_equal(r.inputs.v[1].name, "file caf\\xe9"); /* no UTF-8 */
    assert_true(r.used > 0);
    /* A step that changed nothing. */
    keep(s, KEY_B, NULL, 0);
    assert_true(found(s, KEY_B));
    assert_fails(store_build_find(s, "../../x", &r, &err), ERR_NOT_FOUND, "");
    close(running);
}

static void test_settle(void **state _unused_)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct digest kept = add_layer(s, "kept"), other = add_layer(s, "other");
    struct err err;

    keep(s, KEY_A, &kept, 4);
    expect_path(s, &kept, "build-cache/layers/");
    assert_ok(store_build_settle(s, &err));
    expect_path(s, &kept, "layers/");
    assert_int_equal(count_entries("root/layers/sha256"), 1);
    /* What no step keeps stays where no collection sees it. */
    expect_path(s, &other, "build-cache/layers/");
    assert_int_equal(count_entries("root/tmp/layers"), 0);
    /* The record keeps the layer alive, and nothing else does. */
    collect(s);
    assert_true(found(s, KEY_A));
    assert_int_equal(unlink("root/build-cache/records/" KEY_A), 0);
    collect(s);
    assert_int_equal(count_entries("root/layers/sha256"), 0);
}

/* Two steps may make the same layer, at once or one after the other. */
static void test_same_layer(void **state _unused_)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct digest d = add_layer(s, "same");
    struct err err;

    add_layer(s, "same");
    keep(s, KEY_A, &d, 4);
    assert_ok(store_build_settle(s, &err));
    add_layer(s, "same");
    keep(s, KEY_B, &d, 4);
    assert_ok(store_build_settle(s, &err));
    assert_int_equal(count_entries("root/layers/sha256"), 1);
    assert_int_equal(count_entries("root/build-cache/layers/sha256"), 0);
    assert_ok(store_empty_trash(s, &err));
    assert_int_equal(count_entries("root/tmp/trash"), 0);
    assert_true(found(s, KEY_A) && found(s, KEY_B));
}

/* After a power cut what was not synced goes, and what was stays. */
static void test_other_boot(void **state _unused_)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct digest settled, fresh;
    struct err err;
    FILE *boot;
    int running;

    assert_ok(store_build_begin(s, &running, &err));
    close(running);
    settled = add_layer(s, "settled");
    keep(s, KEY_A, &settled, 7);
    assert_ok(store_build_settle(s, &err));
    fresh = add_layer(s, "fresh");
    keep(s, KEY_B, &fresh, 5);
    assert_ok(store_build_memo_write(s, "abc", "x", 1, &err));
    assert_true(found(s, KEY_B));
    boot = fopen("root/build-cache/boot", "w");
    assert_non_null(boot);
    fputs("another", boot);
    fclose(boot);
    assert_ok(store_build_begin(s, &running, &err));
    close(running);
    assert_true(found(s, KEY_A));
    assert_false(found(s, KEY_B));
    assert_int_equal(count_entries("root/build-cache/layers"), 0);
    assert_int_equal(count_entries("root/build-cache/memos"), -1);
    assert_int_equal(count_entries("root/build-cache/records"), 1);
    /* And the next one finds nothing to do. */
    fresh = add_layer(s, "fresh");
    keep(s, KEY_B, &fresh, 5);
    assert_ok(store_build_begin(s, &running, &err));
    close(running);
    assert_true(found(s, KEY_B));
}

static void test_places_are_swept(void **state _unused_)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_free_ char *name = NULL;
    struct err err;
    int dir, lock;

    assert_ok(store_build_stage(s, &dir, &name, &lock, &err));
    collect(s);
    assert_int_equal(count_entries("root/tmp/layers"), 2); /* it and its lock */
    close(lock);
    collect(s);
    assert_int_equal(count_entries("root/tmp/layers"), 0);
    close(dir);
}

static void test_damaged_records(void **state _unused_)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    FILE *f;

    keep(s, KEY_A, NULL, 0);
    assert_int_equal(rename("root/build-cache/records/" KEY_A, "root/build-cache/records/" KEY_B), 0);
    assert_false(found(s, KEY_B)); /* it is another's */
    f = fopen("root/build-cache/records/" KEY_A, "w");
    assert_non_null(f);
    fputs("{\"key\": \"" KEY_A "\", \"diffId\": \"../../etc\"}", f);
    fclose(f);
    assert_false(found(s, KEY_A));
}

static void test_memos(void **state _unused_)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_buf_ struct buf b = BUF_INIT_MAX(100);
    struct err err;

    assert_fails(store_build_memo_read(s, "abc", &b, &err), ERR_NOT_FOUND, "");
    assert_ok(store_build_memo_write(s, "abc", "fact", 4, &err));
    assert_ok(store_build_memo_read(s, "abc", &b, &err));
    assert_string_equal(buf_str(&b), "fact");
    assert_fails(store_build_memo_write(s, "../abc", "fact", 4, &err), ERR_INTERNAL, "memo");
}

/* ---- removing ---- */

/* As of `age` seconds before the time of the others. */
static void make_old(const char *key, int age)
{
    _cleanup_free_ char *path = str_printf("root/build-cache/records/%s", key);
    const struct timespec times[] = {{.tv_sec = 1000000000 - age}, {.tv_sec = 1000000000 - age}};

    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static char key_text[65];
static const char *key_of(char c)
{
    memset(key_text, c, 64);
    return key_text;
}

static void keep_layer(struct store *s, char key, const char *text, int64_t bytes, int age)
{
    struct digest d = add_layer(s, text);

    keep(s, key_of(key), &d, bytes);
    make_old(key_of(key), age);
}

static void expect_found(struct store *s, const char *keys)
{
    struct store_build_record r = {0};
    struct err err;

    for (char c = 'a'; c <= 'f'; c++) {
        _cleanup_free_ char *path = str_printf("root/build-cache/records/%s", key_of(c));
        bool there = access(path, F_OK) == 0;

        if (there != !!strchr(keys, c))
            fail_msg("%c is%s there", c, there ? "" : " not");
        if (there)
            assert_ok(store_build_find(s, key_of(c), &r, &err));
        if (there)
            store_build_record_release(&r);
    }
}

static char *told;
static void tell(const char *what, int64_t bytes, void *data _unused_)
{
    str_replace(&told, str_printf("%s%.1s=%lld ", told ? told : "", what, (long long)bytes));
}

static int64_t prune(struct store *s, struct store_build_prune how)
{
    int64_t bytes;
    struct err err;

    str_replace(&told, NULL);
    how.removed = tell;
    assert_ok(store_build_prune(s, &how, &bytes, &err));
    return bytes;
}

static void test_prune(void **state _unused_)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct err err;

    keep_layer(s, 'a', "one", 100, 30);
    keep_layer(s, 'b', "two", 200, 20);
    keep_layer(s, 'c', "two", 200, 10); /* the same layer */
    assert_ok(store_build_settle(s, &err));
    keep_layer(s, 'd', "three", 300, 40); /* not settled */
    add_layer(s, "orphan");
    assert_int_equal(prune(s, (struct store_build_prune){.keep_bytes = 600}), 0);
    assert_int_equal(count_entries("root/build-cache/layers/sha256"), 1); /* the orphan went */
    make_old(key_of('a'), 30);
    /* The least recently used first, and a layer with the last of its steps. */
    assert_int_equal(prune(s, (struct store_build_prune){.keep_bytes = 350}), 300);
    assert_string_equal(told, "d=300 ");
    assert_int_equal(
        prune(s, (struct store_build_prune){.keep_bytes = -1, .older_than = (1000000000 - 15) * 1000000000LL}), 100);
    expect_found(s, "c");
    assert_int_equal(count_entries("root/layers/sha256"), 1);
    assert_int_equal(prune(s, (struct store_build_prune){.keep_bytes = -1}), 200);
    expect_found(s, "");
    assert_int_equal(count_entries("root/layers/sha256"), 0);
    assert_int_equal(count_entries("root/tmp/trash"), 0);
    str_replace(&told, NULL);
}

/* What a build that runs has found or made stays, and what a lease keeps. */
static void test_prune_and_build(void **state _unused_)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct store_lease *lease;
    struct digest d, f;
    struct err err;
    int running;

    assert_ok(store_build_begin(s, &running, &err));
    close(running);
    keep_layer(s, 'a', "one", 100, 30);
    keep_layer(s, 'b', "two", 200, 20);
    assert_ok(store_build_begin(s, &running, &err));
    assert_true(found(s, key_of('a')));
    d = add_layer(s, "in flight");
    assert_int_equal(prune(s, (struct store_build_prune){.keep_bytes = -1}), 200);
    expect_found(s, "a");
    expect_path(s, &d, "build-cache/layers");
    close(running);
    make_old(key_of('a'), 30);
    f = digest_of("one", 3).digest;
    assert_ok(store_lease_take(s, NULL, 0, &f, 1, &lease, &err));
    assert_int_equal(prune(s, (struct store_build_prune){.keep_bytes = -1}), 0);
    expect_found(s, "a");
    store_lease_free(lease);
    make_old(key_of('a'), 30);
    assert_int_equal(prune(s, (struct store_build_prune){.keep_bytes = -1}), 100);
    assert_int_equal(count_entries("root/build-cache/running"), 0);
    str_replace(&told, NULL);
}

static int keep_below(struct store *s, char key, const char *text, int64_t bytes, int64_t ceiling)
{
    struct digest d = add_layer(s, text);
    char diff_id[DIGEST_TEXT_MAX];
    struct store_build_record r = {.key = (char *)key_of(key), .step = (char *)"RUN x", .bytes = bytes};
    struct err err;

    r.diff_id = digest_format(&d, diff_id);
    assert_ok(store_build_keep(s, &r, ceiling, &err));
    return found(s, key_of(key));
}

/* A ceiling is none that is looked at afterwards. */
static void test_ceiling(void **state _unused_)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct err err;
    int running;

    assert_ok(store_build_begin(s, &running, &err));
    assert_true(keep_below(s, 'a', "one", 400, 1000));
    make_old(key_of('a'), 30);
    assert_true(keep_below(s, 'b', "two", 400, 1000));
    make_old(key_of('b'), 20);
    assert_ok(store_build_settle(s, &err));
    assert_true(keep_below(s, 'c', "three", 400, 1000)); /* in place of the oldest */
    expect_found(s, "bc");
    make_old(key_of('b'), 20);
    make_old(key_of('c'), 10);
    assert_false(keep_below(s, 'd', "too large", 1001, 1000)); /* and nothing went for it */
    expect_found(s, "bc");
    /* What a running build has does not go, so there is no room. */
    assert_true(found(s, key_of('b')) && found(s, key_of('c')));
    assert_false(keep_below(s, 'e', "four", 400, 1000));
    expect_found(s, "bc");
    assert_true(keep_below(s, 'f', "small", 1000, 0)); /* no ceiling */
    expect_found(s, "bcf");
    close(running);
}

static void test_mounts(void **state _unused_)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_free_ char *path = NULL, *again = NULL;
    struct err err;
    struct stat st;
    bool new;
    int lock, other;

    keep(s, KEY_A, NULL, 5);
    assert_int_equal(stat("root/build-cache/size", &st), 0);
    assert_int_equal(st.st_size, 1);
    assert_ok(store_build_mount(s, "apt", LOCK_SHARED, LOCK_TRY, &path, &new, &lock, &err));
    assert_true(new);
    assert_int_equal(stat("root/build-cache/size", &st), 0);
    assert_int_equal(st.st_size, 0); /* nobody knows how it grows */
    assert_int_equal(unlink("root/build-cache/records/" KEY_A), 0);
    assert_fails(store_build_mount(s, "apt", LOCK_EXCLUSIVE, LOCK_TRY, &again, &new, &other, &err), ERR_BUSY,
                 "another build");
    assert_ok(store_build_mount(s, "apt", LOCK_SHARED, LOCK_TRY, &again, &new, &other, &err));
    assert_false(new);
    assert_string_equal(path, again);
    close(other);
    assert_int_equal(prune(s, (struct store_build_prune){.keep_bytes = -1, .mounts = true}), 0);
    close(lock);
    assert_int_equal(prune(s, (struct store_build_prune){.keep_bytes = -1}), 0);
    assert_int_equal(access(path, F_OK), 0);
    assert_true(prune(s, (struct store_build_prune){.keep_bytes = -1, .mounts = true}) > 0);
    assert_int_equal(access(path, F_OK), -1);
    str_replace(&told, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_keep_and_find),
        scratch_test(test_settle),
        scratch_test(test_same_layer),
        scratch_test(test_other_boot),
        scratch_test(test_places_are_swept),
        scratch_test(test_damaged_records),
        scratch_test(test_memos),
        scratch_test(test_prune),
        scratch_test(test_prune_and_build),
        scratch_test(test_ceiling),
        scratch_test(test_mounts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
