#include "../unit.h"

#include "oci/reference.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_forms(void **state)
{
    static const struct {
        const char *text, *domain, *path, *tag, *familiar;
        bool digest;
    } cases[] = {
        {"alpine", "docker.io", "library/alpine", NULL, "alpine", false},
        {"alpine:3.20", "docker.io", "library/alpine", "3.20", "alpine:3.20", false},
        {"library/alpine", "docker.io", "library/alpine", NULL, "alpine", false},
        {"docker.io/alpine", "docker.io", "library/alpine", NULL, "alpine", false},
        {"index.docker.io/library/alpine:x", "docker.io", "library/alpine", "x", "alpine:x", false},
        {"docker.io/a/b", "docker.io", "a/b", NULL, "a/b", false},
        {"a/b/c:T_1.0-x", "docker.io", "a/b/c", "T_1.0-x", "a/b/c:T_1.0-x", false},
        {"localhost/a", "localhost", "a", NULL, "localhost/a", false},
        {"localhost:5000/a:1", "localhost:5000", "a", "1", "localhost:5000/a:1", false},
        {"localhost:5000", "docker.io", "library/localhost", "5000", "localhost:5000", false},
        {"r.example/a", "r.example", "a", NULL, "r.example/a", false},
        {"r.example:443/a/b:t", "r.example:443", "a/b", "t", "r.example:443/a/b:t", false},
        {"Registry/a", "Registry", "a", NULL, "Registry/a", false},
        {"[::1]:5000/a", "[::1]:5000", "a", NULL, "[::1]:5000/a", false},
        {"[2001:db8::1]/a:1", "[2001:db8::1]", "a", "1", "[2001:db8::1]/a:1", false},
        {"127.0.0.1:5000/a", "127.0.0.1:5000", "a", NULL, "127.0.0.1:5000/a", false},
        {"a_b__c-d---e.f", "docker.io", "library/a_b__c-d---e.f", NULL, "a_b__c-d---e.f", false},
        {"a@sha256:" HEX64, "docker.io", "library/a", NULL, "a@sha256:" HEX64, true},
        {"a:t@sha256:" HEX64, "docker.io", "library/a", "t", "a:t@sha256:" HEX64, true},
        {"r.example:1/a:t@sha256:" HEX64, "r.example:1", "a", "t", "r.example:1/a:t@sha256:" HEX64, true},
        {"x/" HEX64, "docker.io", "x/" HEX64, NULL, "x/" HEX64, false},
        {HEX64 ":tag", "docker.io", "library/" HEX64, "tag", HEX64 ":tag", false},
        {"docker.io/library/localhost/x", "docker.io", "library/localhost/x", NULL, "library/localhost/x", false},
        {"docker.io/localhost/x", "docker.io", "localhost/x", NULL, "docker.io/localhost/x", false},
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_reference_ struct oci_reference ref = {0}, again = {0};
        _cleanup_free_ char *familiar = NULL, *full = NULL, *full_again = NULL;

        print_message("%s\n", cases[i].text);
        assert_ok(oci_reference_parse(cases[i].text, &ref, &err));
        assert_string_equal(ref.domain, cases[i].domain);
        assert_string_equal(ref.path, cases[i].path);
        if (cases[i].tag)
            assert_string_equal(ref.tag, cases[i].tag);
        else
            assert_null(ref.tag);
        assert_int_equal(ref.digest.algorithm, cases[i].digest ? DIGEST_SHA256 : DIGEST_NONE);
        familiar = oci_reference_familiar(&ref);
        assert_string_equal(familiar, cases[i].familiar);
        /* The short form and the long one mean the same. */
        full = oci_reference_format(&ref);
        assert_ok(oci_reference_parse(familiar, &again, &err));
        full_again = oci_reference_format(&again);
        assert_string_equal(full, full_again);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "invalid reference format"},
        {"Alpine", "repository name (library/Alpine) must be lowercase"},
        {"a/B:1", "repository name (a/B) must be lowercase"},
        {HEX64, "cannot specify 64-byte hexadecimal strings"},
        {":tag", "at least one component"},
        {"@sha256:" HEX64, "at least one component"},
        {"a:", "nothing behind the colon"},
        {"a:-t", "a tag has"},
        {"a:.t", "a tag has"},
        {"a:t:u", "a tag has"},
        {"a@sha256:12", "sha256 has 64"},
        {"a@", "is not a digest"},
        {"a@sha256:" HEX64 "@sha256:" HEX64, "sha256 has 64"},
        {"/a", "invalid reference format"},
        {"a//b", "invalid reference format"},
        {"a/", "invalid reference format"},
        {"r.example/", "at least one component"},
        {"r.example//a", "invalid reference format"},
        {"-a", "invalid reference format"},
        {"a-", "invalid reference format"},
        {"a..b", "invalid reference format"},
        {"a___b", "invalid reference format"},
        {"a._b", "invalid reference format"},
        {"a/../b", "invalid reference format"},
        {"../a/b", "not a host name"},
        {"-r.example/a", "not a host name"},
        {"r-.example/a", "not a host name"},
        {"r..example/a", "not a host name"},
        {"r.example:/a", "not a host name"},
        {"r.example:x/a", "not a host name"},
        {"[::1/a", "not a host name"},
        {"[::g]/a", "not a host name"},
        {"[]:1/a", "not a host name"},
        {"https://r.example/a", "not a host name"},
        {"a b", "invalid reference format"},
        {"a\nb", "invalid reference format"},
        {"\xc3\xa4", "invalid reference format"},
    };
    struct oci_reference ref = {0};
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        print_message("%s\n", cases[i].text);
        assert_fails(oci_reference_parse(cases[i].text, &ref, &err), ERR_INVALID, cases[i].says);
        assert_null(ref.domain);
    }
    assert_fails(oci_reference_parse("a@md5:d41d8cd98f00b204e9800998ecf8427e", &ref, &err), ERR_UNSUPPORTED, "md5");
}

static void test_lengths(void **state)
{
    char path[257], tag[130];
    _cleanup_free_ char *text = NULL;
    _cleanup_reference_ struct oci_reference ref = {0};
    struct err err;

    (void)state;
    memset(path, 'a', sizeof(path));
    memset(tag, 't', sizeof(tag));
    path[255] = tag[128] = 0;
    text = str_printf("r.example/%s:%s", path, tag);
    assert_ok(oci_reference_parse(text, &ref, &err));
    oci_reference_release(&ref);
    path[255] = 'a';
    path[256] = 0;
    str_replace(&text, str_printf("r.example/%s", path));
    assert_fails(oci_reference_parse(text, &ref, &err), ERR_INVALID, "not be more than 255");
    tag[128] = 't';
    tag[129] = 0;
    str_replace(&text, str_printf("a:%s", tag));
    assert_fails(oci_reference_parse(text, &ref, &err), ERR_INVALID, "a tag has at most 128");
}

static void test_default_tag(void **state)
{
    _cleanup_reference_ struct oci_reference ref = {0}, copy = {0};
    struct err err;

    (void)state;
    assert_ok(oci_reference_parse("a", &ref, &err));
    oci_reference_default_tag(&ref);
    assert_string_equal(ref.tag, "latest");
    oci_reference_copy(&ref, &copy);
    assert_string_equal(copy.tag, "latest");
    oci_reference_release(&ref);
    assert_ok(oci_reference_parse("a@sha256:" HEX64, &ref, &err));
    oci_reference_default_tag(&ref);
    assert_null(ref.tag);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_default_tag),
    };

    return cmocka_run_group_tests_name("reference", tests, NULL, NULL);
}
