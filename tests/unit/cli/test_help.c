#include "../unit.h"

#include "cli/generate.h"
#include "cli/help.h"

struct options {
    bool tty;
    const char *pull;
    char **env;
    int64_t memory;
};

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *e)
{
    (void)ctx, (void)opts, (void)operands, (void)e;
    return 0;
}

static const char *const pull_words[] = {"always", "never", NULL};
static const struct cli_option options[] = {
    CLI_LIST(struct options, 'e', "env", env, "Set environment variables"),
    CLI_SIZE(struct options, 'm', "memory", memory, "Memory limit"),
    CLI_STRING(struct options, 0, "pull", pull, "Pull the image before it is run, whether it is there or not",
               .shown_default = "\"always\"", .values = CLI_VALUES_WORDS, .words = pull_words),
    CLI_STRING(struct options, 0, "secret", pull, "Not shown", .hidden = true),
    CLI_FLAG(struct options, 't', "tty", tty, "It's a [terminal]: \\ or not"),
};
static const struct cli_example examples[] = {{"Sort", "box run a sort -n"}, {NULL, NULL}};
static const struct cli_command cmd_run = {
    .summary = "Run a command",
    .description = ".first\n\nsecond\n  verb\n    atim\nthird",
    .operands = "IMAGE [ARG...]",
    .values = {CLI_VALUES_IMAGE},
    .stop_at_first = true,
    CLI_OPTIONS(struct options, options),
    .failure = 125,
    .examples = examples,
    .run = run,
};
static const struct cli_command cmd_list = {
    .summary = "List images", .operands = "[NAME|ID]", .values = {CLI_VALUES_FILE}, .run = run};
static const struct cli_entry image_entries[] = {{"ls", &cmd_list, CLI_OTHER, "list"}};
static const struct cli_command cmd_image = {.summary = "Manage images", CLI_ENTRIES(image_entries)};
static const struct cli_entry entries[] = {
    {"run", &cmd_run, CLI_COMMON, NULL},
    {"images", &cmd_list, CLI_COMMON, NULL},
    {"image", &cmd_image, CLI_MANAGEMENT, NULL},
    {"__hidden", &cmd_list, CLI_HIDDEN, NULL},
};
static const struct cli_option globals[] = {CLI_FLAG(struct options, 'D', "debug", tty, "Say more")};
static const struct cli_command root = {.summary = "Boxes", CLI_ENTRIES(entries), CLI_OPTIONS(struct options, globals)};

static struct buf out;

static const char *help(const struct cli_command *c, const char *path, unsigned columns)
{
    buf_clear(&out);
    cli_help(&root, "box", c, path, columns, &out);
    return buf_str(&out);
}

static void test_root(void **state)
{
    (void)state;
    assert_string_equal(help(&root, "box", 80), "Usage:  box [OPTIONS] COMMAND\n"
                                                "\n"
                                                "Boxes\n"
                                                "\n"
                                                "Common Commands:\n"
                                                "  run         Run a command\n"
                                                "  images      List images\n"
                                                "\n"
                                                "Management Commands:\n"
                                                "  image       Manage images\n"
                                                "\n"
                                                "Global Options:\n"
                                                "  -D, --debug   Say more\n"
                                                "\n"
                                                "Run 'box COMMAND --help' for more information on a command.\n");
}

static void test_command(void **state)
{
    (void)state;
    assert_string_equal(help(&cmd_run, "box run", 60), "Usage:  box run [OPTIONS] IMAGE [ARG...]\n"
                                                       "\n"
                                                       "Run a command\n"
                                                       "\n"
                                                       "Options:\n"
                                                       "  -e, --env list       Set environment variables\n"
                                                       "  -m, --memory bytes   Memory limit\n"
                                                       "      --pull string    Pull the image before it is run,\n"
                                                       "                       whether it is there or not (default\n"
                                                       "                       \"always\")\n"
                                                       "  -t, --tty            It's a [terminal]: \\ or not\n");
}

static void test_narrow(void **state)
{
    _cleanup_strv_ char **lines = NULL;

    (void)state;
    lines = strv_split(help(&cmd_run, "box run", 40), '\n');
    assert_string_equal(lines[5], "  -e, --env list");
    assert_string_equal(lines[6], "          Set environment variables");
    help(&cmd_run, "box run", 1); /* and at no width does it hang or crash */
}

static void test_aliases(void **state)
{
    (void)state;
    assert_string_equal(
        help(&cmd_list, "box images", 80),
        "Usage:  box images [NAME|ID]\n\nList images\n\nAliases:\n  box image ls, box image list, box images\n");
}

static void contains(const char *part)
{
    if (!strstr(buf_str(&out), part))
        fail_msg("\"%s\" is missing in:\n%s", part, buf_str(&out));
}

static void lacks(const char *part)
{
    if (strstr(buf_str(&out), part))
        fail_msg("\"%s\" is in:\n%s", part, buf_str(&out));
}

static void test_completions(void **state)
{
    (void)state;
    buf_clear(&out);
    cli_generate_bash(&root, "box", &out);
    contains("'box image ls' | 'box image list')");
    contains("options='-e:none --env:none -m:none --memory:none --pull:words=always|never -t --tty'");
    contains("first=image others=none\n        stop=1");
    contains("complete -F _box box");
    lacks("@");
    lacks("hidden");
    lacks("secret");

    buf_clear(&out);
    cli_generate_zsh(&root, "box", &out);
    contains("#compdef box\n");
    contains("'(-t --tty)--tty[It'\\''s a \\[terminal\\]\\: \\\\ or not]'");
    contains("'*--env=[Set environment variables]:list: '");
    contains("ls | list) _box_image_ls ;;");
    contains(":string:(always never)'");
    contains("\n_box \"$@\"\n");
    lacks("hidden");

    buf_clear(&out);
    cli_generate_fish(&root, "box", &out);
    contains("complete -c box -n \"__box_at 'run'\" -s t -l tty -d 'It\\'s a [terminal]: \\\\ or not'");
    contains("complete -c box -n \"__box_at 'image ls' 'image list'\" -F");
    contains("'run' 'images' 'image' 'image ls' 'image list'");
    lacks("@");
    lacks("hidden");
}

static void test_man(void **state)
{
    (void)state;
    buf_clear(&out);
    cli_generate_man(&root, "box", &cmd_run, "box run", &out);
    contains(".TH BOX\\-RUN 1 \"\" box \"User Commands\"\n");
    contains("\nbox\\-run \\- Run a command\n");
    contains("\n\\&.first\n.PP\nsecond\n.RS 4\n.nf\nverb\n  atim\n.fi\n.RE\n.PP\nthird\n");
    contains("\\fB\\-m\\fR, \\fB\\-\\-memory\\fR \\fIbytes\\fR\n");
    contains("It's a [terminal]: \\e or not.\n");
    contains(": always, never (default \"always\").\n");
    contains("box run a sort \\-n\n");
    contains(".TP\n127\n");
    contains(".BR box (1)\n");
    lacks("secret");

    buf_clear(&out);
    cli_generate_man(&root, "box", &cmd_list, "box image ls", &out);
    assert_string_equal(buf_str(&out), ".so man1/box-images.1\n");
    buf_clear(&out);
    cli_generate_man(&root, "box", &cmd_list, "box images", &out);
    contains("List images.\n");
    lacks(".TP\n127\n");
    buf_clear(&out);
    cli_generate_man(&root, "box", &root, "box", &out);
    contains(".BR box\\-images (1).\n");
    lacks("hidden");
}

static void test_markdown(void **state)
{
    (void)state;
    buf_clear(&out);
    cli_generate_markdown(&root, "box", &out);
    assert_string_equal(buf_str(&out), "| command | |\n"
                                       "|---|---|\n"
                                       "| `box run IMAGE [ARG...]` | Run a command |\n"
                                       "| `box images [NAME\\|ID]` | List images |\n"
                                       "| `box image ls` | Manage images |\n");
}

static void test_shell_word(void **state)
{
    (void)state;
    buf_clear(&out);
    cli_add_shell_word(&out, "it's $HOME\\");
    assert_string_equal(buf_str(&out), "'it'\\''s $HOME\\'");
}

static int release(void **state)
{
    (void)state;
    buf_free(&out);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_root),       cmocka_unit_test(test_command),  cmocka_unit_test(test_narrow),
        cmocka_unit_test(test_aliases),    cmocka_unit_test(test_man),      cmocka_unit_test(test_completions),
        cmocka_unit_test(test_shell_word), cmocka_unit_test(test_markdown),
    };

    return cmocka_run_group_tests(tests, NULL, release);
}
