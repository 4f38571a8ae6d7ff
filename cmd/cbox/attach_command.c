#include "attach.h"
#include "cbox.h"
#include "commands.h"
#include "container/container.h"
#include "monitor/monitor.h"

#include <unistd.h>

struct attach_command_options {
    const char *detach_keys;
    bool no_stdin, sig_proxy;
};

static const struct attach_command_options defaults = {.sig_proxy = true};

static const struct cli_option options[] = {
    CLI_STRING(struct attach_command_options, 0, "detach-keys", detach_keys,
               "Override the key sequence for detaching a container"),
    CLI_FLAG(struct attach_command_options, 0, "no-stdin", no_stdin, "Do not attach STDIN"),
    CLI_FLAG(struct attach_command_options, 0, "sig-proxy", sig_proxy, "Proxy all received signals to the process",
             .shown_default = "true"),
};

static int check(const struct container_view *v, struct err *err)
{
    if (v->monitor < 0)
        return err_set(err, ERR_INVALID, "cannot attach to a stopped container, start it first");
    if (v->record.status == STORE_CONTAINER_PAUSED)
        return err_set(err, ERR_INVALID, "cannot attach to a paused container, unpause it first");
    if (v->record.status == STORE_CONTAINER_RESTARTING)
        return err_set(err, ERR_INVALID,
                       "cannot attach to a restarting container, wait until the container is running");
    return 0;
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct attach_command_options *o = opts;
    struct attach_options attach = {.input = !o->no_stdin, .own_signals = !o->sig_proxy};
    _cleanup_container_view_ struct container_view v = CONTAINER_VIEW_NONE;
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    bool detached = false;
    int r = cbox_open_existing_store(ctx, &s, err);

    if (r == 0)
        r = cbox_view_container(s, operands[0], &v, err);
    if (r == 0)
        r = check(&v, err);
    if (r == 0)
        r = detach_keys_parse(o->detach_keys, &attach.detach, err);
    if (r == 0)
        r = attach_ask(v.monitor, &attach, err);
    if (r == 0)
        r = attach_follow(v.monitor, &attach, &detached, err);
    if (detached)
        attach_tell_detached(s, v.id);
    return detached ? err_set(err, ERR_IO, "read escape sequence") : r;
}

static const struct cli_example examples[] = {
    {"Look at a container's output, and leave it with Ctrl-C", "cbox attach --no-stdin --sig-proxy=false web"},
    {NULL, NULL},
};

const struct cli_command cmd_attach = {
    .summary = "Attach local standard streams to a running container",
    .operands = "CONTAINER",
    .values = {CLI_VALUES_CONTAINER},
    CLI_OPTIONS(struct attach_command_options, options),
    .defaults = &defaults,
    .examples = examples,
    .run = run,
};
