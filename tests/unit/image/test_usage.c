#include "image_fixture.h"

#include "image/name.h"
#include "image/usage.h"

#include <sys/stat.h>

static void write_file(const char *path, size_t size)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    for (size_t i = 0; i < size; i++)
        fputc('x', f);
    fclose(f);
}

/* du(1) of the whole store. */
static int64_t du(void)
{
    long long bytes = 0;
    FILE *f = popen("sync; du -s --block-size=1 root", "r");

    assert_non_null(f);
    assert_int_equal(fscanf(f, "%lld", &bytes), 1);
    pclose(f);
    return bytes;
}

static void test_every_byte(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct made m = make_image(s, "app:1", LAYERS("base", "top"));
    _cleanup_usage_ struct image_usage u = {0};
    struct digest base = digest_of("base", 4).digest;
    _cleanup_free_ char *tree = str_printf("root/layers/sha256/%s/tree", base.hex);
    _cleanup_free_ char *a = str_printf("%s/a", tree), *b = str_printf("%s/b", tree),
                        *deep = str_printf("%s/c/d", tree);
    int64_t sum = 0;
    int containers = 0, unfinished = 0;
    struct err err;

    (void)state;
    (void)m;
    write_file(a, 100000);
    assert_int_equal(link(a, b), 0);
    *strrchr(deep, '/') = 0;
    assert_int_equal(mkdir(deep, 0755), 0);
    deep[strlen(deep)] = '/';
    assert_int_equal(mkdir(deep, 0755), 0);
    assert_int_equal(mkdir("root/containers", 0755), 0);
    assert_int_equal(mkdir("root/containers/abc", 0755), 0);
    write_file("root/containers/abc/file", 5000);
    write_file("root/tmp/blob-x", 9000);
    write_file("root/something", 9000);
    assert_int_equal(mkdir("root/tmp/layers/x", 0755), 0);
    write_file("root/tmp/layers/x/file", 9000);
    assert_int_equal(symlink("abc", "root/containers/@name"), 0);
    assert_int_equal(mkdir("root/volumes", 0755), 0);
    assert_int_equal(mkdir("root/volumes/data", 0755), 0);
    assert_int_equal(mkdir("root/volumes/data/_data", 0755), 0);
    write_file("root/volumes/data/_data/file", 50000);
    assert_ok(image_usage_measure(s, &u, &err));
    for (size_t i = 0; i < IMAGE_USAGE_KINDS_; i++)
        sum += u.bytes[i];
    assert_true(sum == du());
    assert_true(u.bytes[IMAGE_USAGE_LAYER] >= 100000 && u.bytes[IMAGE_USAGE_LAYER] < 200000);
    assert_true(u.bytes[IMAGE_USAGE_CONTAINER] >= 5000 && u.bytes[IMAGE_USAGE_UNFINISHED] >= 9000);
    assert_true(u.bytes[IMAGE_USAGE_VOLUME] >= 50000 && u.bytes[IMAGE_USAGE_VOLUME] < 90000);
    assert_int_equal(u.images.n, 1);
    VEC_FOREACH (part, &u.parts) {
        containers += part->kind == IMAGE_USAGE_CONTAINER;
        unfinished += part->kind == IMAGE_USAGE_UNFINISHED;
    }
    assert_int_equal(containers, 1);
    assert_int_equal(unfinished, 2);
}

static void test_shared(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct made one = make_image(s, "one:1", LAYERS("base", "one"));
    _cleanup_usage_ struct image_usage u = {0};
    struct store_transaction *t = store_transaction_new(s);
    struct store_tag found;
    bool one_is_first;
    int64_t sum = 0;
    struct err err;

    (void)state;
    (void)one;
    make_image(s, "two:1", LAYERS("base", "two"));
    assert_ok(image_find(s, "two:1", &found, &err));
    oci_reference_release(&found.name);
    assert_ok(oci_reference_parse("copy:1", &found.name, &err));
    assert_ok(store_tag_set(s, &found, &err));
    store_tag_release(&found);
    bring_blob(s, t, "of no image");
    finish(t);
    store_transaction_free(t);
    assert_ok(image_usage_measure(s, &u, &err));
    assert_int_equal(u.images.n, 2);
    one_is_first = str_eq(u.images.v[0].tag->name.path, "library/one");
    assert_true(u.images.v[0].shared > 0 && u.images.v[0].shared == u.images.v[1].shared);
    VEC_FOREACH (part, &u.parts)
        if (part->kind <= IMAGE_USAGE_LAYER && part->images == 0)
            sum += part->bytes;
    assert_true(sum > 0);
    assert_true(u.images.v[0].shared + u.images.v[0].unique + u.images.v[1].unique + sum ==
                u.bytes[IMAGE_USAGE_BLOB] + u.bytes[IMAGE_USAGE_LAYER]);
    assert_true(image_usage_gone(s, &u) == 0);
    assert_ok(image_remove(s, "one:1", &(struct image_removal){0}, &err)); /* and what no image needs */
    assert_true(image_usage_gone(s, &u) == u.images.v[one_is_first ? 0 : 1].unique + sum);
    assert_true(image_usage_reclaimable(&u) == u.bytes[IMAGE_USAGE_BLOB] + u.bytes[IMAGE_USAGE_LAYER]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_every_byte),
        scratch_test(test_shared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
