#include "commands.h"
#include "container/container.h"
#include "prune.h"

#include <stdio.h>

static const struct cli_option options[] = {
    CLI_FLAG(struct prune_options, 'a', "all", all, "Remove all unused images not just dangling ones"),
    CLI_LIST(struct prune_options, 0, "filter", filters, "Provide filter values (e.g. \"label=<key>=<value>\")",
             .word = "filter"),
    CLI_FLAG(struct prune_options, 'f', "force", force, "Do not prompt for confirmation"),
};

/* What the filters say of a container. */
static bool matches(const struct image_filter *f, const struct store_container_record *record)
{
    return (!f->until || record->created < f->until) && image_filter_labels(f, record->labels);
}

static int prune_containers(struct store *s, const struct image_filter *filter, struct err *err)
{
    _cleanup_strv_ char **ids = NULL;
    bool said = false;
    int r = store_container_list(s, &ids, err);

    STRV_FOREACH (id, ids) {
        _cleanup_container_record_ struct store_container_record record = {0};
        struct err why = ERR_INIT;

        if (container_look(s, *id, &record, NULL) < 0 || record.status == STORE_CONTAINER_RUNNING ||
            !matches(filter, &record) || container_remove(s, *id, false, false, &why) < 0)
            continue; /* started meanwhile, or removed by somebody else */
        printf("%s%s\n", said ? "" : "Deleted Containers:\n", *id);
        said = true;
    }
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
