#include "cbox.h"
#include "commands.h"
#include "container/container.h"
#include "monitor/monitor.h"

#include <stdio.h>

/* Until it does not run: at once where it does not. Where its monitor is killed the record knows, and says it anew. */
static int await_end(struct store *s, const char *name, int32_t *ret_code, struct err *err)
{
    for (;;) {
        _cleanup_container_view_ struct container_view v = CONTAINER_VIEW_NONE;
        struct err why = ERR_INIT;
        struct monitor_end end = {0};
        int r = cbox_view_container(s, name, &v, err);

        if (r < 0)
            return r;
        *ret_code = (int32_t)v.record.exit_code;
        if (v.monitor < 0)
            return 0;
        r = monitor_await_end(v.monitor, 0, &end, &why);
        if (r == ERR_NOT_FOUND)
            continue;
        if (r < 0 && err)
            *err = why;
        *ret_code = end.code;
        return MIN_OF(r, 0);
    }
}

static int wait_one(const char *name, void *data, struct err *err)
{
    int32_t code;
    int r = await_end(data, name, &code, err);

    if (r < 0)
        return r;
    printf("%d\n", code);
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
    .summary = "Block until containers stop, then print their exit codes",
    .operands = "CONTAINER [CONTAINER...]",
    .values = {CLI_VALUES_CONTAINER, CLI_VALUES_CONTAINER},
    .examples = examples,
    .run = run,
};
