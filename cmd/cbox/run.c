#include "attach.h"
#include "bundle/bundle.h"
#include "bundle/parse.h"
#include "commands.h"
#include "container_checks.h"
#include "container_options.h"
#include "monitor/monitor.h"
#include "sys/fd.h"

#include <stdio.h>
#include <unistd.h>

#define RUN_ONLY(...) __VA_ARGS__,

static const struct cli_option options[] = {
#include "container_options_table.h"
};

static const struct container_flags defaults = CONTAINER_FLAGS_DEFAULT;

/* The streams that are followed, a bit each. */
static unsigned followed(const struct engine_config *c)
{
    return (c->attach_stdin ? 1U << MONITOR_INPUT : 0) | (c->attach_stdout ? 1U << MONITOR_OUTPUT : 0) |
           (c->attach_stderr ? 1U << MONITOR_ERRORS : 0);
}

/* Makes and starts the container; `*ret_socket` is its monitor's, attached to the streams that are followed. */
static int start(struct cli_context *ctx, struct store *s, const struct creation *creation, bool signals,
                 int *ret_socket, char ret_id[ID_LEN + 1], struct err *err)
{
    _cleanup_one_container_ struct container c = {0};
    unsigned attach = followed(&creation->options.config);
    int r = creation_carry_out(ctx, s, creation, &c, err);

    if (r < 0)
        return r;
    memcpy(ret_id, store_container_id(c.dir), ID_LEN + 1);
    if (attach && signals)
        attach_block_signals();
    r = container_start(&c, &ctx->config, attach, ret_socket, err);
    if (r < 0)
        container_destroy(&c, NULL);
    return r;
}

/* In the background nothing is followed. */
static int decide_attach(const struct container_flags *f, struct engine_config *c, struct err *err)
{
    if (!f->detach)
        return 0;
    if (f->attach)
        return err_set(err, ERR_INVALID, "conflicting options: cannot specify both --attach and --detach");
    c->attach_stdin = c->attach_stdout = c->attach_stderr = c->stdin_once = false;
    return 0;
}

static int follow(struct store *s, int socket, const struct container_flags *f, struct attach_options *attach,
                  const char *id, struct err *err)
{
    bool detached = false;
    int r = f->detach ? container_await_start(socket, err) : attach_follow(socket, attach, &detached, err);

    if (detached)
        attach_tell_detached(s, id);
    if (r == 0 && f->detach)
        puts(id);
    return r;
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct container_flags *f = opts;
    _cleanup_creation_ struct creation creation = {0};
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    _cleanup_fd_ int socket = -1;
    struct attach_options attach = {.own_signals = !f->sig_proxy};
    struct engine_config *config = &creation.options.config;
    char id[ID_LEN + 1];
    int r = creation_read(f, operands, &creation, err);

    if (r == 0 && decide_attach(f, config, err) < 0) {
        cbox_print_error(err);
        return 1; /* Docker's exit code for it */
    }
    if (r == 0)
        r = detach_keys_parse(f->detach_keys, &attach.detach, err);
    if (r < 0)
        return r;
    attach.input = config->attach_stdin;
    if (f->tty && attach.input && !isatty(STDIN_FILENO)) {
        /* Docker's exit code for it: nothing was tried yet. */
        err_set(err, ERR_INVALID, "the input device is not a TTY");
        cbox_print_error(err);
        return 1;
    }
    r = store_open(ctx->root, ctx->state, &s, err);
    if (r == 0)
        r = start(ctx, s, &creation, f->sig_proxy, &socket, id, err);
    return r < 0 ? r : follow(s, socket, f, &attach, id, err);
}

static const struct cli_example examples[] = {
    {"A shell in a container that is gone afterwards", "cbox run --rm -it alpine sh"},
    {"Limit memory and CPUs", "cbox run --rm --memory 256m --cpus 1.5 alpine sort big.txt"},
    {"A service in the background", "cbox run -d --name web alpine httpd -f"},
    {"Work on files of the host, as another user", "cbox run --rm -v \"$PWD\":/src -w /src -u 1000:1000 alpine make"},
    {NULL, NULL},
};

const struct cli_command cmd_run = {
    .summary = "Create and run a new container from an image",
    .description = "The image is pulled when it is not there. Without -d the container runs in the foreground: its\n"
                   "output is this command's, signals are passed on to it, and its exit code becomes this command's:\n"
                   "125 where cbox itself failed, 126 where the program cannot be executed, 127 where it was not\n"
                   "found, and 128 and the number of the signal that ended it. Ctrl-P and Ctrl-Q, typed one after\n"
                   "the other into its terminal, leave it running in the background.",
    .operands = "IMAGE [COMMAND] [ARG...]",
    .values = {CLI_VALUES_IMAGE, CLI_VALUES_NONE},
    .stop_at_first = true,
    .failure = 125,
    CLI_OPTIONS(struct container_flags, options),
    .defaults = &defaults,
    .examples = examples,
    .run = run,
};
