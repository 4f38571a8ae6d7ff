#include "../unit.h"

#include "explain/facts.h"

static void print(const explain_facts *facts, size_t width, bool sources, const char *expected)
{
    _cleanup_buf_ struct buf out = BUF_INIT;

    explain_print(facts, &(struct explain_print){2, width, sources}, &out);
    assert_string_equal(buf_str(&out), expected);
}

static void fill(explain_facts *facts)
{
    struct explain_fact *fact = explain_add(facts, "pid", "/proc/1/ns/pid", "its own: %s", "nobody else is in it");

    fact->weak = true;
    explain_strings(fact, (char *[]){(char *)"web", NULL});
    fact = explain_add(facts, "a", "/proc/1/status", "first");
    explain_number(fact, -3);
    fact = explain_below(fact, "\x1b[31mred", NULL, "evil\ntext");
    explain_put(fact, "Key", cli_value_truth(true));
    explain_add(facts, "b", "/proc/1/status", "second");
    explain_add(facts, "c", "/proc/1/status", "third");
}

static void test_lines(void **state)
{
    _cleanup_explain_facts_ explain_facts facts = {0};

    (void)state;
    fill(&facts);
    print(&facts, 0, false,
          "! pid  its own: nobody else is in it\n"
          "  a    first\n"
          "    ?[31mred  evil?text\n"
          "  b    second\n"
          "  c    third\n");
    /* At least twenty columns are the text's; neighbours that were read together say so once. */
    print(&facts, 30, true,
          "! pid  its own: nobody else is\n"
          "       in it\n"
          "       [/proc/1/ns/pid]\n"
          "  a    first\n"
          "       [/proc/1/status]\n"
          "    ?[31mred  evil?text\n"
          "  b    second\n"
          "  c    third\n"
          "       [/proc/1/status]\n");
}

static void test_long_names(void **state)
{
    _cleanup_explain_facts_ explain_facts facts = {0};

    (void)state;
    explain_add(&facts, "/a/name/that/is/longer/than/any/column", NULL, "text");
    explain_add(&facts, "short", NULL, "a_word_that_no_line_has_room_for and another");
    print(&facts, 30, false,
          "  /a/name/that/is/longer/than/any/column\n"
          "         text\n"
          "  short  a_word_that_no_line_has_room_for\n"
          "         and another\n");
}

static void test_drawing(void **state)
{
    _cleanup_buf_ struct buf out = BUF_INIT;

    (void)state;
    explain_print_text("  └─ sleep   10 and more of it", 4, 26, &out);
    assert_string_equal(buf_str(&out), "  └─ sleep   10 and\n    more of it\n");
}

static void test_document(void **state)
{
    _cleanup_explain_facts_ explain_facts facts = {0};
    _cleanup_buf_ struct buf out = BUF_INIT;
    struct cli_value v;

    (void)state;
    fill(&facts);
    v = explain_facts_value(&facts);
    cli_value_json(&v, 0, false, &out);
    cli_value_release(&v);
    /* What lies below has the source of what lies above. */
    assert_string_equal(buf_str(&out),
                        "[{\"Name\":\"pid\",\"Text\":\"its own: nobody else is in it\",\"Value\":[\"web\"],"
                        "\"Source\":\"/proc/1/ns/pid\",\"Weak\":true},"
                        "{\"Name\":\"a\",\"Text\":\"first\",\"Value\":-3,\"Source\":\"/proc/1/status\",\"Facts\":["
                        "{\"Name\":\"\\u001b[31mred\",\"Text\":\"evil\\ntext\",\"Value\":{\"Key\":true},"
                        "\"Source\":\"/proc/1/status\"}]},"
                        "{\"Name\":\"b\",\"Text\":\"second\",\"Source\":\"/proc/1/status\"},"
                        "{\"Name\":\"c\",\"Text\":\"third\",\"Source\":\"/proc/1/status\"}]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_drawing),
        cmocka_unit_test(test_document),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
