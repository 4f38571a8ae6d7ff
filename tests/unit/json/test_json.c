#include "../unit.h"

#include "json/json.h"

struct inner {
    char *key;
    char *name;
    int64_t count;
};

struct outer {
    char *title;
    bool flag;
    int64_t number;
    uint64_t unsigned_number;
    char **list;
    VEC(int64_t) ints;
    int64_t *zero, *absent;
    bool *no, *unsaid;
    char **map;
    char **set;
    struct inner one;
    struct inner *maybe;
    VEC(struct inner) many;
    VEC(struct inner) dict;
    char *raw;
    char letter;
};

static int parse_letter(const char *text, void *field, struct err *err)
{
    if (strlen(text) != 1)
        return err_set(err, ERR_UNSUPPORTED, "\"%s\" is not one letter", text);
    *(char *)field = *text;
    return 0;
}

static char *format_letter(const void *field)
{
    return *(const char *)field ? str_printf("%c", *(const char *)field) : NULL;
}

static const struct json_conversion letter = {parse_letter, format_letter};

static const struct json_field inner_fields[] = {
    JSON_FIELD(struct inner, NULL, JSON_K_STRING, key),
    JSON_FIELD(struct inner, "name", JSON_K_STRING, name, .flags = JSON_REQUIRED),
    JSON_FIELD(struct inner, "count", JSON_K_INT64, count),
};
static const struct json_type inner_type = {"inner", sizeof(struct inner), inner_fields, ARRAY_SIZE(inner_fields),
                                            false};

static const struct json_field outer_fields[] = {
    JSON_FIELD(struct outer, "title", JSON_K_STRING, title),
    JSON_FIELD(struct outer, "flag", JSON_K_BOOL, flag),
    JSON_FIELD(struct outer, "number", JSON_K_INT64, number, .flags = JSON_KEEP_EMPTY),
    JSON_FIELD(struct outer, "unsigned", JSON_K_UINT64, unsigned_number),
    JSON_FIELD(struct outer, "list", JSON_K_STRV, list),
    JSON_FIELD(struct outer, "ints", JSON_K_INTS, ints),
    JSON_FIELD(struct outer, "zero", JSON_K_INT64_PTR, zero),
    JSON_FIELD(struct outer, "absent", JSON_K_INT64_PTR, absent),
    JSON_FIELD(struct outer, "no", JSON_K_BOOL_PTR, no),
    JSON_FIELD(struct outer, "unsaid", JSON_K_BOOL_PTR, unsaid),
    JSON_FIELD(struct outer, "map", JSON_K_MAP, map),
    JSON_FIELD(struct outer, "set", JSON_K_SET, set),
    JSON_FIELD(struct outer, "one", JSON_K_OBJECT, one, .type = &inner_type),
    JSON_FIELD(struct outer, "maybe", JSON_K_OBJECT_PTR, maybe, .type = &inner_type),
    JSON_FIELD(struct outer, "many", JSON_K_ARRAY, many, .type = &inner_type),
    JSON_FIELD(struct outer, "dict", JSON_K_DICT, dict, .type = &inner_type),
    JSON_FIELD(struct outer, "raw", JSON_K_RAW, raw),
    JSON_FIELD(struct outer, "letter", JSON_K_CUSTOM, letter, .conversion = &letter),
};
static const struct json_type outer_type = {"test", sizeof(struct outer), outer_fields, ARRAY_SIZE(outer_fields),
                                            false};
static const struct json_type strict_type = {"test", sizeof(struct outer), outer_fields, ARRAY_SIZE(outer_fields),
                                             true};

static int parse(const char *text, struct outer *out, struct err *err)
{
    return json_parse(text, strlen(text), &outer_type, out, err);
}

static void test_round_trip(void **state)
{
    static const char text[] =
        "{\"title\":\"a \\\"b\\\" \\n\\u0001ä\",\"flag\":true,\"number\":-5,\"unsigned\":7,\"list\":[\"x\",\"\"],"
        "\"ints\":[0,-3,4294967295],\"zero\":0,\"no\":false,"
        "\"map\":{\"a\":\"1\",\"b\":\"=2\"},\"set\":{\"80/tcp\":{}},\"one\":{\"name\":\"n\",\"count\":3},"
        "\"maybe\":{\"name\":\"m\"},\"many\":[{\"name\":\"p\"},{\"name\":\"q\",\"count\":1}],"
        "\"dict\":{\"k\":{\"name\":\"v\"}},\"raw\":{\"z\":[1,2.5,null]},\"letter\":\"L\"}";
    struct outer o;
    struct err err;
    _cleanup_buf_ struct buf out = BUF_INIT;

    (void)state;
    assert_ok(parse(text, &o, &err));
    assert_string_equal(o.title, "a \"b\" \n\001ä");
    assert_true(o.flag);
    assert_int_equal(o.number, -5);
    assert_int_equal(strv_len(o.list), 2);
    assert_int_equal(o.ints.n, 3);
    assert_non_null(o.zero);
    assert_null(o.absent);
    assert_true(o.no && !*o.no);
    assert_null(o.unsaid);
    assert_int_equal(o.ints.v[2], 4294967295);
    assert_string_equal(strv_env_get(o.map, "b"), "=2");
    assert_string_equal(o.set[0], "80/tcp");
    assert_string_equal(o.maybe->name, "m");
    assert_int_equal(o.many.n, 2);
    assert_int_equal(o.many.v[1].count, 1);
    assert_string_equal(o.dict.v[0].key, "k");
    assert_int_equal(o.letter, 'L');
    json_dump(&outer_type, &o, false, &out);
    assert_string_equal(buf_str(&out), text);
    json_free(&outer_type, &o);
    assert_null(o.title);
}

static void test_empty_and_null(void **state)
{
    struct outer o;
    struct err err;
    _cleanup_buf_ struct buf out = BUF_INIT;

    (void)state;
    assert_ok(parse("{\"title\":null,\"maybe\":null,\"future\":[{}],\"one\":null}", &o, &err));
    assert_null(o.title);
    json_dump(&outer_type, &o, false, &out);
    assert_string_equal(buf_str(&out), "{\"number\":0}");
    buf_clear(&out);
    json_dump(&outer_type, &o, true, &out);
    assert_string_equal(buf_str(&out), "{\n  \"number\": 0\n}");
    json_free(&outer_type, &o);
}

static void test_errors_name_the_place(void **state)
{
    static const struct {
        const char *text, *says;
        int kind;
    } cases[] = {
        {"", "test: line 1", ERR_INVALID},
        {"[]", "test: document: object expected", ERR_INVALID},
        {"{} x", "test: line 1", ERR_INVALID},
        {"{\"title\":3}", "title: string expected", ERR_INVALID},
        {"{\"flag\":1}", "flag: true or false expected", ERR_INVALID},
        {"{\"number\":1.5}", "number: whole number expected", ERR_INVALID},
        {"{\"number\":99999999999999999999}", "line 1", ERR_INVALID},
        {"{\"unsigned\":-1}", "unsigned: number of at least 0 expected", ERR_INVALID},
        {"{\"list\":[\"a\",2]}", "list[1]: string expected", ERR_INVALID},
        {"{\"map\":{\"a\":{}}}", "map.a: string expected", ERR_INVALID},
        {"{\"map\":{\"a=b\":\"\"}}", "map.a=b", ERR_INVALID},
        {"{\"many\":[{\"name\":\"x\"},{}]}", "many[1].name: missing", ERR_INVALID},
        {"{\"many\":{}}", "many: array expected", ERR_INVALID},
        {"{\"dict\":{\"k\":{\"name\":0}}}", "dict.k.name: string expected", ERR_INVALID},
        {"{\"letter\":\"LL\"}", "letter: \"LL\" is not one letter", ERR_UNSUPPORTED},
        {"{\"title\":\"a\",\"title\":\"b\"}", "duplicate", ERR_INVALID},
        {"{\"title\":\"a\\u0000b\"}", "line 1", ERR_INVALID},
        {"{\"title\":\"\xff\"}", "line 1", ERR_INVALID},
    };
    struct outer o;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        print_message("%s\n", cases[i].text);
        assert_fails(parse(cases[i].text, &o, &err), cases[i].kind, cases[i].says);
        assert_null(o.many.v);
    }
}

static void test_strict(void **state)
{
    static const char text[] = "{\"titel\":\"x\"}";
    struct outer o;
    struct err err;

    (void)state;
    assert_fails(json_parse(text, sizeof(text) - 1, &strict_type, &o, &err), ERR_INVALID, "titel: unknown name");
    assert_string_equal(err.hint, "did you mean \"title\"?");
}

static void test_depth(void **state)
{
    _cleanup_buf_ struct buf b = BUF_INIT;
    struct outer o;
    struct err err;

    (void)state;
    buf_adds(&b, "{\"raw\":");
    for (int i = 0; i < 100000; i++)
        buf_addc(&b, '[');
    assert_fails(json_parse(b.p, b.len, &outer_type, &o, &err), ERR_INVALID, "nested deeper than 64");
    buf_clear(&b);
    buf_adds(&b, "{\"title\":\"");
    for (int i = 0; i < 1000; i++)
        buf_adds(&b, "[\\\""); /* brackets in a string are no depth */
    buf_adds(&b, "\"}");
    assert_ok(json_parse(b.p, b.len, &outer_type, &o, &err));
    json_free(&outer_type, &o);
}

/* Readers of the text that take it for a string would see another document. */
static void test_zero_bytes(void **state)
{
    static const char document[] = "{\"title\": null\0\n}";
    struct outer o;
    struct err err;

    (void)state;
    assert_fails(json_parse(document, sizeof(document) - 1, &outer_type, &o, &err), ERR_INVALID, "a zero byte");
}

static void check_indent(const char *text, const char *expected)
{
    _cleanup_buf_ struct buf out = BUF_INIT;

    json_indent(text, strlen(text), "  ", &out);
    assert_string_equal(buf_str(&out), expected);
}

static void check_deep_indent(void)
{
    enum { DEEP = 500 };
    _cleanup_buf_ struct buf text = BUF_INIT, out = BUF_INIT;

    for (size_t i = 0; i < DEEP; i++)
        buf_addc(&text, '[');
    buf_adds(&text, "1,2");
    for (size_t i = 0; i < DEEP; i++)
        buf_addc(&text, ']');
    json_indent(text.p, text.len, " ", &out);
    assert_non_null(strstr(out.p, "\n                                1,\n                                2\n"));
}

static void test_indent(void **state)
{
    (void)state;
    check_indent("{\"b\":[1,2.50,{}],\"a\" : \"x\\\"{,:\\\\\"}",
                 "{\n  \"b\": [\n    1,\n    2.50,\n    {}\n  ],\n  \"a\": \"x\\\"{,:\\\\\"\n}");
    check_indent(" [ ]\n", "[]");
    check_indent("[[ ],null]", "[\n  [],\n  null\n]");
    /* What is no document is passed on, and nothing beyond it is read. */
    check_indent("}]\"\\", "}]\"\\");
    check_deep_indent();
}

static int parse_number(const char *member, struct outer *ret, struct err *err)
{
    _cleanup_free_ char *text = str_printf("{\"title\":\"18446744073709551615\",%s}", member);

    return json_parse(text, strlen(text), &outer_type, ret, err);
}

/* Numbers beyond 2^63-1 are read where there is place for them, and only there. */
static void test_wide_numbers(void **state _unused_)
{
    static const struct {
        const char *member, *says; /* NULL: read */
        uint64_t number;
    } cases[] = {
        {"\"unsigned\":18446744073709551615", NULL, UINT64_MAX},
        {"\"unsigned\" : 9223372036854775808 ", NULL, (uint64_t)INT64_MAX + 1},
        {"\"unsigned\":9223372036854775807", NULL, INT64_MAX},
        {"\"x\":[18446744073709551614,18446744073709551613],\"unsigned\":18446744073709551612", NULL, UINT64_MAX - 3},
        {"\"unsigned\":18446744073709551616", "too big", 0},
        {"\"unsigned\":99999999999999999999", "too big", 0},
        {"\"unsigned\":-18446744073709551615", "too big", 0},
        {"\"unsigned\":18446744073709551615.0", "unsigned: whole number expected", 0},
        {"\"unsigned\":1.18446744073709551615", "unsigned: whole number expected", 0},
        {"\"unsigned\":1.5e-200", "unsigned: whole number expected", 0},
        {"\"number\":18446744073709551615", "number: whole number expected", 0},
        {"\"ints\":[18446744073709551615]", "ints[0]: whole number expected", 0},
        {"\"zero\":18446744073709551615", "zero: whole number expected", 0},
        {"\"flag\":18446744073709551615", "flag: true or false expected", 0},
        {"\"raw\":[18446744073709551615]", "raw: value cannot be kept", 0},
    };
    struct err err;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct outer o;
        _cleanup_buf_ struct buf out = BUF_INIT;

        if (cases[i].says) {
            assert_fails(parse_number(cases[i].member, &o, &err), ERR_INVALID, cases[i].says);
            continue;
        }
        assert_ok(parse_number(cases[i].member, &o, &err));
        assert_true(o.unsigned_number == cases[i].number);
        assert_string_equal(o.title, "18446744073709551615");
        json_dump(&outer_type, &o, false, &out);
        json_free(&outer_type, &o);
        assert_ok(json_parse(buf_str(&out), out.len, &outer_type, &o, &err));
        assert_true(o.unsigned_number == cases[i].number);
        json_free(&outer_type, &o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_empty_and_null),
        cmocka_unit_test(test_errors_name_the_place),
        cmocka_unit_test(test_strict),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_zero_bytes),
        cmocka_unit_test(test_indent),
        cmocka_unit_test(test_wide_numbers),
    };

    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
