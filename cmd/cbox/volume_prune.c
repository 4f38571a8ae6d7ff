#include "base/num.h"
#include "commands.h"
#include "confirm.h"
#include "container/container.h"
#include "image/usage.h"
#include "volume.h"

#include <stdio.h>

struct prune_options {
    bool all;
    char **filters;
    bool force;
};

static const struct cli_option options[] = {
    CLI_FLAG(struct prune_options, 'a', "all", all, "Remove all unused volumes, not just anonymous ones"),
    CLI_LIST(struct prune_options, 0, "filter", filters, "Provide filter values (e.g. \"label=<label>\")",
             .word = "filter"),
    CLI_FLAG(struct prune_options, 'f', "force", force, "Do not prompt for confirmation"),
};

static bool is_meant(struct store *s, const char *name, const struct volume_filter *f, bool all)
{
    _cleanup_volume_ struct store_volume v = {0};

    return store_volume_read(s, name, &v, NULL) == 0 && (all || store_volume_anonymous(&v)) &&
           volume_filter_match(f, &v, false);
}

int volume_prune(struct store *s, const struct volume_filter *f, bool all, struct err *err)
{
    _cleanup_volume_uses_ struct container_volume_uses uses = {0};
    _cleanup_strv_ char **names = NULL;
    bool said = false;
    int r = container_sweep(s, err); /* what crashed commands left uses nothing */

    if (r == 0)
        r = store_volume_list(s, &names, err);
    if (r == 0)
        r = container_volume_uses(s, &uses, err);
    STRV_FOREACH (name, names) {
        struct err why = ERR_INIT;
        int failed;

        if (r < 0 || container_volume_used(&uses, *name) || !is_meant(s, *name, f, all))
            continue;
        failed = container_volume_remove(s, *name, &why);
        if (failed == ERR_BUSY || failed == ERR_NOT_FOUND) /* used meanwhile, or removed by somebody else */
            continue;
        if (failed < 0) {
            cbox_print_error(&why);
            continue;
        }
        printf("%s%s\n", said ? "" : "Deleted Volumes:\n", *name);
        said = true;
    }
    if (said)
        printf("\n");
    return r;
}

static int prune(struct store *s, const struct prune_options *o, int64_t *ret_bytes, struct err *err)
{
    _cleanup_volume_filter_ struct volume_filter filter = {0};
    _cleanup_usage_ struct image_usage before = {0};
    int r = volume_filter_parse(o->filters, true, &filter, err);

    if (r == 0)
        r = image_usage_walk(s, &before, err);
    if (r == 0)
        r = volume_prune(s, &filter, o->all, err);
    *ret_bytes = r == 0 ? image_usage_gone(s, &before) : 0;
    return r;
}

static int run(struct cli_context *ctx, const void *opts, char **operands _unused_, struct err *err)
{
    const struct prune_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    char size[NUM_TEXT_MAX];
    int64_t bytes = 0;
    int r;

    if (!o->force &&
        !cbox_confirm(o->all ? "This will remove all local volumes not used by at least one container."
                             : "This will remove anonymous local volumes not used by at least one container."))
        return 0;
    r = cbox_open_existing_store(ctx, &s, err);
    if (r == 0 && s)
        r = prune(s, o, &bytes, err);
    if (r == 0)
        printf("Total reclaimed space: %s\n", num_format_size(bytes, size));
    return r;
}

static const struct cli_example examples[] = {
    {"Volumes that containers left", "cbox volume prune"},
    {"All that no container uses, but for those with a label", "cbox volume prune -a --filter label!=keep"},
    {NULL, NULL},
};

const struct cli_command cmd_volume_prune = {
    .summary = "Remove unused local volumes",
    .description = "Filters: label=NAME[=VALUE], label!=NAME[=VALUE].",
    CLI_OPTIONS(struct prune_options, options),
    .examples = examples,
    .run = run,
};
