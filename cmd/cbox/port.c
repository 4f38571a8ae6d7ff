#include "bundle/parse.h"
#include "cbox.h"
#include "commands.h"
#include "container/container.h"

/* Ports are published on bridge networks alone: so there are none to show, and asking for one is an error. */
static int run(struct cli_context *ctx, const void *opts _unused_, char **operands, struct err *err)
{
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    _cleanup_strv_ char **ports = NULL;
    char id[ID_LEN + 1];
    int r = cbox_open_existing_store(ctx, &s, err);

    if (r == 0)
        r = s ? store_container_find(s, operands[0], id, err)
              : err_set(err, ERR_NOT_FOUND, "No such container: %s", operands[0]);
    if (r < 0 || !operands[1])
        return r;
    if (bundle_parse_expose(operands[1], &ports, NULL) < 0 || strv_len(ports) != 1)
        return err_set(err, ERR_INVALID, "invalid port specification: \"%s\"", operands[1]);
    return err_set(err, ERR_NOT_FOUND, "No public port '%s' published for %s", ports[0], operands[0]);
}

static const struct cli_example examples[] = {
    {"Where a port of the container is published", "cbox port web 80/tcp"},
    {NULL, NULL},
};

const struct cli_command cmd_port = {
    .summary = "List port mappings or a specific mapping for the container",
    .operands = "CONTAINER [PRIVATE_PORT[/PROTO]]",
    .values = {CLI_VALUES_CONTAINER, CLI_VALUES_NONE},
    .examples = examples,
    .run = run,
};
