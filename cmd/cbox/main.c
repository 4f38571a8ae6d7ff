/* cbox: one process a command. Understands the command line, runs the command, says what went wrong. */
#include "cbox.h"

#include "base/log.h"
#include "cli/help.h"
#include "cli/term.h"

#include <stdio.h>
#include <unistd.h>

static const char program[] = "cbox";

static void print_debug(const char *line)
{
    fprintf(stderr, "%s: %s\n", program, line);
}

/* One line: what happened, then what to do about it. */
static void print_error(const struct err *err)
{
    bool color = cli_wants_color(STDERR_FILENO);

    fprintf(stderr, "%s%s:%s %s%s%s\n", color ? "\x1b[31m" : "", program, color ? "\x1b[m" : "", err->text,
            err->hint[0] ? "; " : "", err->hint);
}

static int print_help(const struct cli_call *call)
{
    _cleanup_buf_ struct buf out = BUF_INIT;

    cli_help(&cbox_root, program, call->command, call->path, cli_columns(STDOUT_FILENO), &out);
    fputs(buf_str(&out), stdout);
    return 0;
}

static int run_command(struct cli_context *ctx, const struct cli_call *call)
{
    struct err err = ERR_INIT;
    int r = call->command->standalone ? 0 : cbox_context_load(ctx, &err);

    if (r >= 0)
        r = call->command->run(ctx, call->options, call->operands, &err);
    if (r >= 0)
        return r;
    print_error(&err);
    return cli_exit_code(call->command, r);
}

/* What was printed may still fail to arrive: a full disk behind a redirection is a failure of the command. */
static int flush_output(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    if (errno != EPIPE)
        fprintf(stderr, "%s: writing to standard output: %s\n", program, strerror(errno));
    return code ? code : 1;
}

int main(int argc, char **argv)
{
    struct cli_context ctx = {0};
    struct cli_call call;
    struct err err = ERR_INIT;
    int code;

    (void)argc;
    if (cli_parse(&cbox_root, program, &ctx.globals, argv, &call, &err) < 0) {
        print_error(&err);
        code = call.failure;
    } else if (ctx.globals.version && call.command == &cbox_root) {
        code = cbox_print_version();
    } else if (call.help) {
        code = print_help(&call);
    } else {
        if (ctx.globals.debug)
            log_set_sink(print_debug);
        code = run_command(&ctx, &call);
    }
    code = flush_output(code);
    cli_call_release(&call);
    cbox_context_release(&ctx);
    return code;
}
