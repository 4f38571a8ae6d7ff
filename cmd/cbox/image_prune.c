#include "base/num.h"
#include "cbox.h"
#include "commands.h"
#include "confirm.h"
#include "image/prune.h"
#include "image/usage.h"
#include "prune.h"

#include <stdio.h>

struct prune_options {
    bool all;
    char **filters;
    bool force;
};

static const struct cli_option options[] = {
    CLI_FLAG(struct prune_options, 'a', "all", all, "Remove all unused images, not just dangling ones"),
    CLI_LIST(struct prune_options, 0, "filter", filters, "Provide filter values (e.g. \"until=<timestamp>\")",
             .word = "filter"),
    CLI_FLAG(struct prune_options, 'f', "force", force, "Do not prompt for confirmation"),
};

/* The heading comes with the first line below it. */
struct view {
    bool said;
};

static void heading(struct view *v)
{
    if (!v->said)
        printf("Deleted Images:\n");
    v->said = true;
}

static void print_untagged(const char *name, void *data)
{
    heading(data);
    printf("untagged: %s\n", name);
}

static void print_deleted(enum store_dir kind _unused_, const struct digest *d, void *data)
{
    char text[DIGEST_TEXT_MAX];

    heading(data);
    printf("deleted: %s\n", digest_format(d, text));
}

int cbox_prune_images(struct store *s, const struct image_filter *filter, bool all, bool downloads, struct err *err)
{
    struct view view = {0};
    struct image_removal how = {
        .downloads = downloads, .untagged = print_untagged, .deleted = print_deleted, .data = &view};
    int r = image_prune(s, filter, all, &how, err);

    if (view.said)
        printf("\n");
    return r;
}

void cbox_print_reclaimed(int64_t bytes)
{
    char size[NUM_TEXT_MAX];

    printf("Total reclaimed space: %s\n", num_format_size(bytes, size));
}

static int prune(struct store *s, const struct prune_options *o, int64_t *ret_bytes, struct err *err)
{
    _cleanup_image_filter_ struct image_filter filter = {0};
    _cleanup_usage_ struct image_usage before = {0};
    int r = image_filter_parse(s, o->filters, IMAGE_FILTER_PRUNE, &filter, err);

    if (r == 0)
        r = image_usage_measure(s, &before, err);
    if (r == 0)
        r = cbox_prune_images(s, &filter, o->all, false, err);
    *ret_bytes = r == 0 ? image_usage_gone(s, &before) : 0;
    return r;
}

static int run(struct cli_context *ctx, const void *opts, char **operands _unused_, struct err *err)
{
    const struct prune_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *store = NULL;
    int64_t bytes = 0;
    int r;

    if (!o->force && !cbox_confirm(o->all ? "This will remove all images without at least one container associated to "
                                            "them."
                                          : "This will remove all dangling images."))
        return 0;
    r = cbox_open_existing_store(ctx, &store, err);
    if (r == 0 && store)
        r = prune(store, o, &bytes, err);
    if (r == 0)
        cbox_print_reclaimed(bytes);
    return r;
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
