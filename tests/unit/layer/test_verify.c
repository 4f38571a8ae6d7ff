#include "apply.h"

/* Unpacks a layer with one of each, does something to it, and looks at it in both ways. */
static void check(const char *damage, const char *names, const char *entries)
{
    _cleanup_buf_ struct buf b = BUF_INIT;
    struct told told;

    tar_dir(&b, "d", .mtime = 1000);
    tar_file(&b, "d/file", "content", .mtime = 1000);
    tar_file(&b, "d/again", "first", .mtime = 1000);
    tar_file(&b, "d/again", "second one", .mtime = 2000);
    tar_add(&b, .name = "d/link", .type = '2', .link = "file");
    tar_add(&b, .name = "d/hard", .type = '1', .link = "d/file");
    tar_file(&b, "top", "content");
    tar_dir(&b, "gone");
    tar_file(&b, "gone/file", "content");
    tar_file(&b, "gone", "no directory any more");
    tar_file(&b, "opaque/.wh..wh..opq", "");
    tar_end(&b);
    assert_int_equal(system("rm -rf tree"), 0);
    apply_ok(&b);
    assert_int_equal(system(damage), 0);
    told = verify(LAYER_VERIFY_NAMES);
    assert_string_equal(told.last, names);
    assert_int_equal(told.n > 0, *names != 0);
    told = verify(LAYER_VERIFY_ENTRIES);
    assert_string_equal(told.last, entries);
}

static void test_differences(void **state _unused_)
{
    check("true", "", "");
    check("rm tree/d/file", "d: was changed", "d/file: is missing");
    check("rm tree/d/again", "d: was changed", "d/again: is missing");
    check("rm tree/top", "top: is missing", "top: is missing");
    check("touch tree/d/new", "d: was changed", "d: was changed");
    check("mv tree/d/hard tree/d/link", "d: was changed", "d/link: has another type");
    check("rm -r tree/opaque", "opaque: is missing", "opaque: is missing");
    check("rmdir tree/opaque; mkdir tree/opaque; touch -d @0 tree/opaque", "opaque: hides nothing any more",
          "opaque: hides nothing any more");
    check("chmod 600 tree/d", "d: has another mode", "d: has another mode");
    /* What only the long way finds. */
    check("echo >tree/d/again", "", "d/again: has another size");
    check("touch tree/d/again", "", "d/again: was changed");
    check("chmod 600 tree/d/again", "", "d/again: has another mode");
    check("ln -sfn elsewhere tree/d/link; touch -h -d @0 tree/d/link; touch -d @1000 tree/d", "",
          "d/link: leads elsewhere");
}

/* The same size, the same time, other bytes. */
static void test_contents(void **state _unused_)
{
    _cleanup_buf_ struct buf b = BUF_INIT;
    _cleanup_free_ char *large = mem_zalloc(1, 700000);
    struct told told;
    struct err err;

    memset(large, 'x', 699999);
    tar_file(&b, "d/one", "content", .mtime = 1000);
    tar_file(&b, "d/large", large, .mtime = 1000);
    tar_file(&b, "d/empty", "", .mtime = 1000);
    tar_add(&b, .name = "d/hard", .type = '1', .link = "d/one");
    tar_end(&b);
    apply_ok(&b);
    assert_ok(layer_open_libraries(&err));
    assert_int_equal(verify(LAYER_VERIFY_CONTENTS).n, 0);
    assert_int_equal(system("printf CONTENT >tree/d/one; touch -d @1000 tree/d/one; touch -d @0 tree/d"), 0);
    assert_int_equal(verify(LAYER_VERIFY_ENTRIES).n, 0);
    told = verify(LAYER_VERIFY_CONTENTS);
    assert_int_equal(told.n, 1);
    assert_string_equal(told.last, "d/one: has another content");
    assert_int_equal(system("printf y | dd of=tree/d/large bs=1 seek=699998 conv=notrunc status=none; "
                            "touch -d @1000 tree/d/large"),
                     0);
    assert_int_equal(verify(LAYER_VERIFY_CONTENTS).n, 2);
}

static void test_everything_gone(void **state _unused_)
{
    _cleanup_buf_ struct buf b = BUF_INIT;

    for (int i = 0; i < 1000; i++) {
        _cleanup_free_ char *name = str_printf("a/b%d/file", i % 500);

        tar_file(&b, name, "content");
    }
    tar_end(&b);
    apply_ok(&b);
    assert_int_equal(system("rm -r tree/a"), 0);
    assert_int_equal(verify(LAYER_VERIFY_ENTRIES).n, 1 + 500 + 500); /* each once, though written twice */
}

static void test_damaged_manifest(void **state _unused_)
{
    struct told told = {0};
    _cleanup_fd_ int tree = -1, manifest = memory_file("d 755 0 0\n", 10);
    struct layer_verify_options o = {.manifest_fd = manifest, .differs = on_difference, .data = &told};
    int64_t bytes;
    struct err err;

    o.tree_fd = tree = open(".", O_RDONLY | O_DIRECTORY);
    assert_fails(layer_verify(&o, &bytes, &err), ERR_CORRUPT, "line 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_differences),
        scratch_test(test_contents),
        scratch_test(test_everything_gone),
        scratch_test(test_damaged_manifest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
