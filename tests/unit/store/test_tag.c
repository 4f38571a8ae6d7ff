#include "store_fixture.h"

#include "store/tag.h"

static struct store_tag make(const char *name, const char *content)
{
    struct store_tag t = {.bytes = 42, .created = 1700000000123456789, .pulled = 1700000001000000000};
    struct err err;

    assert_ok(oci_reference_parse(name, &t.name, &err));
    oci_reference_default_tag(&t.name);
    t.target = digest_of(content, strlen(content)).digest;
    t.manifest = t.target;
    t.id = digest_of("id", 2).digest;
    t.platform = str_dup("linux/amd64");
    return t;
}

static void set(struct store *s, const char *name, const char *content)
{
    _cleanup_(store_tag_release) struct store_tag t = make(name, content);
    struct err err;

    assert_ok(store_tag_set(s, &t, &err));
}

static int get(struct store *s, const char *name, struct store_tag *ret, struct err *err)
{
    _cleanup_reference_ struct oci_reference ref = {0};

    assert_int_equal(oci_reference_parse(name, &ref, NULL), 0);
    oci_reference_default_tag(&ref);
    return store_tag_get(s, &ref, ret, err);
}

static void test_set_and_get(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_(store_tag_release) struct store_tag t = {0}, again = {0};
    struct digest d = digest_of("one", 3).digest;
    struct err err;

    (void)state;
    assert_fails(get(s, "alpine", &t, &err), ERR_NOT_FOUND, "no such image: alpine:latest");
    set(s, "alpine", "one");
    assert_int_equal(access("root/tags/docker.io/library/alpine/:latest", F_OK), 0);
    assert_ok(get(s, "docker.io/library/alpine:latest", &t, &err));
    assert_true(digest_equal(&t.target, &d));
    assert_string_equal(t.name.path, "library/alpine");
    assert_string_equal(t.platform, "linux/amd64");
    assert_int_equal(t.bytes, 42);
    assert_true(t.created == 1700000000123456789);
    set(s, "alpine", "two");
    assert_ok(get(s, "alpine", &again, &err));
    assert_false(digest_equal(&again.target, &d));
}

static void test_by_digest(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_(store_tag_release) struct store_tag t = {0}, u = {0}, v = {0};
    struct digest d = digest_of("one", 3).digest;
    char text[DIGEST_TEXT_MAX];
    _cleanup_free_ char *name = str_printf("alpine@%s", digest_format(&d, text));
    _cleanup_free_ char *other = str_printf("debian@%s", text);
    struct err err;

    (void)state;
    set(s, "alpine:3", "one");
    assert_ok(get(s, name, &t, &err)); /* pulled by tag, meant by digest */
    assert_string_equal(t.name.tag, "3");
    set(s, name, "one");
    assert_ok(get(s, name, &u, &err));
    assert_null(u.name.tag);
    assert_fails(get(s, other, &v, &err), ERR_NOT_FOUND, "debian@sha256:");
}

static void test_list_and_remove(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_(store_tag_list_release) struct store_tag_list list = {0};
    static const char *const names[] = {"b.example:5000/x/y/z:1", "alpine:2",    "alpine:10",
                                        "alpine/sub:1",           "localhost/a", "b.example:5000/x/y:1"};
    static const char *const sorted[] = {
        "b.example:5000/x/y:1", "b.example:5000/x/y/z:1", "alpine/sub:1", "alpine:10", "alpine:2",
        "localhost/a:latest"}; /* by domain, path, tag */
    struct err err;

    (void)state;
    assert_ok(store_tag_list(s, &list, &err));
    assert_int_equal(list.n, 0);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        set(s, names[i], names[i]);
    close(open("root/tags/docker.io/library/alpine/.tmp-0123", O_CREAT | O_WRONLY, 0600));
    close(open("root/tags/docker.io/library/alpine/:not a tag", O_CREAT | O_WRONLY, 0600));
    close(open("root/tags/docker.io/stray", O_CREAT | O_WRONLY, 0600));
    assert_ok(store_tag_list(s, &list, &err));
    assert_int_equal(list.n, ARRAY_SIZE(names));
    for (size_t i = 0; i < list.n; i++) {
        _cleanup_free_ char *familiar = oci_reference_familiar(&list.v[i].name);

        assert_string_equal(familiar, sorted[i]);
    }
    for (size_t i = 0; i < list.n; i++)
        assert_ok(store_tag_remove(s, &list.v[i].name, &err));
    assert_fails(store_tag_remove(s, &list.v[0].name, &err), ERR_NOT_FOUND, "b.example:5000/x/y:1");
    store_tag_list_release(&list);
    assert_ok(store_tag_list(s, &list, &err));
    assert_int_equal(list.n, 0);
}

static void test_nameless(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_(store_tag_list_release) struct store_tag_list tags = {0};
    struct store_tag t = make("x:1", "one");
    struct err err;

    (void)state;
    set(s, "alpine", "two");
    oci_reference_release(&t.name);
    t.name = (struct oci_reference){.domain = str_dup(""), .path = str_dup(""), .digest = t.manifest};
    t.local = true;
    assert_ok(store_tag_set(s, &t, &err));
    assert_ok(store_tag_list(s, &tags, &err));
    assert_int_equal(tags.n, 2);
    assert_true(store_tag_nameless(&tags.v[0]) && tags.v[0].local && digest_equal(&tags.v[0].name.digest, &t.manifest));
    assert_false(store_tag_nameless(&tags.v[1]) || tags.v[1].local);
    assert_ok(store_tag_remove(s, &t.name, &err));
    store_tag_list_release(&tags);
    assert_ok(store_tag_list(s, &tags, &err));
    assert_int_equal(tags.n, 1);
    store_tag_release(&t);
}

static void test_damaged(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_(store_tag_list_release) struct store_tag_list list = {0};
    struct store_tag t = {0};
    struct err err;
    FILE *f;

    (void)state;
    set(s, "alpine", "one");
    f = fopen("root/tags/docker.io/library/alpine/:latest", "w");
    fputs("{\"target\": 1}", f);
    fclose(f);
    assert_fails(get(s, "alpine", &t, &err), ERR_CORRUPT, "tags/docker.io/library/alpine/:latest");
    assert_fails(store_tag_list(s, &list, &err), ERR_CORRUPT, "/:latest");
    assert_true(err.hint[0]);
    set(s, "alpine", "one"); /* heals */
    assert_ok(store_tag_list(s, &list, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_set_and_get), scratch_test(test_by_digest), scratch_test(test_list_and_remove),
        scratch_test(test_nameless),    scratch_test(test_damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
