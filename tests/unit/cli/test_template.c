/* Templates: each row is what Docker's own client makes of the same text and data. */
#include "../unit.h"

#include "cli/template.h"

static struct cli_value data;

static int setup(_unused_ void **state)
{
    struct cli_value list = {.kind = CLI_SEQUENCE}, labels = {.kind = CLI_MAP}, inner = {.kind = CLI_MAP};
    struct cli_value fixed = CLI_FIELDS;

    data = (struct cli_value){.kind = CLI_MAP};
    cli_value_append(&list, cli_value_text("b"));
    cli_value_append(&list, cli_value_text("a"));
    cli_value_append(&list, cli_value_text("c c"));
    cli_value_put_text(&labels, "z", "last");
    cli_value_put_text(&labels, "com.example.some-name", "<&>");
    cli_value_put(&inner, "Deep", cli_value_number(7));
    cli_value_put(&inner, "Nothing", (struct cli_value){.kind = CLI_NULL});
    cli_value_put_text(&data, "Name", "hello world");
    cli_value_put_text(&data, "Empty", "");
    cli_value_put(&data, "Size", cli_value_number(-12));
    cli_value_put(&data, "Half", (struct cli_value){.kind = CLI_FRACTION, .fraction = 0.5});
    cli_value_put(&data, "Yes", cli_value_truth(true));
    cli_value_put(&data, "No", cli_value_truth(false));
    cli_value_put(&data, "List", list);
    cli_value_put(&data, "None", (struct cli_value){.kind = CLI_SEQUENCE});
    cli_value_put(&data, "Label", labels);
    cli_value_put(&data, "Inner", inner);
    cli_value_put(&fixed, "Open", (struct cli_value){.kind = CLI_MAP});
    cli_value_put_hidden(&fixed, "Pointer", (struct cli_value){.kind = CLI_NULL});
    cli_value_put_hidden(&fixed, "Word", cli_value_text(""));
    cli_value_put(&data, "Fixed", fixed);
    return 0;
}

static int teardown(_unused_ void **state)
{
    cli_value_release(&data);
    return 0;
}

static const struct {
    const char *text, *made;
} good[] = {
    {"", ""},
    {"plain\\ttext\\n", "plain\ttext\n"},
    {"{{.Name}}", "hello world"},
    {"a{{.Size}}b{{ .Half }}c", "a-12b0.5c"},
    {"{{.Yes}} {{.No}}", "true false"},
    {"{{.List}} {{.None}} {{.Label}}", "[b a c c] [] map[com.example.some-name:<&> z:last]"},
    {"{{.Inner.Deep}} {{.Inner.Nothing}} {{.Inner.Missing}} {{.Inner.Missing.Further}}",
     "7 <no value> <no value> <no value>"},
    {"{{.Fixed.Open.Missing}} {{.Fixed.Pointer}} [{{.Fixed.Word}}] {{json .Fixed}}{{if .Fixed.Pointer}}not{{end}}",
     "<no value> <nil> [] {\"Open\":{}}"},
    {"{{$.Name}} {{with .Inner}}{{.Deep}} {{$.Size}}{{end}}", "hello world 7 -12"},
    {"a {{- .Size -}} b", "a-12b"},
    {"a {{-3}} b", "a -3 b"},
    {"x {{/* nothing */}} y {{- /* and nothing */ -}} z", "x  yz"},
    /* conditions */
    {"{{if .Yes}}y{{end}}{{if .No}}n{{end}}", "y"},
    {"{{if .Empty}}a{{else if .None}}b{{else if .Name}}c{{else}}d{{end}}", "c"},
    {"{{if and .Yes .Name}}1{{end}}{{if or .No .Empty}}2{{else}}3{{end}}{{if not .No}}4{{end}}", "134"},
    {"{{and .Empty (index .None 5)}}|{{or .Name (index .None 5)}}", "|hello world"},
    {"{{if eq .Size -12}}eq{{end}} {{if ne .Name \"x\"}}ne{{end}} {{eq .Name \"a\" \"hello world\"}}", "eq ne true"},
    {"{{lt 1 2}} {{le 2 2}} {{gt 1 2}} {{ge \"b\" \"a\"}}", "true true false true"},
    {"{{with .Empty}}x{{else}}y{{end}}{{with $v := .Name}}{{$v}}{{.}}{{end}}", "yhello worldhello world"},
    /* loops */
    {"{{range .List}}<{{.}}>{{end}}", "<b><a><c c>"},
    {"{{range $i, $v := .List}}{{$i}}={{$v}};{{end}}", "0=b;1=a;2=c c;"},
    {"{{range $v := .List}}{{$v}}{{end}}", "bac c"},
    {"{{range .None}}x{{else}}none{{end}}", "none"},
    {"{{range $k, $v := .Label}}{{$k}}:{{$v}} {{end}}", "com.example.some-name:<&> z:last "},
    {"{{range .List}}{{if eq . \"a\"}}{{continue}}{{end}}{{.}}{{end}}", "bc c"},
    {"{{range .List}}{{if eq . \"a\"}}{{break}}{{end}}{{.}}{{end}}", "b"},
    {"{{$n := 0}}{{range .List}}{{$n = .}}{{end}}{{$n}}", "c c"},
    {"{{$n := 1}}{{if .Yes}}{{$n := 2}}{{$n}}{{end}}{{$n}}", "21"},
    /* functions */
    {"{{json .Label}}", "{\"z\":\"last\",\"com.example.some-name\":\"<&>\"}"},
    {"{{json .List}} {{json .Half}} {{json .Inner.Nothing}} {{.Name | json}}",
     "[\"b\",\"a\",\"c c\"] 0.5 null \"hello world\""},
    {"{{join .List \", \"}}|{{join .None \"x\"}}", "b, a, c c|"},
    {"{{split .Name \"o\"}} {{len (split \"abc\" \"\")}}", "[hell  w rld] 3"},
    {"{{upper .Name}} {{lower \"ABC\"}} {{title .Name}} {{.Name | title | printf \"%s!\"}}",
     "HELLO WORLD abc Hello World Hello World!"},
    {"{{pad \"x\" 1 2}}|{{pad .Empty 1 2}}|{{truncate .Name 4}}|{{truncate .Name 400}}", " x  ||hell|hello world"},
    {"{{index .List 1}} {{index .Label \"z\"}} {{index .Label \"none\"}}|{{(index .List 2)}}", "a last |c c"},
    {"{{.Label \"z\"}}|{{.Label \"none\"}}", "last|"},
    {"{{len .List}} {{len .Name}} {{len .Label}}", "3 11 2"},
    {"{{slice .Name 1 3}} {{slice .List 1}}", "el [a c c]"},
    {"{{print 1 2 \"a\" \"b\" 3}}|{{println \"a\" 1}}", "1 2ab3|a 1\n"},
    {"{{printf \"%5d|%-5s|%05d|%q|%v|%x|%.2f|%t|%%\" 42 \"ab\" 7 \"q\\\"\" .List 255 .Half .Yes}}",
     "   42|ab   |00007|\"q\\\"\"|[b a c c]|ff|0.50|true|%"},
    {"{{printf \"%d %s\" \"x\"}}", "%!d(string=x) %!s(MISSING)"},
    {"{{printf \"%6.2f|%+d|%x|%X|%o|%e\" 3.14159 5 \"hi\" 255 8 1.5}}", "  3.14|+5|6869|FF|10|1.500000e+00"},
    {"{{printf \"%v %s %d\" 1 1 \"a\"}}|{{printf \"%5s|\" \"\u00e9\"}}", "1 %!s(int=1) %!d(string=a)|    \u00e9|"},
    {"{{1.5}} {{1e3}} {{0x10}} {{-7}} {{1e21}} {{0.00001}}", "1.5 1000 16 -7 1e+21 1e-05"},
    {"{{\"a\\tb\"}}{{`\\t`}}", "a\tb\\t"},
    {"{{(.Inner).Deep}} {{print (len (print .Name .Name))}}", "7 22"},
};

static void test_good(_unused_ void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        _cleanup_(cli_template_free_cleanup) struct cli_template *t = NULL;
        _cleanup_buf_ struct buf out = BUF_INIT;
        struct err err = ERR_INIT;

        if (cli_template_parse(good[i].text, &t, &err) < 0 ||
            cli_template_execute(t, &data, CLI_TEMPLATE_DATA, &out, &err) < 0)
            fail_msg("%s: %s", good[i].text, err.text);
        assert_string_equal(buf_str(&out), good[i].made);
    }
}

static const struct {
    const char *text, *said;
} bad[] = {
    {"{{", "1:3: unclosed action"},
    {"{{.Name", "unclosed action"},
    {"a\n  {{.Name}", "2:10: unexpected '}'"},
    {"{{nope .}}", "function \"nope\" not defined"},
    {"{{uper .Name}}", "did you mean upper?"},
    {"{{if .Name}}x", "an end is missing"},
    {"{{end}}", "unexpected {{end}}"},
    {"{{else}}", "unexpected {{else}}"},
    {"{{if .Yes}}{{else}}{{else}}{{end}}", "expected end; found else"},
    {"{{if}}x{{end}}", "missing value"},
    {"{{}}", "missing value"},
    {"{{.Name | }}", "missing value"},
    {"{{\"abc}}", "unterminated quoted string"},
    {"{{(.Name}}", "unclosed left paren"},
    {"{{$x}}", "undefined variable \"$x\""},
    {"{{range .List}}{{$x := .}}{{end}}{{$x}}", "undefined variable"},
    {"{{break}}", "outside {{range}}"},
    {"{{1 2}}", "no function"},
    {"{{.Name | 3}}", "later stage"},
    {"{{define \"x\"}}{{end}}", "not supported"},
    {"{{12x}}", "1:3: bad number '12x'"},
    {"{{/* x }}", "unclosed comment"},
};

static void test_bad(_unused_ void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct cli_template *t = NULL;
        struct err err;

        assert_fails(cli_template_parse(bad[i].text, &t, &err), ERR_INVALID, bad[i].said);
        assert_null(t);
    }
}

static const struct {
    const char *text, *said;
} failing[] = {
    {"ab{{.Nmae}}", "1:5: no field .Nmae; there are Name, Empty, Size,"},
    {"{{.Fixed.Missing.Further}}", "1:3: no field .Missing; there are Open, Pointer, Word"},
    {"{{.Fixed.Pointer.Further}}", "can't evaluate field Further"},
    {"{{with .Fixed}}{{.Missing}}{{end}}", "no field .Missing"},
    {"{{.Name.First}}", "can't evaluate field First"},
    {"{{index .List 3}}", "error calling index: index out of range: 3"},
    {"{{index .List -1}}", "out of range"},
    {"{{index .Name 0}}", "a list or a map expected"},
    {"{{len .Yes}}", "wrong type of argument 'true'"},
    {"{{len}}", "wrong number of args for len: 1 wanted, 0 given"},
    {"{{eq .Name 1}}", "incompatible types"},
    {"{{lt .Yes .No}}", "incompatible types"},
    {"{{range .Name}}{{end}}", "range can't iterate"},
    {"{{join .Name \",\"}}", "a list expected"},
    {"{{slice .Name 3 1}}", "invalid slice index"},
    {"{{pad \"x\" 100000000 1}}", "out of range"},
    {"{{.Name \"x\"}}", "no function"},
};

static void test_failing(_unused_ void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(failing); i++) {
        _cleanup_(cli_template_free_cleanup) struct cli_template *t = NULL;
        _cleanup_buf_ struct buf out = BUF_INIT;
        struct err err;

        assert_ok(cli_template_parse(failing[i].text, &t, &err));
        assert_fails(cli_template_execute(t, &data, CLI_TEMPLATE_DATA, &out, &err), ERR_INVALID, failing[i].said);
    }
}

static void test_heading(_unused_ void **state)
{
    _cleanup_(cli_template_free_cleanup) struct cli_template *t = NULL;
    _cleanup_buf_ struct buf out = BUF_INIT;
    struct cli_value headings = {.kind = CLI_MAP};
    struct err err;

    cli_value_put_text(&headings, "Name", "NAME of it");
    cli_value_put_text(&headings, "Label", "LABEL");
    assert_ok(
        cli_template_parse("{{lower .Name}} {{truncate .Name 1}} {{json .Name}} {{.Label \"a.some-key\"}}", &t, &err));
    assert_ok(cli_template_execute(t, &headings, CLI_TEMPLATE_HEADING, &out, &err));
    assert_string_equal(buf_str(&out), "NAME of it NAME of it NAME of it some key");
    cli_value_release(&headings);
}

static void test_depth(_unused_ void **state)
{
    _cleanup_buf_ struct buf text = BUF_INIT;
    struct cli_template *t = NULL;
    struct err err;

    for (int i = 0; i < 1000; i++)
        buf_adds(&text, "{{if .Yes}}");
    assert_fails(cli_template_parse(buf_str(&text), &t, &err), ERR_INVALID, "nested too deeply");
    buf_clear(&text);
    buf_adds(&text, "{{");
    for (int i = 0; i < 1000; i++)
        buf_addc(&text, '(');
    assert_fails(cli_template_parse(buf_str(&text), &t, &err), ERR_INVALID, "nested too deeply");
}

static void test_json_indent(_unused_ void **state)
{
    _cleanup_buf_ struct buf out = BUF_INIT;
    struct cli_value v = {.kind = CLI_MAP}, list = {.kind = CLI_SEQUENCE};

    cli_value_append(&list, cli_value_text("\x01\"\n"));
    cli_value_put(&v, "b", list);
    cli_value_put(&v, "a", (struct cli_value){.kind = CLI_MAP});
    cli_value_json(&v, 4, false, &out);
    assert_string_equal(buf_str(&out), "{\n    \"b\": [\n        \"\\u0001\\\"\\n\"\n    ],\n    \"a\": {}\n}");
    buf_clear(&out);
    cli_value_json(&v, 0, true, &out);
    assert_string_equal(buf_str(&out), "{\"a\":{},\"b\":[\"\\u0001\\\"\\n\"]}");
    cli_value_release(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),    cmocka_unit_test(test_bad),   cmocka_unit_test(test_failing),
        cmocka_unit_test(test_heading), cmocka_unit_test(test_depth), cmocka_unit_test(test_json_indent),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
