#include "image_fixture.h"

static void test_open(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct made m = make_image(s, "alpine:latest", LAYERS("low", "high"));
    struct digest low = digest_of("low", 3).digest;
    char text[DIGEST_TEXT_MAX];
    _cleanup_free_ char *short_id = str_ndup(m.config.hex, 4);
    const char *names[] = {"alpine", "docker.io/library/alpine:latest", short_id, digest_format(&m.config, text)};
    struct image image;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        assert_ok(image_open(s, names[i], &image, &err));
        assert_int_equal(image.n_layers, 2);
        assert_true(digest_equal(&image.layers[0], &low));
        assert_string_equal(image.config.config.cmd[0], "sh");
        assert_true(digest_equal(&image.tag.manifest, &m.manifest));
        image_release(&image);
    }
    assert_fails(image_open(s, "debian", &image, &err), ERR_NOT_FOUND, "no such image: debian:latest");
    assert_fails(image_open(s, "0", &image, &err), ERR_NOT_FOUND, "no such image");
    assert_fails(image_open(s, "Not A Name", &image, &err), ERR_INVALID, "reference");
}

/* overlayfs takes a tree once; the highest place is the one that counts. */
static void test_repeated_layers(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct digest a = digest_of("a", 1).digest, b = digest_of("b", 1).digest;
    struct image image;
    struct err err;

    (void)state;
    make_image(s, "x:latest", LAYERS("a", "b", "a"));
    assert_ok(image_open(s, "x", &image, &err));
    assert_int_equal(image.n_layers, 2);
    assert_true(digest_equal(&image.layers[0], &b));
    assert_true(digest_equal(&image.layers[1], &a));
    image_release(&image);
}

static void test_missing_layer(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct digest a = digest_of("a", 1).digest;
    struct image image;
    struct err err;

    (void)state;
    make_image(s, "x:latest", LAYERS("a"));
    assert_ok(store_layer_discard(s, &a, &err));
    assert_fails(image_open(s, "x", &image, &err), ERR_CORRUPT, a.hex);
    assert_string_equal(err.hint, "pull it again");
}

struct told {
    char **untagged;
    size_t images, layers;
};

static void on_untagged(const char *name, void *data)
{
    strv_add(&((struct told *)data)->untagged, name);
}

static void on_deleted(enum store_dir kind, const struct digest *d, void *data)
{
    struct told *told = data;

    (void)d;
    *(kind == STORE_LAYERS ? &told->layers : &told->images) += 1;
}

static int take_away(struct store *s, const char *name, bool force, struct told *told, struct err *err)
{
    struct image_removal how = {.force = force, .untagged = on_untagged, .deleted = on_deleted, .data = told};

    strv_free(told->untagged);
    *told = (struct told){0};
    return image_remove(s, name, &how, err);
}

static void test_remove(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct made m = make_image(s, "one:1", LAYERS("base", "top"));
    struct told told = {0};
    struct err err;

    (void)state;
    make_image(s, "one:2", LAYERS("base", "top"));
    make_image(s, "other:1", LAYERS("base", "other"));
    assert_ok(take_away(s, "one:1", false, &told, &err));
    assert_int_equal(strv_len(told.untagged), 1);
    assert_string_equal(told.untagged[0], "one:1");
    assert_int_equal(told.images, 0);
    assert_true(store_blob_has(s, &m.config));
    assert_ok(take_away(s, "one:2", false, &told, &err));
    assert_int_equal(strv_len(told.untagged), 2); /* and one@sha256:… */
    assert_int_equal(told.images, 1);
    assert_int_equal(told.layers, 1); /* the base is other's as well */
    assert_false(store_blob_has(s, &m.config));
    assert_fails(take_away(s, "one:2", false, &told, &err), ERR_NOT_FOUND, "no such image: one:2");
    assert_ok(take_away(s, "other:1", false, &told, &err));
    assert_int_equal(told.layers, 2);
    strv_free(told.untagged);
}

static void test_remove_by_id(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct made m = make_image(s, "one:1", LAYERS("a"));
    struct told told = {0};
    struct err err;

    (void)state;
    make_image(s, "two:1", LAYERS("a"));
    assert_fails(take_away(s, m.config.hex, false, &told, &err), ERR_BUSY, "several repositories");
    assert_true(store_blob_has(s, &m.config));
    assert_ok(take_away(s, m.config.hex, true, &told, &err));
    assert_int_equal(told.images, 1);
    assert_int_equal(count_entries("root/layers/sha256"), 0);
    strv_free(told.untagged);
}

/* All tags of the image in this repository, and none that another image or repository has. */
static void test_remove_by_digest(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct made m = make_image(s, "one:1", LAYERS("a"));
    _cleanup_free_ char *digest = str_printf("one@sha256:%s", m.manifest.hex);
    _cleanup_free_ char *tagged = str_printf("one:2@sha256:%s", m.manifest.hex);
    _cleanup_free_ char *other = str_printf("one:3@sha256:%s", m.manifest.hex);
    struct told told = {0};
    struct err err;

    (void)state;
    make_image(s, "one:2", LAYERS("a"));
    make_image(s, "one:3", LAYERS("b"));
    make_image(s, "two:1", LAYERS("a"));
    assert_fails(take_away(s, other, false, &told, &err), ERR_NOT_FOUND, "no such image: one:3@sha256:");
    assert_ok(take_away(s, tagged, false, &told, &err));
    assert_int_equal(strv_len(told.untagged), 1);
    assert_string_equal(told.untagged[0], "one:2");
    make_image(s, "one:2", LAYERS("a"));
    assert_ok(take_away(s, digest, false, &told, &err));
    assert_int_equal(strv_len(told.untagged), 3); /* and one@sha256:… */
    assert_string_equal(told.untagged[0], "one:1");
    assert_string_equal(told.untagged[1], "one:2");
    assert_int_equal(told.images, 0);
    assert_fails(take_away(s, digest, false, &told, &err), ERR_NOT_FOUND, "no such image: one@sha256:");
    assert_ok(take_away(s, "one:3", false, &told, &err));
    assert_ok(take_away(s, "two:1", false, &told, &err));
    assert_int_equal(told.images, 1);
    strv_free(told.untagged);
}

static void test_image_in_use(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct made m = make_image(s, "one:1", LAYERS("a"));
    struct told told = {0};
    char text[DIGEST_TEXT_MAX];
    struct err err;
    FILE *f;

    (void)state;
    assert_int_equal(mkdir("root/containers", 0700), 0);
    assert_int_equal(mkdir("root/containers/c1", 0700), 0);
    f = fopen("root/containers/c1/record.json", "w");
    fprintf(f, "{\"id\":\"c1\",\"name\":\"brave\",\"manifest\":\"%s\"}", digest_format(&m.manifest, text));
    fclose(f);
    assert_fails(take_away(s, "one:1", false, &told, &err), ERR_BUSY, "brave");
    assert_ok(take_away(s, "one:1", true, &told, &err)); /* the name goes, what the container needs stays */
    assert_int_equal(told.images, 0);
    assert_true(store_blob_has(s, &m.config));
    strv_free(told.untagged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_open),         scratch_test(test_repeated_layers), scratch_test(test_missing_layer),
        scratch_test(test_remove),       scratch_test(test_remove_by_id),    scratch_test(test_remove_by_digest),
        scratch_test(test_image_in_use),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
