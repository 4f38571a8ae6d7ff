#include "../unit.h"

#include "cli/cli.h"

static struct err err;

struct options {
    bool flag;
    const char *text;
    int64_t number;
};

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *e)
{
    (void)ctx, (void)opts, (void)operands, (void)e;
    return 0;
}

/* A command of these options below a root, checked. */
static int check_options(const struct cli_option *options, size_t n)
{
    struct cli_command command = {
        .summary = "Do", .options = options, .n_options = n, .options_size = sizeof(struct options), .run = run};
    struct cli_entry entry = {"do", &command, CLI_COMMON, NULL};
    struct cli_command root = {.summary = "Test", .entries = &entry, .n_entries = 1};

    err = ERR_INIT;
    return cli_check(&root, &err);
}

static void refuses(struct cli_option option, const char *part)
{
    assert_int_equal(check_options(&option, 1), ERR_INTERNAL);
    if (!strstr(err.text, part) || !strstr(err.text, "root do"))
        fail_msg("\"%s\" does not say \"%s\"", err.text, part);
}

static void test_sound(void **state)
{
    static const char *const words[] = {"a", NULL};
    const struct cli_option options[] = {
        CLI_FLAG(struct options, 'f', "flag", flag, "Flag"),
        CLI_INT(struct options, 'n', "number", number, "Number", .min = 1, .max = 2),
        CLI_STRING(struct options, 0, "text", text, "Text", .values = CLI_VALUES_WORDS, .words = words),
    };

    (void)state;
    if (check_options(options, ARRAY_SIZE(options)) < 0)
        fail_msg("%s", err.text);
}

static void test_option(void **state)
{
    (void)state;
    refuses((struct cli_option)CLI_FLAG(struct options, 0, "", flag, "Flag"), "name");
    refuses((struct cli_option)CLI_FLAG(struct options, 0, "help", flag, "Flag"), "name");
    refuses((struct cli_option)CLI_FLAG(struct options, 0, "--flag", flag, "Flag"), "name");
    refuses((struct cli_option)CLI_FLAG(struct options, 0, "flag", flag, ""), "no help");
    refuses((struct cli_option)CLI_FLAG(struct options, 0, "flag", flag, "Flag."), "full stop");
    refuses((struct cli_option)CLI_FLAG(struct options, 0, "flag", flag, "Flag\nflag"), "line break");
    refuses((struct cli_option)CLI_FLAG(struct options, 0, "flag", flag, "Flag", .word = "x"), "no argument");
    refuses((struct cli_option)CLI_STRING(struct options, 0, "text", text, "Text", .max = 1), "bounds");
    refuses((struct cli_option)CLI_INT(struct options, 0, "n", number, "N", .min = 2, .max = 1), "wrong way");
    refuses((struct cli_option)CLI_INT(struct options, 0, "n", number, "N", .env = "N"), "variable");
    refuses((struct cli_option)CLI_STRING(struct options, 0, "t", text, "T", .values = CLI_VALUES_WORDS), "words");
    refuses((struct cli_option)CLI_CUSTOM(struct options, 0, "t", text, NULL, "T"), "parser");
    refuses((struct cli_option){.name = "x", .kind = CLI_K_INT, .offset = sizeof(struct options) - 4, .help = "X"},
            "outside");
    refuses((struct cli_option){.name = "x", .kind = CLI_K_FLAG, .offset = UINT32_MAX, .help = "X"}, "outside");
}

static void test_option_order(void **state)
{
    const struct cli_option unsorted[] = {CLI_STRING(struct options, 0, "text", text, "Text"),
                                          CLI_FLAG(struct options, 0, "flag", flag, "Flag")};
    const struct cli_option twice[] = {CLI_FLAG(struct options, 0, "flag", flag, "Flag"),
                                       CLI_FLAG(struct options, 0, "flag", flag, "Flag")};
    const struct cli_option letters[] = {CLI_FLAG(struct options, 'f', "flag", flag, "Flag"),
                                         CLI_STRING(struct options, 'f', "text", text, "Text")};

    (void)state;
    assert_int_equal(check_options(unsorted, 2), ERR_INTERNAL);
    assert_non_null(strstr(err.text, "behind"));
    assert_int_equal(check_options(twice, 2), ERR_INTERNAL);
    assert_int_equal(check_options(letters, 2), ERR_INTERNAL);
    assert_non_null(strstr(err.text, "letter f"));
}

static void refuses_command(struct cli_command command, const char *part)
{
    struct cli_entry entry = {"do", &command, CLI_COMMON, NULL};
    struct cli_command root = {.summary = "Test", .entries = &entry, .n_entries = 1};

    err = ERR_INIT;
    assert_int_equal(cli_check(&root, &err), ERR_INTERNAL);
    if (!strstr(err.text, part))
        fail_msg("\"%s\" does not say \"%s\"", err.text, part);
}

static void test_command(void **state)
{
    static const struct cli_option options[] = {CLI_FLAG(struct options, 0, "flag", flag, "Flag")};
    static const struct cli_command fine = {.summary = "Do", .run = run};
    static const struct cli_entry entries[] = {{"a", &fine, CLI_OTHER, NULL}};

    (void)state;
    refuses_command((struct cli_command){.summary = "Do"}, "neither");
    refuses_command((struct cli_command){.summary = "Do", .run = run, CLI_ENTRIES(entries)}, "both");
    refuses_command((struct cli_command){.run = run}, "no help");
    refuses_command((struct cli_command){.summary = "Do", .run = run, .failure = 256}, "exit code");
    refuses_command((struct cli_command){.summary = "Do", .run = run, .options_size = 1}, "struct");
    refuses_command((struct cli_command){.summary = "Do", CLI_ENTRIES(entries), .operands = "A"}, "group");
    refuses_command((struct cli_command){.summary = "Do", CLI_ENTRIES(entries), CLI_OPTIONS(struct options, options)},
                    "group");
    refuses_command((struct cli_command){.summary = "Do", .run = run, .operands = "[A] B"}, "usage");
    refuses_command((struct cli_command){.summary = "Do", .run = run, .operands = "A... B"}, "usage");
    refuses_command((struct cli_command){.summary = "Do", .run = run, .operands = "[A"}, "usage");
    refuses_command((struct cli_command){.summary = "Do", .run = run, .operands = "A  B"}, "usage");
}

static void test_entries(void **state)
{
    static const struct cli_command fine = {.summary = "Do", .run = run};
    const struct cli_entry same[] = {{"a", &fine, CLI_OTHER, NULL}, {"a", &fine, CLI_COMMON, NULL}};
    const struct cli_entry alias[] = {{"a", &fine, CLI_OTHER, "c"}, {"b", &fine, CLI_OTHER, "c"}};
    const struct cli_entry unsorted[] = {{"b", &fine, CLI_OTHER, NULL}, {"a", &fine, CLI_OTHER, NULL}};
    const struct cli_entry common[] = {{"b", &fine, CLI_COMMON, NULL}, {"a", &fine, CLI_COMMON, NULL}};

    (void)state;
    assert_fails(cli_check(&(struct cli_command){.summary = "T", CLI_ENTRIES(same)}, &err), ERR_INTERNAL, "taken");
    assert_fails(cli_check(&(struct cli_command){.summary = "T", CLI_ENTRIES(alias)}, &err), ERR_INTERNAL, "taken");
    assert_fails(cli_check(&(struct cli_command){.summary = "T", CLI_ENTRIES(unsorted)}, &err), ERR_INTERNAL, "behind");
    assert_ok(cli_check(&(struct cli_command){.summary = "T", CLI_ENTRIES(common)}, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound),   cmocka_unit_test(test_option),  cmocka_unit_test(test_option_order),
        cmocka_unit_test(test_command), cmocka_unit_test(test_entries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
