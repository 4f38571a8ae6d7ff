#include "cbox.h"
#include "commands.h"

#include "cli/help.h"
#include "cli/term.h"

#include <stdio.h>
#include <unistd.h>

void cbox_print_help(const struct cli_command *command, const char *path)
{
    _cleanup_buf_ struct buf out = BUF_INIT;

    cli_help(&cbox_root, CBOX_PROGRAM, command, path, cli_columns(STDOUT_FILENO), &out);
    fputs(buf_str(&out), stdout);
}

static void print_topic(const struct cli_topic *topic)
{
    _cleanup_buf_ struct buf out = BUF_INIT;

    cli_help_topic(topic, cli_is_terminal(STDOUT_FILENO), &out);
    fputs(buf_str(&out), stdout);
}

/* A topic and a command may have one name: both are shown. */
static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    _cleanup_free_ char *path = NULL, *words = NULL;
    const struct cli_command *command = cli_find(&cbox_root, CBOX_PROGRAM, operands, &path);
    const struct cli_topic *topic = strv_len(operands) == 1 ? cli_find_topic(&cbox_root, operands[0]) : NULL;

    (void)ctx, (void)opts;
    if (topic)
        print_topic(topic);
    if (topic && !command)
        return 0;
    if (topic)
        putchar('\n');
    if (!command) {
        words = strv_join(operands, " ");
        err_set(err, ERR_INVALID, "unknown help topic: %s", words);
        return err_hint(err, "see '%s --help'", CBOX_PROGRAM);
    }
    cbox_print_help(command, path);
    return 0;
}

static const struct cli_example examples[] = {
    {"The options of a command", "cbox help network create"},
    {"How ports are published, and what stands in their way", "cbox help networking"},
    {NULL, NULL},
};

const struct cli_command cmd_help = {
    .summary = "Show the help of a command or a topic",
    .operands = "[COMMAND...|TOPIC]",
    .values = {CLI_VALUES_COMMAND},
    .standalone = true,
    .examples = examples,
    .run = run,
};
