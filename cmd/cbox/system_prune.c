#include "builder.h"
#include "commands.h"
#include "container/prune.h"
#include "network.h"
#include "prune.h"
#include "volume.h"

#include <stdio.h>

static const struct cli_option options[] = {
    CLI_FLAG(struct prune_options, 'a', "all", all, "Remove all unused images not just dangling ones"),
    CLI_LIST(struct prune_options, 0, "filter", filters, "Provide filter values (e.g. \"label=<key>=<value>\")",
             .word = "filter"),
    CLI_FLAG(struct prune_options, 'f', "force", force, "Do not prompt for confirmation"),
    CLI_FLAG(struct prune_options, 0, "volumes", volumes, "Prune anonymous volumes"),
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

static int prune_networks(struct store *s, const struct image_filter *filter, struct err *err)
{
    const struct network_filter of = {
        .dangling = -1, .labels = filter->labels, .labels_without = filter->labels_without, .until = filter->until};
    int r = prune_containers(s, filter, err);

    return r < 0 ? r : network_prune(s, &of, err);
}

/* Volumes have labels and no age that would say anything. */
static int prune_with_volumes(struct store *s, const struct image_filter *filter, struct err *err)
{
    const struct volume_filter of = {
        .dangling = -1, .labels = filter->labels, .labels_without = filter->labels_without};
    int r = filter->until ? err_set(err, ERR_INVALID, "the \"until\" filter is not supported with \"--volumes\"")
                          : prune_networks(s, filter, err);

    return r < 0 ? r : volume_prune(s, &of, false, err);
}

/* Steps have no labels: where those are asked for none is meant. */
static int prune_builds(struct store *s, const struct image_filter *filter, bool all, struct err *err)
{
    struct store_build_prune how = {.keep_bytes = -1, .older_than = filter->until, .unshared = !all, .mounts = true};
    int64_t bytes; /* are counted with all others */

    return filter->labels || filter->labels_without ? 0 : builder_prune(s, &how, &bytes, err);
}

static int run(struct cli_context *ctx, const void *opts, char **operands _unused_, struct err *err)
{
    const struct prune_options *o = opts;
    static const struct prune_kind kind = {
        .warning = "This will remove:\n  - all stopped containers\n  - all networks not used by at least one "
                   "container\n  - all dangling images\n"
                   "  - all dangling build cache\n  - all unfinished downloads\n",
        .warning_all =
            "This will remove:\n  - all stopped containers\n  - all networks not used by at least one container\n"
            "  - all images without at least one container associated to them\n"
            "  - all build cache\n  - all unfinished downloads\n",
        .downloads = true,
        .before = prune_networks,
        .after = prune_builds,
    };
    struct prune_kind with_volumes = kind;

    with_volumes.before = prune_with_volumes;
    with_volumes.warning =
        "This will remove:\n  - all stopped containers\n  - all networks not used by at least one "
        "container\n  - all anonymous volumes not used by at "
        "least one container\n  - all dangling images\n  - all dangling build cache\n  - all unfinished downloads\n";
    with_volumes.warning_all = "This will remove:\n  - all stopped containers\n  - all networks not used by at least "
                               "one container\n  - all anonymous volumes not used by "
                               "at least one container\n  - all images without at least one container associated to "
                               "them\n  - all build cache\n  - all unfinished downloads\n";
    return cbox_prune(ctx, o->volumes ? &with_volumes : &kind, opts, err);
}

static const struct cli_example examples[] = {
    {"All that is of no use any more", "cbox system prune"},
    {"And anonymous volumes that no container uses", "cbox system prune --volumes"},
    {"What is older than a week, with the images that no container uses", "cbox system prune -a --filter until=168h"},
    {NULL, NULL},
};

const struct cli_command cmd_system_prune = {
    .summary = "Remove unused data",
    .description = "Stopped containers, networks that no container has, images without a tag (with -a all that no "
                   "container stands on), what no image\n"
                   "needs, what builds keep and no image has (with -a all of it), and downloads that were interrupted; "
                   "with --volumes also anonymous volumes that no\n"
                   "container uses. The filters are those of image prune; they hold for\n"
                   "containers and images.",
    CLI_OPTIONS(struct prune_options, options),
    .examples = examples,
    .run = run,
};
