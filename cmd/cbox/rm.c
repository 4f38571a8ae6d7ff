#include "cbox.h"
#include "commands.h"
#include "container/container.h"

#include <stdio.h>

struct rm_options {
    bool force;
};

static const struct cli_option options[] = {
    CLI_FLAG(struct rm_options, 'f', "force", force, "Force the removal of a running container (uses SIGKILL)"),
};

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct rm_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    int failed = 0, r = store_open(ctx->root, ctx->state, &s, err);

    if (r < 0)
        return r;
    STRV_FOREACH (name, operands) {
        struct err why = ERR_INIT;

        r = container_remove(s, *name, o->force, &why);
        if (r < 0 && !(o->force && why.kind == ERR_NOT_FOUND)) {
            cbox_print_error(&why);
            failed = 1;
        } else if (r == 0) {
            puts(*name);
        }
    }
    return failed;
}

static const struct cli_example examples[] = {
    {"Remove a container, also when it runs", "cbox rm -f web"},
    {NULL, NULL},
};

const struct cli_command cmd_rm = {
    .summary = "Remove one or more containers",
    .operands = "CONTAINER [CONTAINER...]",
    .values = {CLI_VALUES_CONTAINER, CLI_VALUES_CONTAINER},
    CLI_OPTIONS(struct rm_options, options),
    .examples = examples,
    .run = run,
};
