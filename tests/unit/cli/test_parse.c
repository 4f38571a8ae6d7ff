#include "../unit.h"

#include "cli/cli.h"

static struct err err;

struct globals {
    bool debug;
    const char *root;
};

struct options {
    bool interactive, tty, rm, init;
    const char *name;
    const char *pull;
    char **env;
    int64_t pids, memory, cpus;
    char first;
};

static int parse_first(const char *text, void *field, struct err *e)
{
    if (*text == 'x')
        return err_set(e, ERR_INVALID, "no x");
    *(char *)field = *text;
    return 0;
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *e)
{
    (void)ctx, (void)opts, (void)operands, (void)e;
    return 0;
}

static const char *const pull_words[] = {"always", "missing", "never", NULL};

static const struct cli_option run_options[] = {
    CLI_NANO(struct options, 0, "cpus", cpus, "CPUs"),
    CLI_LIST(struct options, 'e', "env", env, "Variables"),
    CLI_CUSTOM(struct options, 'f', "first", first, parse_first, "First letter"),
    CLI_FLAG(struct options, 0, "init", init, "Init"),
    CLI_FLAG(struct options, 'i', "interactive", interactive, "Interactive"),
    CLI_SIZE(struct options, 'm', "memory", memory, "Memory limit"),
    CLI_STRING(struct options, 'n', "name", name, "Name"),
    CLI_INT(struct options, 0, "pids", pids, "Pids", .min = -1, .max = 100),
    CLI_STRING(struct options, 0, "pull", pull, "Pull", .values = CLI_VALUES_WORDS, .words = pull_words),
    CLI_FLAG(struct options, 0, "rm", rm, "Remove"),
    CLI_FLAG(struct options, 't', "tty", tty, "Terminal"),
};
static const struct options run_defaults = {.pids = 7, .pull = "missing", .init = true};

static const struct cli_command cmd_run = {
    .summary = "Run",
    .operands = "IMAGE [COMMAND] [ARG...]",
    .stop_at_first = true,
    CLI_OPTIONS(struct options, run_options),
    .defaults = &run_defaults,
    .failure = 125,
    .run = run,
};
static const struct cli_command cmd_rm = {
    .summary = "Remove", .operands = "IMAGE [IMAGE...]", CLI_OPTIONS(struct options, run_options), .run = run};
static const struct cli_command cmd_tag = {.summary = "Tag", .operands = "SOURCE TARGET", .run = run};
static const struct cli_command cmd_list = {.summary = "List", .operands = "[REPOSITORY[:TAG]]", .run = run};
static const struct cli_command cmd_info = {.summary = "Info", .run = run};

static const struct cli_entry image_entries[] = {
    {"ls", &cmd_list, CLI_OTHER, "list"},
    {"rm", &cmd_rm, CLI_OTHER, "remove"},
};
static const struct cli_command cmd_image = {.summary = "Images", CLI_ENTRIES(image_entries)};

static const struct cli_entry root_entries[] = {
    {"run", &cmd_run, CLI_COMMON},         {"images", &cmd_list, CLI_COMMON}, {"info", &cmd_info, CLI_COMMON},
    {"image", &cmd_image, CLI_MANAGEMENT}, {"rmi", &cmd_rm, CLI_OTHER},       {"tag", &cmd_tag, CLI_OTHER},
    {"__secret", &cmd_info, CLI_HIDDEN},
};
static const struct cli_option root_options[] = {
    CLI_FLAG(struct globals, 'D', "debug", debug, "Debug"),
    CLI_STRING(struct globals, 0, "root", root, "Root", .env = "CBOX_TEST_ROOT"),
};
static const struct cli_command root = {
    .summary = "Test", CLI_ENTRIES(root_entries), CLI_OPTIONS(struct globals, root_options)};

static struct globals globals;
static struct cli_call call;
static char *arguments[32];

/* Splits at spaces ("~" stands for an empty argument) and parses; the result stays in `call` until the next one. */
static int parse(const char *line)
{
    static char text[512];
    size_t n = 0;

    cli_call_release(&call);
    globals = (struct globals){0};
    snprintf(text, sizeof(text), "cbox %s", line);
    for (char *save, *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save))
        arguments[n++] = strcmp(word, "~") == 0 ? (char *)"" : word;
    arguments[n] = NULL;
    err = ERR_INIT;
    return cli_parse(&root, "cbox", &globals, arguments, &call, &err);
}

static const struct options *options(void)
{
    return call.options;
}

static void assert_operands(const char *expected)
{
    _cleanup_free_ char *joined = strv_join(call.operands, " ");

    assert_string_equal(joined, expected);
}

static void parses(const char *line)
{
    if (parse(line) < 0)
        fail_msg("%s: %s", line, err.text);
}

static void refuses(const char *line, int exit_code, const char *text, const char *hint)
{
    assert_int_equal(parse(line), ERR_INVALID);
    assert_string_equal(err.text, text);
    if (!strstr(err.hint, hint))
        fail_msg("%s: hint \"%s\" does not say \"%s\"", line, err.hint, hint);
    assert_int_equal(call.failure, exit_code);
}

static void test_spellings(void **state)
{
    static const char *const same[] = {
        "run --memory 5k --name box -i -t img",
        "run --memory=5k --name=box -it img",
        "run -m 5k -n box -ti img",
        "run -m5k -nbox -i=true -t=1 img",
        "run -m=5k -n=box --interactive -t img",
        "run -itm 5k -nbox img",
        "run -itm5k -n=box -- img",
        "run -m 1 -m 5k -i=f -itn box img",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
        parses(same[i]);
        assert_int_equal(options()->memory, 5 * 1024);
        assert_string_equal(options()->name, "box");
        assert_true(options()->interactive);
        assert_true(options()->tty);
        assert_false(options()->rm);
        assert_operands("img");
    }
}

static void test_kinds(void **state)
{
    (void)state;
    parses("run --cpus 1.5 --pids -1 -e A=1 --env B --env= -f abc --pull never img");
    assert_int_equal(options()->cpus, 1500000000);
    assert_int_equal(options()->pids, -1);
    assert_string_equal(options()->env[0], "A=1");
    assert_string_equal(options()->env[1], "B");
    assert_string_equal(options()->env[2], "");
    assert_null(options()->env[3]);
    assert_int_equal(options()->first, 'a');
    assert_string_equal(options()->pull, "never");
}

static void test_defaults(void **state)
{
    (void)state;
    parses("run img");
    assert_int_equal(options()->pids, 7);
    assert_string_equal(options()->pull, "missing");
    assert_true(options()->init);
    assert_null(options()->name);
    assert_null(options()->env);
    parses("run --init=false --name ~ img");
    assert_false(options()->init);
    assert_string_equal(options()->name, "");
    parses("run --init=false img");
    parses("run img");
    assert_true(options()->init); /* the table was not written to */
}

static void test_operands(void **state)
{
    (void)state;
    parses("run img sh -c --rm -x");
    assert_operands("img sh -c --rm -x");
    assert_false(options()->rm);
    parses("run img -- x");
    assert_operands("img -- x");
    parses("run -- -img -x");
    assert_operands("-img -x");
    parses("rmi a --rm b -m 1k c -- -d --rm");
    assert_operands("a b c -d --rm");
    assert_true(options()->rm);
    parses("rmi -");
    assert_operands("-");
    parses("images");
    assert_operands("");
    parses("images ~");
    assert_int_equal(strv_len(call.operands), 1);
}

static void test_groups(void **state)
{
    (void)state;
    parses("image ls x");
    assert_ptr_equal(call.command, &cmd_list);
    assert_string_equal(call.path, "cbox image ls");
    parses("image list");
    assert_string_equal(call.path, "cbox image ls");
    parses("-D image remove x");
    assert_true(globals.debug);
    assert_ptr_equal(call.command, &cmd_rm);
    parses("__secret");
    assert_ptr_equal(call.command, &cmd_info);
    parses("image");
    assert_true(call.help);
    assert_ptr_equal(call.command, &cmd_image);
}

static void test_help(void **state)
{
    static const char *const asks[] = {"run --help", "run -h", "run -ih", "run -i --help --foo", "run --help img"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(asks); i++) {
        parses(asks[i]);
        assert_true(call.help);
        assert_ptr_equal(call.command, &cmd_run);
    }
    parses("run img --help");
    assert_false(call.help);
    parses("");
    assert_true(call.help);
    assert_ptr_equal(call.command, &root);
    parses("--help run");
    assert_ptr_equal(call.command, &root);
}

static void test_globals(void **state)
{
    (void)state;
    unsetenv("CBOX_TEST_ROOT");
    parses("info");
    assert_null(globals.root);
    parses("--root=/r info");
    assert_string_equal(globals.root, "/r");
    assert_int_equal(setenv("CBOX_TEST_ROOT", "/e", 1), 0);
    parses("info");
    assert_string_equal(globals.root, "/e");
    parses("--root /r info");
    assert_string_equal(globals.root, "/r");
    assert_int_equal(setenv("CBOX_TEST_ROOT", "", 1), 0);
    parses("info");
    assert_null(globals.root);
    unsetenv("CBOX_TEST_ROOT");
    refuses("info --root /r", 125, "unknown flag: --root", "see 'cbox info --help'");
}

static void test_unknown(void **state)
{
    (void)state;
    refuses("run --foo img", 125, "unknown flag: --foo", "see 'cbox run --help'");
    refuses("run --memroy=1 img", 125, "unknown flag: --memroy", "did you mean --memory? See 'cbox run --help'");
    refuses("run --mem 1 img", 125, "unknown flag: --mem", "cbox run --help");
    refuses("run -iZ img", 125, "unknown shorthand flag: 'Z' in -iZ", "cbox run --help");
    refuses("run --=x img", 125, "bad flag syntax: --=x", "");
    refuses("run ---x img", 125, "unknown flag: ---x", "");
    refuses("--help=x", 125, "unknown flag: --help", "");
    refuses("--foo", 125, "unknown flag: --foo", "see 'cbox --help'");
    refuses("image --foo ls", 125, "unknown flag: --foo", "see 'cbox image --help'");
    refuses("rum", 1, "'rum' is not a cbox command", "did you mean 'run'? See 'cbox --help'");
    refuses("image sl", 1, "'sl' is not a cbox image command", "did you mean 'ls'?");
    refuses("__secre", 1, "'__secre' is not a cbox command", "see 'cbox --help'");
    refuses("~", 1, "'' is not a cbox command", "see 'cbox --help'");
}

static void test_bad_arguments(void **state)
{
    (void)state;
    refuses("run -m", 125, "flag needs an argument: 'm' in -m", "");
    refuses("run -im", 125, "flag needs an argument: 'm' in -im", "");
    refuses("run --memory", 125, "flag needs an argument: --memory", "");
    assert_int_equal(parse("run --memory abc img"), ERR_INVALID);
    assert_non_null(strstr(err.text, "invalid argument \"abc\" for \"-m, --memory\" flag: "));
    assert_int_equal(call.failure, 125);
    assert_int_equal(parse("run --init=maybe img"), ERR_INVALID);
    assert_non_null(strstr(err.text, "invalid argument \"maybe\" for \"--init\" flag: "));
    assert_int_equal(parse("run --pids 101 img"), ERR_INVALID);
    assert_int_equal(parse("run --pids=~ img"), ERR_INVALID);
    assert_int_equal(parse("run --cpus 1..5 img"), ERR_INVALID);
    refuses("run -fx img", 125, "invalid argument \"x\" for \"-f, --first\" flag: no x", "");
    refuses("run --pull often img", 125,
            "invalid argument \"often\" for \"--pull\" flag: use one of always, missing, never", "");
}

static void test_operand_counts(void **state)
{
    (void)state;
    refuses("run", 1, "'cbox run' requires at least 1 argument",
            "usage: cbox run [OPTIONS] IMAGE [COMMAND] [ARG...]; see 'cbox run --help'");
    refuses("run --rm", 1, "'cbox run' requires at least 1 argument", "");
    refuses("tag a", 1, "'cbox tag' requires 2 arguments", "usage: cbox tag SOURCE TARGET");
    refuses("tag a b c", 1, "'cbox tag' requires 2 arguments", "");
    refuses("images a b", 1, "'cbox images' requires at most 1 argument", "");
    refuses("info a", 1, "'cbox info' accepts no arguments", "usage: cbox info;");
    refuses("image rm", 1, "'cbox image rm' requires at least 1 argument", "");
}

static void test_count_operands(void **state)
{
    static const struct {
        const char *usage;
        int min, max;
    } cases[] = {
        {NULL, 0, 0},         {"", 0, 0},
        {"A", 1, 1},          {"A B", 2, 2},
        {"[A]", 0, 1},        {"A [B...]", 1, CLI_ANY},
        {"A...", 1, CLI_ANY}, {"[A[:B|@C]]", 0, 1},
        {"A[:B] C", 2, 2},    {"A [B] [C...]", 1, CLI_ANY},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int min, max;

        cli_count_operands(cases[i].usage, &min, &max);
        assert_int_equal(min, cases[i].min);
        assert_int_equal(max, cases[i].max);
    }
}

static void test_find(void **state)
{
    char *image_ls[] = {(char *)"image", (char *)"list", NULL}, *none[] = {(char *)"image", (char *)"x", NULL};
    char *below_command[] = {(char *)"run", (char *)"x", NULL};
    _cleanup_free_ char *path = NULL;

    (void)state;
    assert_ptr_equal(cli_find(&root, "cbox", image_ls, &path), &cmd_list);
    assert_string_equal(path, "cbox image ls");
    assert_null(cli_find(&root, "cbox", none, NULL));
    assert_null(cli_find(&root, "cbox", below_command, NULL));
    assert_ptr_equal(cli_find(&root, "cbox", NULL, NULL), &root);
}

static void test_exit_codes(void **state)
{
    (void)state;
    assert_int_equal(cli_exit_code(&cmd_run, ERR_IO), 125);
    assert_int_equal(cli_exit_code(&cmd_run, ERR_NO_EXEC), 126);
    assert_int_equal(cli_exit_code(&cmd_run, ERR_NO_COMMAND), 127);
    assert_int_equal(cli_exit_code(&cmd_info, ERR_NOT_FOUND), 1);
    assert_int_equal(cli_exit_code(&cmd_info, ERR_INTERRUPTED), 130);
}

static int release(void **state)
{
    (void)state;
    cli_call_release(&call);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spellings),      cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_defaults),       cmocka_unit_test(test_operands),
        cmocka_unit_test(test_groups),         cmocka_unit_test(test_help),
        cmocka_unit_test(test_globals),        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_bad_arguments),  cmocka_unit_test(test_operand_counts),
        cmocka_unit_test(test_count_operands), cmocka_unit_test(test_find),
        cmocka_unit_test(test_exit_codes),
    };

    return cmocka_run_group_tests(tests, NULL, release);
}
