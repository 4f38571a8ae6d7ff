/* cbox: one process a command. Understands the command line, runs the command, says what went wrong. */
#include "cbox.h"
#include "runtime.h"

#include "base/log.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <stdio.h>

static void print_debug(const char *line)
{
    fprintf(stderr, "%s: %s\n", CBOX_PROGRAM, line);
}

static void print_warning(const char *line)
{
    fprintf(stderr, "%s: warning: %s\n", CBOX_PROGRAM, line);
}

static int run_command(struct cli_context *ctx, const struct cli_call *call)
{
    struct err err = ERR_INIT;
    int r = call->command->standalone ? 0 : cbox_context_load(ctx, &err);

    if (r == 0 && ctx->globals.runtime.log)
        r = cbox_runtime_log_open(&ctx->globals.runtime, &err);

    if (r >= 0 && !call->command->standalone)
        cbox_restore_rules(ctx);
    if (r >= 0)
        r = call->command->run(ctx, call->options, call->operands, &err);
    if (r >= 0)
        return r;
    cbox_print_error(&err);
    cbox_runtime_log_error(&err);
    return cli_exit_code(call->command, r);
}

/* What was printed may still fail to arrive: a full disk behind a redirection is a failure of the command. */
static int flush_output(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    if (errno != EPIPE)
        fprintf(stderr, "%s: writing to standard output: %s\n", CBOX_PROGRAM, strerror(errno));
    return code ? code : 1;
}

/* Under the name of a runtime, as those are called who know no other, it is one. */
static const struct cli_command *root_of(const char *name, const char **ret_program)
{
    static const char *const runtimes[] = {"cbox-runtime", "runc"};

    for (size_t i = 0; i < ARRAY_SIZE(runtimes); i++)
        if (strcmp(name, runtimes[i]) == 0) {
            *ret_program = runtimes[i];
            return &group_runtime;
        }
    *ret_program = CBOX_PROGRAM;
    return &cbox_root;
}

int main(int argc, char **argv)
{
    struct cli_context ctx = {0};
    struct cli_call call;
    struct err err = ERR_INIT;
    const char *program;
    const struct cli_command *root = root_of(argc ? path_base(argv[0]) : "", &program);
    int code;

    fd_hold_stdio();
    log_set_warning_sink(print_warning);
    if (cli_parse(root, program, &ctx.globals, argv, &call, &err) < 0) {
        cbox_print_error(&err);
        code = call.failure;
    } else if (ctx.globals.runtime.version && call.command == &group_runtime) {
        code = cbox_runtime_print_version(root == &group_runtime ? program : "cbox-runtime");
    } else if (ctx.globals.version && call.command == &cbox_root) {
        code = cbox_print_version();
    } else if (call.help) {
        cbox_print_help(call.command, call.path);
        code = 0;
    } else {
        if (ctx.globals.debug || ctx.globals.runtime.debug)
            log_set_sink(print_debug);
        code = run_command(&ctx, &call);
    }
    code = flush_output(code);
    cli_call_release(&call);
    cbox_context_release(&ctx);
    return code;
}
