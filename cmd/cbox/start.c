#include "attach.h"
#include "cbox.h"
#include "commands.h"
#include "container/container.h"
#include "monitor/monitor.h"
#include "sys/fd.h"

#include <stdio.h>

struct start_options {
    bool attach, interactive;
    const char *detach_keys;
};

static const struct cli_option options[] = {
    CLI_FLAG(struct start_options, 'a', "attach", attach, "Attach STDOUT/STDERR and forward signals"),
    CLI_STRING(struct start_options, 0, "detach-keys", detach_keys,
               "Override the key sequence for detaching a container"),
    CLI_FLAG(struct start_options, 'i', "interactive", interactive, "Attach container's STDIN"),
};

/* Starts what does not run. `*ret_socket` is -1 where it ran already. */
static int start(struct store *s, const struct config *config, const char *name, unsigned attach, int *ret_socket,
                 struct err *err)
{
    _cleanup_container_view_ struct container_view v = CONTAINER_VIEW_NONE;
    struct container c = {0};
    int r = cbox_view_container(s, name, &v, err);

    if (r < 0)
        return r;
    if (v.record.status == STORE_CONTAINER_PAUSED)
        return err_set(err, ERR_INVALID, "cannot start a paused container, try unpause instead");
    if (v.monitor >= 0)
        return 0;
    r = container_open(s, v.id, &c, err);
    if (r == ERR_BUSY) /* somebody else was faster */
        return 0;
    if (r < 0)
        return r;
    if (attach)
        attach_block_signals();
    r = container_start(&c, config, attach, ret_socket, err);
    container_release(&c);
    return r;
}

struct start_call {
    struct store *store;
    const struct config *config;
};

static int start_one(const char *name, void *data, struct err *err)
{
    const struct start_call *call = data;
    _cleanup_fd_ int socket = -1;
    int r = start(call->store, call->config, name, 0, &socket, err);

    if (r == 0 && socket >= 0)
        r = container_await_start(socket, err);
    if (r == 0)
        puts(name);
    return r;
}

static int start_attached(struct store *s, const struct config *config, const char *name, const struct start_options *o,
                          struct err *err)
{
    struct attach_options attach = {.input = o->interactive};
    _cleanup_container_view_ struct container_view v = CONTAINER_VIEW_NONE;
    _cleanup_fd_ int socket = -1;
    bool detached;
    int r = detach_keys_parse(o->detach_keys, &attach.detach, err);

    if (r == 0)
        r = start(s, config, name, attach_streams(&attach), &socket, err);
    if (r == 0 && socket < 0) {
        r = cbox_view_container(s, name, &v, err);
        if (r == 0 && v.monitor < 0)
            return (int)v.record.exit_code;
        socket = steal_fd(&v.monitor);
        if (r == 0)
            r = attach_ask(socket, &attach, err);
    }
    if (r < 0)
        return r;
    r = attach_follow(socket, &attach, &detached, err);
    if (detached)
        attach_tell_detached(s, name);
    return r;
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct start_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    bool attached = o->attach || o->interactive;
    int r;

    if (attached && operands[1])
        return err_set(err, ERR_INVALID, "you cannot start and attach multiple containers at once");
    r = cbox_open_existing_store(ctx, &s, err);
    if (r < 0)
        return r;
    if (!attached)
        return cbox_for_each(operands, false, start_one, &(struct start_call){s, &ctx->config});
    r = start_attached(s, &ctx->config, operands[0], o, err);
    /* 127 and 126 are run's and exec's: this says 1 whatever kept the program from starting, as Docker does. */
    return r == ERR_NO_COMMAND || r == ERR_NO_EXEC ? (int)(err->kind = ERR_INVALID) : r;
}

static const struct cli_example examples[] = {
    {"Start a container again, and type into it", "cbox start -ai shell"},
    {NULL, NULL},
};

const struct cli_command cmd_start = {
    .summary = "Start one or more stopped containers",
    .operands = "CONTAINER [CONTAINER...]",
    .values = {CLI_VALUES_CONTAINER, CLI_VALUES_CONTAINER},
    CLI_OPTIONS(struct start_options, options),
    .examples = examples,
    .run = run,
};
