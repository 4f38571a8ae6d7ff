#include "base/num.h"
#include "cbox.h"
#include "commands.h"
#include "confirm.h"
#include "container/prune.h"

#include <stdio.h>

struct container_prune_options {
    char **filters;
    bool force;
};

static const struct cli_option options[] = {
    CLI_LIST(struct container_prune_options, 0, "filter", filters, "Provide filter values (e.g. \"until=<timestamp>\")",
             .word = "filter", .check = cbox_check_filter),
    CLI_FLAG(struct container_prune_options, 'f', "force", force, "Do not prompt for confirmation"),
};

static void print_removed(const char *id, void *data)
{
    bool *said = data;

    printf("%s%s\n", *said ? "" : "Deleted Containers:\n", id);
    *said = true;
}

static int run(struct cli_context *ctx, const void *opts, char **operands _unused_, struct err *err)
{
    const struct container_prune_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    _cleanup_container_filter_ struct container_filter filter = {0};
    char size[NUM_TEXT_MAX];
    int64_t bytes = 0;
    bool said = false;
    int r;

    if (!o->force && !cbox_confirm("This will remove all stopped containers."))
        return 0;
    r = cbox_open_existing_store(ctx, &s, err);
    if (r == 0)
        r = container_filter_parse(s, o->filters, CONTAINER_FILTER_PRUNE, &filter, err);
    if (r == 0 && s)
        r = container_prune(s, &filter, print_removed, &said, &bytes, err);
    if (r == 0)
        printf("%sTotal reclaimed space: %s\n", said ? "\n" : "", num_format_size(bytes, size));
    return r;
}

static const struct cli_example examples[] = {
    {"All containers that do not run", "cbox container prune"},
    {"Those that are older than a day, without a question", "cbox container prune -f --filter until=24h"},
    {NULL, NULL},
};

const struct cli_command cmd_container_prune = {
    .summary = "Remove all stopped containers",
    .description = "Filters: until=TIME (created before it; a duration such as 24h counts back from now),\n"
                   "label=NAME[=VALUE], label!=NAME[=VALUE].",
    CLI_OPTIONS(struct container_prune_options, options),
    .examples = examples,
    .run = run,
};
