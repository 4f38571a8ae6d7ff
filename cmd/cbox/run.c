#include "attach.h"
#include "commands.h"
#include "container_options.h"
#include "sys/fd.h"

#include <unistd.h>

#define RUN_ONLY(...) __VA_ARGS__,

static const struct cli_option options[] = {
#include "container_options_table.h"
};

/* Makes and starts the container; `*ret_socket` is its monitor's. */
static int start(struct cli_context *ctx, struct store *s, const struct creation *creation, int *ret_socket,
                 struct err *err)
{
    _cleanup_one_container_ struct container c = {0};
    int r = creation_carry_out(ctx, s, creation, &c, err);

    if (r < 0)
        return r;
    attach_block_signals();
    r = container_start(&c, creation->options.config.open_stdin, ret_socket, err);
    if (r < 0)
        container_destroy(&c, NULL);
    return r;
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct container_flags *f = opts;
    _cleanup_creation_ struct creation creation = {0};
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    _cleanup_fd_ int socket = -1;
    int r;

    if (f->tty && f->interactive && !isatty(STDIN_FILENO)) {
        /* Docker's exit code for it: nothing was tried yet. */
        err_set(err, ERR_INVALID, "the input device is not a TTY");
        cbox_print_error(err);
        return 1;
    }
    r = creation_read(f, operands, &creation, err);
    if (r == 0)
        r = store_open(ctx->root, ctx->state, &s, err);
    if (r == 0)
        r = start(ctx, s, &creation, &socket, err);
    return r < 0 ? r : attach_follow(socket, f->interactive, err);
}

static const struct cli_example examples[] = {
    {"A shell in a container that is gone afterwards", "cbox run --rm -it alpine sh"},
    {"Limit memory and CPUs", "cbox run --rm --memory 256m --cpus 1.5 alpine sort big.txt"},
    {"Work on files of the host, as another user", "cbox run --rm -v \"$PWD\":/src -w /src -u 1000:1000 alpine make"},
    {NULL, NULL},
};

const struct cli_command cmd_run = {
    .summary = "Create and run a new container from an image",
    .description = "The image is pulled when it is not there. The container runs in the foreground: its output is\n"
                   "this command's, signals are passed on to it, and its exit code becomes this command's: 125 where\n"
                   "cbox itself failed, 126 where the program cannot be executed, 127 where it was not found, and\n"
                   "128 and the number of the signal that ended it.",
    .operands = "IMAGE [COMMAND] [ARG...]",
    .values = {CLI_VALUES_IMAGE, CLI_VALUES_NONE},
    .stop_at_first = true,
    .failure = 125,
    CLI_OPTIONS(struct container_flags, options),
    .examples = examples,
    .run = run,
};
