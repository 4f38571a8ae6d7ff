#include "commands.h"
#include "container/prune.h"
#include "prune.h"

#include <stdio.h>

static const struct cli_option options[] = {
    CLI_FLAG(struct prune_options, 'a', "all", all, "Remove all unused images not just dangling ones"),
    CLI_LIST(struct prune_options, 0, "filter", filters, "Provide filter values (e.g. \"label=<key>=<value>\")",
             .word = "filter"),
    CLI_FLAG(struct prune_options, 'f', "force", force, "Do not prompt for confirmation"),
};

static void print_removed(const char *id, void *data)
{
    bool *said = data;

    printf("%s%s\n", *said ? "" : "Deleted Containers:\n", id);
    *said = true;
}

static int prune_containers(struct store *s, const struct image_filter *filter, struct err *err)
{
    const struct container_filter of = {
        .labels = filter->labels, .labels_without = filter->labels_without, .until = filter->until};
    bool said = false;
    int64_t bytes; /* are counted with all others */
    int r = container_prune(s, &of, print_removed, &said, &bytes, err);

    if (said)
        printf("\n");
    return r;
}

static int run(struct cli_context *ctx, const void *opts, char **operands _unused_, struct err *err)
{
    static const struct prune_kind kind = {
        .warning = "This will remove:\n  - all stopped containers\n  - all dangling images\n"
                   "  - all unfinished downloads\n",
        .warning_all = "This will remove:\n  - all stopped containers\n"
                       "  - all images without at least one container associated to them\n"
                       "  - all unfinished downloads\n",
        .downloads = true,
        .before = prune_containers,
    };

    return cbox_prune(ctx, &kind, opts, err);
}

static const struct cli_example examples[] = {
    {"All that is of no use any more", "cbox system prune"},
    {"What is older than a week, with the images that no container uses", "cbox system prune -a --filter until=168h"},
    {NULL, NULL},
};

const struct cli_command cmd_system_prune = {
    .summary = "Remove unused data",
    .description = "Stopped containers, images without a tag (with -a all that no container stands on), what no image\n"
                   "needs, and downloads that were interrupted. The filters are those of image prune; they hold for\n"
                   "containers and images.",
    CLI_OPTIONS(struct prune_options, options),
    .examples = examples,
    .run = run,
};
