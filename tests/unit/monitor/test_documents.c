#include "../store/store_fixture.h"

#include "monitor/documents.h"
#include "store/container.h"
#include "sys/fd.h"

#define ID    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define PLACE "root/containers/" ID "/" DOCUMENTS_FILE

static char *layers[] = {(char *)"layers/sha256/aa/tree", (char *)"skeleton", NULL};

/* What a container is made of, but for what must be there in any specification. */
struct made {
    struct store *store;
    struct store_container *dir;
    struct engine_options options;
    struct oci_spec spec;
};

static void parse_spec(struct oci_spec *ret, const char *more)
{
    _cleanup_free_ char *text = str_printf(
        "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"/r\"},\"process\":{\"cwd\":\"/\",\"args\":[\"a\\nb\"]}%s}",
        more);
    struct err err = ERR_INIT;

    assert_ok(oci_spec_parse(text, strlen(text), ret, &err));
}

static struct made make(const char *more)
{
    struct made m = {.store = open_store()};
    struct err err;

    assert_ok(store_container_create(m.store, ID, &m.dir, &err));
    m.options.config.hostname = str_dup("one");
    parse_spec(&m.spec, more);
    assert_ok(documents_write(m.dir, &m.options, &m.spec, layers, true, &err));
    return m;
}

static void end(struct made *m)
{
    engine_options_release(&m->options);
    oci_spec_release(&m->spec);
    store_container_free(m->dir);
    store_free(m->store);
}

static void check(const struct made *m, const char *hostname, const char *arg, bool text)
{
    _cleanup_engine_options_ struct engine_options options = {0};
    _cleanup_spec_ struct oci_spec spec = {0};
    _cleanup_strv_ char **got = NULL;
    struct err err;

    assert_ok(documents_read_options(m->dir, &options, &err));
    assert_string_equal(options.config.hostname, hostname);
    assert_ok(documents_read_spec(m->dir, &spec, &err));
    assert_string_equal(spec.process.args[0], arg);
    assert_int_equal(spec.platform.seccomp_text != NULL, text);
    assert_ok(documents_read_layers(m->dir, &got, &err));
    assert_true(strv_equal(got, layers));
}

#define PROFILE(flags) ",\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\"" flags "}}"

/* All come back as they were, and a change of some leaves the others. */
static void test_changed(void **state)
{
    struct made m = make(PROFILE(""));
    struct oci_spec other = {0};
    struct err err;

    (void)state;
    check(&m, "one", "a\nb", true);
    str_replace(&m.options.config.hostname, str_dup("two"));
    assert_ok(documents_change(m.dir, &m.options, NULL, &err));
    check(&m, "two", "a\nb", true);
    assert_ok(documents_read_spec(m.dir, &other, &err));
    str_replace(&other.process.args[0], str_dup("c"));
    assert_ok(documents_change(m.dir, NULL, &other, &err));
    check(&m, "two", "c", true);
    oci_spec_release(&other);
    end(&m);
}

/* A profile that no text can stand for is in the specification, and stays there. */
static void test_profile_inside(void **state)
{
    struct made m = make(PROFILE(",\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"]"));
    struct oci_spec spec = {0};
    struct err err;

    (void)state;
    for (int round = 0; round < 2; round++) {
        check(&m, "one", "a\nb", false);
        assert_ok(documents_read_spec(m.dir, &spec, &err));
        assert_non_null(spec.platform.seccomp);
        assert_ok(documents_change(m.dir, NULL, &spec, &err));
        oci_spec_release(&spec);
    }
    end(&m);
}

/* What is cut short, or is not what it should be, is said to be so, whichever of them is wanted. */
static void test_damaged(void **state)
{
    static const char *const texts[] = {"", "{}", "{}\n{}", "{}\n{\n\n", "[]\n7\n\nlayers", "\x01\n\x01\n\n"};
    struct made m = make("");
    struct engine_options options = {0};
    struct err err = ERR_INIT;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        _cleanup_fd_ int fd = open(PLACE, O_WRONLY | O_TRUNC | O_CLOEXEC);
        struct oci_spec spec = {0};

        assert_int_equal(write(fd, texts[i], strlen(texts[i])), (ssize_t)strlen(texts[i]));
        assert_int_equal(documents_read_spec(m.dir, &spec, &err), ERR_CORRUPT);
        assert_non_null(strstr(err.text, DOCUMENTS_FILE));
    }
    assert_int_equal(unlink(PLACE), 0);
    assert_int_equal(documents_read_options(m.dir, &options, &err), ERR_NOT_FOUND);
    end(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_changed),
        scratch_test(test_profile_inside),
        scratch_test(test_damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
