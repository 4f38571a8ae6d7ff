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

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    _cleanup_free_ char *path = NULL, *words = NULL;
    const struct cli_command *command = cli_find(&cbox_root, CBOX_PROGRAM, operands, &path);

    (void)ctx, (void)opts;
    if (!command) {
        words = strv_join(operands, " ");
        err_set(err, ERR_INVALID, "unknown help topic: %s", words);
        return err_hint(err, "see '%s --help'", CBOX_PROGRAM);
    }
    cbox_print_help(command, path);
    return 0;
}

const struct cli_command cmd_help = {
    .summary = "Show the help of a command",
    .operands = "[COMMAND...]",
    .values = {CLI_VALUES_COMMAND},
    .standalone = true,
    .run = run,
};
