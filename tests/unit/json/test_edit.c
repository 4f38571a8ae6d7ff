#include "../unit.h"

#include "json/json.h"

static void check_edit(const char *before, const char *const *path, const char *value, const char *after)
{
    _cleanup_buf_ struct buf text = BUF_INIT;
    struct err err;

    buf_adds(&text, before);
    assert_ok(json_edit(&text, path, value, &err));
    assert_string_equal(buf_str(&text), after);
}

#define PATH(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_edit(void **state)
{
    (void)state;
    check_edit("", PATH("a"), "1", "{\n\t\"a\": 1\n}\n");
    check_edit(" {} ", PATH("a", "b/\"c"), "{}", " {\n\t\"a\": {\n\t\t\"b/\\\"c\": {}\n\t}\n} ");
    /* Numbers, escapes and order stay. */
    check_edit("{\"z\": 1.10, \"a\\/b\":\"\\u0041}\", \"l\":[{}, \"]\"]}", PATH("a/b"), "true",
               "{\"z\": 1.10, \"a\\/b\":true, \"l\":[{}, \"]\"]}");
    check_edit("{\n  \"a\": 1e20,\n  \"b\": null\n}", PATH("none"), NULL, "{\n  \"a\": 1e20,\n  \"b\": null\n}");
    check_edit("{\n  \"a\": 1,\n  \"b\": null\n}", PATH("c"), "2", "{\n  \"a\": 1,\n  \"b\": null,\n  \"c\": 2\n}");
    check_edit("{\"a\":-1}", PATH("c", "d"), "2", "{\"a\":-1,\"c\": {\n\t\t\"d\": 2\n\t}}");
    /* The first, the one in the middle, the last, the only one. */
    check_edit("{ \"a\": 1,\n \"b\": 2,\n \"c\": 3 }", PATH("a"), NULL, "{\n \"b\": 2,\n \"c\": 3 }");
    check_edit("{ \"a\": 1,\n \"b\": 2,\n \"c\": 3 }", PATH("b"), NULL, "{ \"a\": 1,\n \"c\": 3 }");
    check_edit("{ \"a\": 1,\n \"b\": 2,\n \"c\": 3 }", PATH("c"), NULL, "{ \"a\": 1,\n \"b\": 2 }");
    check_edit("{\"a\": {\n \"b\": 1\n }, \"c\":0}", PATH("a", "b"), NULL, "{\"a\": {}, \"c\":0}");
    check_edit("{\"a\":null}", PATH("a", "b"), "2", "{\"a\":{\n\t\t\"b\": 2\n\t}}");
    check_edit("{\"a\":{}}", PATH("a", "b"), NULL, "{\"a\":{}}");
}

static void test_edit_refused(void **state)
{
    _cleanup_buf_ struct buf text = BUF_INIT;
    struct err err;

    (void)state;
    buf_adds(&text, "{\"a\":[1]}");
    assert_fails(json_edit(&text, PATH("a", "b"), "1", &err), ERR_INVALID, "a: object expected");
    assert_string_equal(buf_str(&text), "{\"a\":[1]}");
    buf_adds(&text, "x");
    assert_fails(json_edit(&text, PATH("a"), "1", &err), ERR_INVALID, "line 1");
    buf_clear(&text);
    buf_adds(&text, "[]");
    assert_fails(json_edit(&text, PATH("a"), "1", &err), ERR_INVALID, "document: object expected");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_edit),
        cmocka_unit_test(test_edit_refused),
    };

    return cmocka_run_group_tests_name("edit", tests, NULL, NULL);
}
