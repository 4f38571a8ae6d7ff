#include "image_fixture.h"

#include "image/name.h"

static struct oci_reference reference(const char *text)
{
    struct oci_reference ref;
    struct err err;

    assert_ok(oci_reference_parse(text, &ref, &err));
    return ref;
}

/* Names the image `m`, as a pull does, or as something that came from nowhere. */
static bool give(struct store *s, const char *name, const struct made *m, bool local)
{
    _cleanup_reference_ struct oci_reference ref = name ? reference(name) : (struct oci_reference){0};
    _cleanup_image_config_ struct oci_image_config config = {0};
    struct image_meaning meaning = {
        .target = m->manifest, .manifest = m->manifest, .id = m->config, .config = &config, .local = local};
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(OCI_CONFIG_MAX);
    struct err err;
    bool newer;

    assert_ok(store_blob_read(s, &m->config, &text, &err));
    assert_ok(oci_image_config_parse(buf_str(&text), text.len, &config, &err));
    assert_ok(image_name_give(s, name ? &ref : NULL, &meaning, &newer, &err));
    return newer;
}

/* All names in their order, with "+" for those that no registry knows. */
static char *names(struct store *s)
{
    _cleanup_(store_tag_list_release) struct store_tag_list tags = {0};
    _cleanup_strv_ char **list = NULL;
    struct err err;

    assert_ok(store_tag_list(s, &tags, &err));
    for (size_t i = 0; i < tags.n; i++) {
        const struct store_tag *t = &tags.v[i];
        _cleanup_free_ char *repository = store_tag_nameless(t) ? str_dup("") : oci_reference_familiar_name(&t->name);

        strv_addf(&list, "%s%s%s%.4s", t->local ? "+" : "", repository, t->name.tag ? ":" : "@",
                  t->name.tag ? t->name.tag : t->name.digest.hex);
    }
    return strv_join(list, " ");
}

#define assert_names(s, ...)                                    \
    do {                                                        \
        _cleanup_free_ char *is_ = names(s);                    \
        _cleanup_free_ char *should_ = str_printf(__VA_ARGS__); \
        assert_string_equal(is_, should_);                      \
    } while (0)

static struct made unnamed_image(struct store *s, const char *layer)
{
    struct made m = make_image(s, "made:now", LAYERS(layer));
    _cleanup_reference_ struct oci_reference ref = reference("made:now");
    struct err err;

    assert_ok(store_tag_remove(s, &ref, &err));
    return m;
}

static void test_replaced(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct made one = unnamed_image(s, "one"), two = unnamed_image(s, "two"), three = unnamed_image(s, "three");

    (void)state;
    assert_true(give(s, "app", &one, false));
    assert_false(give(s, "app:latest", &one, false));
    assert_names(s, "app:late");
    /* A registry's image stays under its digest, one that was only here without a name. */
    assert_true(give(s, "app", &two, true));
    assert_names(s, "app@%.4s +app:late", one.manifest.hex);
    assert_true(give(s, "app", &three, true));
    assert_names(s, "+@%.4s app@%.4s +app:late", two.manifest.hex, one.manifest.hex);
    /* With a name again it is not nameless any more. */
    assert_true(give(s, "other", &two, true));
    assert_names(s, "app@%.4s +app:late +other:late", one.manifest.hex);
    /* One with another name is not kept for its old one's sake. */
    assert_true(give(s, "other", &three, true));
    assert_names(s, "+@%.4s app@%.4s +app:late +other:late", two.manifest.hex, one.manifest.hex);
    assert_true(give(s, "app", &one, true));
    assert_names(s, "+@%.4s app@%.4s +app:late +other:late", two.manifest.hex, one.manifest.hex);
}

static void test_nameless(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct made m = unnamed_image(s, "one");
    struct store_tag found;
    struct err err;

    (void)state;
    assert_true(give(s, NULL, &m, true));
    assert_false(give(s, NULL, &m, true));
    assert_names(s, "+@%.4s", m.manifest.hex);
    assert_ok(image_find(s, m.config.hex, &found, &err));
    store_tag_release(&found);
}

/* A local name for what a registry has under it does not make that unknown. */
static void test_known_stays_known(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct made one = unnamed_image(s, "one");

    (void)state;
    give(s, "app", &one, false);
    give(s, "app", &one, true);
    assert_names(s, "app:late");
    give(s, "copy", &one, true);
    assert_names(s, "app:late +copy:late");
    give(s, "copy", &one, false);
    assert_names(s, "app:late copy:late");
}

static void test_copy_and_take(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct made one = unnamed_image(s, "one");
    _cleanup_reference_ struct oci_reference copy = reference("host.example:5000/a/b:c");
    _cleanup_(store_tag_release) struct store_tag t = {0}, u = {0};
    struct err err;

    (void)state;
    give(s, "app", &one, false);
    assert_ok(image_find(s, "app", &t, &err));
    assert_ok(image_name_copy(s, &copy, &t, &err));
    assert_names(s, "app:late +host.example:5000/a/b:c");
    assert_ok(image_name_take(s, &t, &err));
    assert_names(s, "+host.example:5000/a/b:c");
    assert_ok(image_find(s, "host.example:5000/a/b:c", &u, &err));
    assert_ok(image_name_take(s, &u, &err));
    assert_names(s, "+@%.4s", one.manifest.hex);
    assert_fails(image_name_take(s, &u, &err), ERR_NOT_FOUND, "no such image");
    assert_names(s, "+@%.4s", one.manifest.hex);
}

/* Two who each take one of the last two names must not both find the other one: the second waits for the first. */
static void test_taken_at_once(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct made one = unnamed_image(s, "one");
    _cleanup_(store_tag_release) struct store_tag a = {0}, b = {0};
    int lock, status;
    struct err err;
    pid_t pid;

    (void)state;
    give(s, "a", &one, true);
    give(s, "b", &one, true);
    assert_ok(image_find(s, "a", &a, &err));
    assert_ok(image_find(s, "b", &b, &err));
    assert_ok(store_tag_lock(s, &lock, &err));
    pid = fork();
    if (pid == 0) {
        close(lock); /* it is the parent's */
        _exit(image_name_take(s, &b, &err) == 0 ? 0 : 1);
    }
    assert_true(pid > 0);
    for (int i = 0; i < 100; i++) { /* time enough for one who does not wait */
        usleep(1000);
        assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
    }
    assert_ok(store_tag_remove(s, &a.name, &err));
    close(lock);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_names(s, "+@%.4s", one.manifest.hex);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_replaced),      scratch_test(test_nameless),      scratch_test(test_known_stays_known),
        scratch_test(test_copy_and_take), scratch_test(test_taken_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
