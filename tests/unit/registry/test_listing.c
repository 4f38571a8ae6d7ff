/* Tag lists, searches and the links between pages. */
#include "../unit.h"

#include "registry/listing.h"

static void check_link(const char *value, const char *expected)
{
    _cleanup_free_ char *got = registry_next_link(value);

    print_message("%s\n", value);
    if (expected)
        assert_string_equal(got, expected);
    else
        assert_null(got);
}

static void test_links(void **state)
{
    (void)state;
    check_link("</v2/a/tags/list?n=2&last=b>; rel=\"next\"", "/v2/a/tags/list?n=2&last=b");
    check_link("</x>;rel=next", "/x");
    check_link(" , <a,b> ; title=\"x, <y>; rel=next\" ; REL = \"prev Next\"", "a,b");
    check_link("</p>; rel=prev, </n>; rel=next", "/n");
    check_link("</p>; rel=\"previous\", </n>; foo, </m>; rel=\"nextish next\"", "/m");
    check_link("</p>; rel=nextish", NULL);
    check_link("</p>; xrel=next", NULL);
    check_link("</p>", NULL);
    check_link("</p", NULL);
    check_link("/p; rel=next", NULL);
    check_link("</p>; rel", NULL);
    check_link("</p>; rel=\"next", "/p");
    check_link("</p> x </n>; rel=next", NULL);
    check_link("", NULL);
}

static void test_tags(void **state)
{
    static const char list[] = "{\"name\":\"a\",\"tags\":[\"2\",\"10\",\"latest\"]}", null[] = "{\"tags\":null}",
                      empty[] = "{\"tags\":[\"\"]}", number[] = "{\"tags\":[1]}";
    _cleanup_strv_ char **tags = NULL, **none = NULL;
    _cleanup_free_ char *text = NULL;
    struct err err;

    (void)state;
    assert_ok(registry_tags_parse(list, strlen(list), &tags, &err));
    text = strv_join(tags, " ");
    assert_string_equal(text, "2 10 latest");
    assert_ok(registry_tags_parse(null, strlen(null), &none, &err));
    assert_null(none);
    assert_fails(registry_tags_parse(empty, strlen(empty), &none, &err), ERR_INVALID, "is no tag");
    assert_fails(registry_tags_parse(number, strlen(number), &none, &err), ERR_INVALID, "tags[0]: string expected");
    assert_fails(registry_tags_parse("[]", 2, &none, &err), ERR_INVALID, "object expected");
}

static void test_search(void **state)
{
    static const char text[] = "{\"num_results\":2,\"results\":[{\"name\":\"a\",\"description\":null,\"star_count\":3,"
                               "\"is_official\":true},{}]}";
    struct registry_search s;
    struct err err;

    (void)state;
    assert_ok(registry_search_parse(text, strlen(text), &s, &err));
    assert_int_equal(s.results.n, 2);
    assert_string_equal(s.results.v[0].name, "a");
    assert_int_equal(s.results.v[0].stars, 3);
    assert_true(s.results.v[0].official);
    assert_null(s.results.v[1].name);
    registry_search_release(&s);
    assert_fails(registry_search_parse("{\"results\":{}}", 14, &s, &err), ERR_INVALID, "array expected");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_search),
    };

    return cmocka_run_group_tests_name("listing", tests, NULL, NULL);
}
