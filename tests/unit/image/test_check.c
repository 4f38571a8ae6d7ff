/* Repairing a store in which other commands work as well. */
#include "image_fixture.h"

#include "image/check.h"
#include "store/blob.h"
#include "store/gc.h"
#include "store/layer.h"

static int64_t downloads = 2;
static const struct config config_of_test = {.max_concurrent_downloads = &downloads};
static const struct image_check_options options;

static void write_blob(const struct digest *d, const char *text)
{
    _cleanup_free_ char *path = str_printf("root/blobs/sha256/%s", d->hex);
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static const struct image_fault *find_fault(const struct image_check *c, const struct digest *d)
{
    VEC_FOREACH (f, &c->faults)
        if (digest_equal(&f->digest, d))
            return f;
    return NULL;
}

/* What another command has brought anew since the look is not thrown away. */
static void test_mended_meanwhile(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    const char *good = "packed base";
    struct digest blob = digest_of(good, strlen(good)).digest, orphan;
    _cleanup_check_ struct image_check c = {0};
    struct store_transaction *t = store_transaction_new(s);
    struct err err;

    (void)state;
    make_image(s, "127.0.0.1:1/app:1", LAYERS("base"));
    orphan = bring_blob(s, t, "of nobody");
    finish(t);
    store_transaction_free(t);
    write_blob(&blob, "damaged");
    write_blob(&orphan, "damaged");
    assert_ok(image_check(s, &options, &c, &err));
    assert_non_null(find_fault(&c, &blob)->needed_by);
    assert_null(find_fault(&c, &orphan)->needed_by);
    write_blob(&blob, good);
    write_blob(&orphan, "of nobody");
    assert_ok(image_repair(s, &config_of_test, &options, &c, &err));
    assert_true(store_blob_has(s, &blob));
    assert_true(store_blob_has(s, &orphan));
    assert_non_null(find_fault(&c, &blob)->remedy);
    assert_non_null(find_fault(&c, &orphan)->remedy);
}

/* What nobody needed when it was looked at, and a pull counts on by now. */
static void test_needed_meanwhile(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_(store_lease_free_cleanup) struct store_lease *lease = NULL;
    struct store_transaction *t = store_transaction_new(s);
    struct digest used = bring_layer(s, t, "used"), unused = bring_layer(s, t, "unused");
    _cleanup_check_ struct image_check c = {0};
    _cleanup_free_ char *file = NULL, *other = NULL;
    struct err err;

    (void)state;
    finish(t);
    store_transaction_free(t);
    file = str_printf("root/layers/sha256/%s/manifest", used.hex);
    other = str_printf("root/layers/sha256/%s/manifest", unused.hex);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(unlink(other), 0);
    assert_ok(image_check(s, &options, &c, &err));
    assert_null(find_fault(&c, &used)->needed_by);
    assert_ok(store_lease_take(s, NULL, 0, &used, 1, &lease, &err));
    assert_ok(image_repair(s, &config_of_test, &options, &c, &err));
    assert_true(store_layer_has(s, &used));
    assert_false(store_layer_has(s, &unused));
    assert_null(find_fault(&c, &used)->remedy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_mended_meanwhile, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_needed_meanwhile, scratch_setup, scratch_teardown),
    };

    return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
