#include "cbox.h"
#include "commands.h"
#include "container/container.h"
#include "monitor/monitor.h"

#include <stdio.h>

/* Until it does not run: at once where it does not. */
static int wait_one(const char *name, void *data, struct err *err)
{
    _cleanup_container_view_ struct container_view v = CONTAINER_VIEW_NONE;
    struct monitor_end end = {0};
    int r = cbox_view_container(data, name, &v, err);

    if (r < 0)
        return r;
    end.code = (int32_t)v.record.exit_code;
    r = v.monitor >= 0 ? monitor_await_end(v.monitor, 0, &end, err) : 0;
    if (r < 0)
        return r;
    printf("%d\n", end.code);
    fflush(stdout); /* while others are waited for */
    return 0;
}

static int run(struct cli_context *ctx, const void *opts _unused_, char **operands, struct err *err)
{
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    int r = cbox_open_existing_store(ctx, &s, err);

    return r < 0 ? r : cbox_for_each(operands, false, wait_one, s);
}

static const struct cli_example examples[] = {
    {"The exit code of what runs in the background", "cbox wait job"},
    {NULL, NULL},
};

const struct cli_command cmd_wait = {
    .summary = "Block until one or more containers stop, then print their exit codes",
    .operands = "CONTAINER [CONTAINER...]",
    .values = {CLI_VALUES_CONTAINER, CLI_VALUES_CONTAINER},
    .examples = examples,
    .run = run,
};
