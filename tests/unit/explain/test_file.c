#include "../unit.h"

#include "explain/file_layers.h"
#include "explain/file_path.h"
#include "explain/layers.h"

#include <sys/xattr.h>

static void put(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static void asked(const char *path, enum explain_layer_says says, bool last)
{
    int dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct explain_layer_answer a;

    assert_int_equal(explain_layer_ask(dir, path, &a), 0);
    close(dir);
    assert_int_equal(a.says, says);
    assert_int_equal(a.last, last);
}

static void test_a_layer_has_deletes_or_hides(_unused_ void **state)
{
    assert_int_equal(mkdir("d", 0755) | mkdir("d/opaque", 0755), 0);
    put("d/file", "x");
    put("d/gone", "");
    assert_int_equal(symlink("/", "d/link"), 0);
    /* As a user without rights marks them. */
    if (setxattr("d/gone", "user.overlay.whiteout", "y", 1, 0) < 0 ||
        setxattr("d/opaque", "user.overlay.opaque", "y", 1, 0) < 0) {
        print_message("no extended attributes here\n");
        skip();
    }
    asked("/", EXPLAIN_LAYER_HAS, false);
    asked("/d", EXPLAIN_LAYER_HAS, false);
    asked("/d/file", EXPLAIN_LAYER_HAS, true);
    asked("/d/none", EXPLAIN_LAYER_NOTHING, false);
    asked("/d/gone", EXPLAIN_LAYER_DELETES, true);
    asked("/d/gone/below", EXPLAIN_LAYER_DELETES, true);
    asked("/d/file/below", EXPLAIN_LAYER_HIDES, true);
    asked("/d/link/etc", EXPLAIN_LAYER_HIDES, true); /* not followed */
    asked("/d/link", EXPLAIN_LAYER_HAS, true);
    asked("/d/opaque", EXPLAIN_LAYER_HAS, true);
    asked("/d/opaque/none", EXPLAIN_LAYER_NOTHING, true);
}

/* Follows `path`: where it ends, then each link that was on the way. */
static char *followed(const char *path, int wanted)
{
    int root = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_explain_path_ struct explain_path p = {0};
    struct buf text = BUF_INIT;

    assert_int_equal(explain_path_follow(root, path, &p), wanted);
    close(root);
    buf_adds(&text, p.path);
    VEC_FOREACH (l, &p.links)
        buf_addf(&text, " %s->%s", l->path, l->to);
    return buf_steal(&text);
}

static void ends(const char *path, int wanted, const char *expected)
{
    _cleanup_free_ char *text = followed(path, wanted);

    assert_string_equal(text, expected);
}

static void test_links_are_followed_inside_the_root(_unused_ void **state)
{
    assert_int_equal(mkdir("usr", 0755) | mkdir("usr/bin", 0755), 0);
    put("usr/bin/tool", "x");
    assert_int_equal(symlink("usr/bin", "bin") | symlink("/bin/tool", "absolute") |
                         symlink("../../../../usr/bin/tool", "up") | symlink("/usr", "usr/again"),
                     0);
    ends("/usr/bin/tool", 0, "/usr/bin/tool");
    ends("bin//./tool", 0, "/usr/bin/tool /bin->usr/bin");
    ends("/absolute", 0, "/usr/bin/tool /absolute->/bin/tool /bin->usr/bin");
    ends("/up", 0, "/usr/bin/tool /up->../../../../usr/bin/tool");
    ends("/usr/again/bin/tool", 0, "/usr/bin/tool /usr/again->/usr");
    ends("/bin/../bin", 0, "/usr/bin /bin->usr/bin"); /* of what the link leads to */
    ends("/../../usr", 0, "/usr");
    ends("/bin/none/x", -ENOENT, "/usr/bin/none/x /bin->usr/bin");
    ends("/usr/bin/tool/x", -ENOTDIR, "/usr/bin/tool/x");
    ends("/", 0, "/");
}

static void test_links_in_a_circle_end(_unused_ void **state)
{
    int root;
    struct explain_path p = {0};

    assert_int_equal(symlink("loop", "loop"), 0);
    root = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(explain_path_follow(root, "/loop", &p), -ELOOP);
    close(root);
    explain_path_release(&p);
}

/* Of hexadecimal digits that are all `c`. */
static char *digits(char c)
{
    char *text = str_dup("0000000000000000000000000000000000000000000000000000000000000000");

    memset(text, c, strlen(text));
    return text;
}

static void test_each_layer_has_the_line_that_made_it(_unused_ void **state)
{
    _cleanup_free_ char *a = digits('a'), *b = digits('b'), *other = digits('c');
    _cleanup_free_ char *path_a = str_printf("layers/sha256/%s/tree", a),
                        *path_b = str_printf("layers/sha256/%s/tree", b);
    _cleanup_free_ char *of_build = str_printf("build-cache/layers/sha256/%s/tree", other);
    _cleanup_free_ char *id_a = str_printf("sha256:%s", a), *id_b = str_printf("sha256:%s", b);
    char *ids[] = {id_a, id_b, id_a, NULL}, *lower[] = {of_build, path_a, path_b, (char *)"skeleton", NULL};
    struct oci_history lines[] = {{.created_by = (char *)"first"},
                                  {.created_by = (char *)"ENV x", .empty_layer = true},
                                  {.created_by = (char *)"second"},
                                  {.created_by = (char *)"third"}};
    struct oci_image_config config = {.rootfs.diff_ids = ids, .history = {lines, 4, 4}};
    _cleanup_explain_layers_ explain_layers layers = {0};
    static const struct {
        size_t number;
        const char *name, *words;
    } expected[] = {
        {0, "layer", "sha256:cccccccccccc"},
        {3, "layer 3", "sha256:aaaaaaaaaaaa, made by third"}, /* what stands twice counts at its highest place */
        {2, "layer 2", "sha256:bbbbbbbbbbbb, made by second"},
        {0, "lowest", "the places to mount on that cbox lays below every image"},
    };

    explain_layers_of(lower, &config, &layers);
    assert_int_equal(layers.n, ARRAY_SIZE(expected));
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        _cleanup_free_ char *name = explain_layer_name(&layers.v[i]), *words = explain_layer_words(&layers.v[i]);

        assert_int_equal(layers.v[i].number, expected[i].number);
        assert_string_equal(name, expected[i].name);
        assert_string_equal(words, expected[i].words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_layer_has_deletes_or_hides, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_links_are_followed_inside_the_root, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_links_in_a_circle_end, scratch_setup, scratch_teardown),
        cmocka_unit_test(test_each_layer_has_the_line_that_made_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
