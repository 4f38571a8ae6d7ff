#include "bundle/bundle.h"
#include "bundle/parse.h"
#include "commands.h"
#include "container_checks.h"
#include "container_options.h"

#include <stdio.h>

#define RUN_ONLY(...)

static const struct cli_option options[] = {
#include "container_options_table.h"
};

static const struct container_flags defaults = CONTAINER_FLAGS_DEFAULT;

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    _cleanup_creation_ struct creation creation = {0};
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    _cleanup_one_container_ struct container c = {0};
    int r = creation_read(opts, operands, &creation, err);

    if (r < 0) { /* Docker's exit code for what is wrong on the command line */
        cbox_print_error(err);
        return 125;
    }
    r = store_open(ctx->root, ctx->state, &s, err);
    if (r == 0)
        r = creation_carry_out(ctx, s, &creation, &c, err);
    if (r == 0)
        puts(store_container_id(c.dir));
    return r;
}

static const struct cli_example examples[] = {
    {"A container that will be started later", "cbox create --name web -v /srv/web:/www:ro alpine httpd -f -h /www"},
    {NULL, NULL},
};

const struct cli_command cmd_create = {
    .summary = "Create a new container",
    .description = "The image is pulled when it is not there. The container's id is printed; nothing runs yet.",
    .operands = "IMAGE [COMMAND] [ARG...]",
    .values = {CLI_VALUES_IMAGE, CLI_VALUES_NONE},
    .stop_at_first = true,
    CLI_OPTIONS(struct container_flags, options),
    .defaults = &defaults,
    .examples = examples,
    .run = run,
};
