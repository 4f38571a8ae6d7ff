#include "cbox.h"
#include "commands.h"
#include "container/container.h"

static int run(struct cli_context *ctx, const void *opts _unused_, char **operands, struct err *err)
{
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    int r = cbox_open_existing_store(ctx, &s, err);

    if (r == 0 && !s)
        return cbox_no_container(operands[0], err);
    return r < 0 ? r : container_rename(s, operands[0], operands[1], err);
}

static const struct cli_example examples[] = {
    {"Make room for a new one of the same name", "cbox rename web web-old"},
    {NULL, NULL},
};

const struct cli_command cmd_rename = {
    .summary = "Rename a container",
    .operands = "CONTAINER NEW_NAME",
    .values = {CLI_VALUES_CONTAINER, CLI_VALUES_NONE},
    .examples = examples,
    .run = run,
};
