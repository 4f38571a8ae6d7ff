#include "commands.h"
#include "prune.h"

static const struct cli_option options[] = {
    CLI_FLAG(struct prune_options, 'a', "all", all, "Remove all unused images, not just dangling ones"),
    CLI_LIST(struct prune_options, 0, "filter", filters, "Provide filter values (e.g. \"until=<timestamp>\")",
             .word = "filter"),
    CLI_FLAG(struct prune_options, 'f', "force", force, "Do not prompt for confirmation"),
};

static int run(struct cli_context *ctx, const void *opts, char **operands _unused_, struct err *err)
{
    static const struct prune_kind kind = {
        .warning = "This will remove all dangling images.",
        .warning_all = "This will remove all images without at least one container associated to them.",
    };

    return cbox_prune(ctx, &kind, opts, err);
}

static const struct cli_example examples[] = {
    {"Images without a name", "cbox image prune"},
    {"Everything that no container uses and that is older than ten days", "cbox image prune -a --filter until=240h"},
    {NULL, NULL},
};

const struct cli_command cmd_image_prune = {
    .summary = "Remove unused images",
    .description =
        "Without -a these are the images that have no tag and that no container stands on. Filters: until=TIME\n"
        "(created before it; a duration such as 24h counts back from now), label=NAME[=VALUE],\n"
        "label!=NAME[=VALUE], dangling=true|false.",
    CLI_OPTIONS(struct prune_options, options),
    .examples = examples,
    .run = run,
};
