#include "cbox.h"
#include "commands.h"
#include "container/container.h"

#include <stdio.h>

static int code;

static void started(const char *id, const struct err *failed)
{
    if (!failed) {
        puts(id);
        return;
    }
    cbox_print_error(failed);
    code = 1;
}

static int run(struct cli_context *ctx, const void *opts _unused_, char **operands _unused_, struct err *err)
{
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    int r = cbox_open_existing_store(ctx, &s, err);

    if (r == 0 && s)
        r = container_start_all(s, &ctx->config, started, err);
    return r < 0 ? r : code;
}

static const struct cli_example examples[] = {
    {"What the unit cbox.service does when the machine has started", "cbox system start-all"},
    {NULL, NULL},
};

const struct cli_command cmd_system_start_all = {
    .summary = "Start containers that are to run after a reboot",
    .description =
        "Starts what has run before, does not run now, and has the restart policy 'always', or 'unless-stopped'\n"
        "where the user did not stop it. Prints their ids.",
    .examples = examples,
    .run = run,
};
