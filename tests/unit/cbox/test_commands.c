/* The command tables that are shipped. */
#include "../unit.h"

#include "cbox/cbox.h"
#include "cli/generate.h"
#include "cli/help.h"

static struct err err;

static void test_tables(void **state)
{
    (void)state;
    assert_ok(cli_check(&cbox_root, &err));
}

static void check_help(const struct cli_command *c, const char *path, const char *alias, void *data)
{
    _cleanup_buf_ struct buf out = BUF_INIT;
    _cleanup_strv_ char **lines = NULL;

    (void)alias, (void)data;
    cli_help(&cbox_root, "cbox", c, path, 80, &out);
    lines = strv_split(buf_str(&out), '\n');
    STRV_FOREACH (line, lines)
        if (strlen(*line) > 79 && !str_after(*line, "Usage:"))
            fail_msg("%s --help: wider than a terminal: \"%s\"", path, *line);
}

static void test_help_fits(void **state)
{
    (void)state;
    cli_visit(&cbox_root, "cbox", check_help, NULL);
}

/* A command has an example in its manual page, and each is a call that works. */
static void check_examples(const struct cli_command *c, const char *path, const char *alias, void *data)
{
    (void)alias, (void)data;
    if (!c->entries && !c->examples)
        fail_msg("%s has no example", path);
    for (const struct cli_example *e = c->examples; e && e->line; e++) {
        _cleanup_strv_ char **words = strv_split(e->line, ' ');
        struct cbox_globals globals = {0};
        struct cli_call call;
        _cleanup_free_ char **argv = mem_dup(words, (strv_len(words) + 1) * sizeof(char *));

        err = ERR_INIT;
        if (!str_eq(words[0], "cbox") || cli_parse(&cbox_root, "cbox", &globals, argv, &call, &err) < 0)
            fail_msg("%s: %s", e->line, err.text);
        if (call.command != c)
            fail_msg("%s: an example of another command", e->line);
        cli_call_release(&call);
    }
}

static void test_examples(void **state)
{
    (void)state;
    cli_visit(&cbox_root, "cbox", check_examples, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_help_fits),
        cmocka_unit_test(test_examples),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
