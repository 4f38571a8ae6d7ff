#include "container/diff.h"
#include "cbox.h"
#include "cli/term.h"
#include "commands.h"

#include <stdio.h>

static void print_change(enum container_change change, const char *path, void *data _unused_)
{
    _cleanup_buf_ struct buf line = BUF_INIT;

    buf_addf(&line, "%c ", change);
    cli_add_printable(&line, path);
    buf_addc(&line, '\n');
    fwrite(line.p, 1, line.len, stdout);
}

static int run(struct cli_context *ctx, const void *opts _unused_, char **operands, struct err *err)
{
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    _cleanup_container_files_ struct container_files files = {.view = CONTAINER_VIEW_NONE, .upper = -1, .root = -1};
    int r = cbox_open_existing_store(ctx, &s, err);

    if (r == 0 && !s)
        r = cbox_no_container(operands[0], err);
    if (r == 0)
        r = container_files_open(s, operands[0], CONTAINER_FILES_LOWER, &files, err);
    if (r == 0)
        r = container_diff(&files, print_change, NULL, err);
    return r;
}

static const struct cli_example examples[] = {
    {"What a container added, changed and deleted", "cbox diff web"},
    {NULL, NULL},
};

const struct cli_command cmd_diff = {
    .summary = "Inspect changes to files or directories of a container",
    .description = "A line each: A for what was added, C for what was changed, D for what was deleted, and its path.\n"
                   "Volumes and other mounts are not looked at.",
    .operands = "CONTAINER",
    .values = {CLI_VALUES_CONTAINER},
    .examples = examples,
    .run = run,
};
