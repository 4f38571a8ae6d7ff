#include "commands.h"
#include "confirm.h"
#include "container/container.h"
#include "container/network_uses.h"
#include "network.h"
#include "network/network.h"

#include <stdio.h>

struct prune_options {
    char **filters;
    bool force;
};

static const struct cli_option options[] = {
    CLI_LIST(struct prune_options, 0, "filter", filters, "Provide filter values (e.g. \"until=<timestamp>\")",
             .word = "filter"),
    CLI_FLAG(struct prune_options, 'f', "force", force, "Do not prompt for confirmation"),
};

static bool is_meant(struct store *s, const char *name, const struct network_filter *f)
{
    _cleanup_network_ struct store_network n = {0};

    return !store_network_is_predefined(name) && store_network_find(s, name, &n, NULL) == 0 &&
           network_filter_match(f, &n, false);
}

int network_prune(struct store *s, const struct network_filter *f, struct err *err)
{
    _cleanup_strv_ char **names = NULL, **used = NULL;
    bool said = false;
    int r = container_sweep(s, err); /* what crashed commands left has no network */

    if (r == 0)
        r = store_network_list(s, &names, err);
    if (r == 0)
        r = container_networks_used(s, &used, err);
    STRV_FOREACH (name, names) {
        struct err why = ERR_INIT;
        int failed;

        if (r < 0 || strv_contains(used, *name) || !is_meant(s, *name, f))
            continue;
        failed = network_remove(s, *name, &why);
        if (failed == ERR_BUSY || failed == ERR_NOT_FOUND) /* used meanwhile, or removed by somebody else */
            continue;
        if (failed < 0) {
            cbox_print_error(&why);
            continue;
        }
        printf("%s%s\n", said ? "" : "Deleted Networks:\n", *name);
        said = true;
    }
    if (said)
        printf("\n");
    return r;
}

static int run(struct cli_context *ctx, const void *opts, char **operands _unused_, struct err *err)
{
    const struct prune_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    _cleanup_network_filter_ struct network_filter filter = {0};
    int r = network_filter_parse(o->filters, true, &filter, err);

    if (r < 0)
        return r;
    if (!o->force && !cbox_confirm("This will remove all custom networks not used by at least one container."))
        return 0;
    r = cbox_open_existing_store(ctx, &s, err);
    return r < 0 || !s ? r : network_prune(s, &filter, err);
}

static const struct cli_example examples[] = {
    {"Networks that no container has", "cbox network prune"},
    {"Those older than a day, but for those with a label",
     "cbox network prune --filter until=24h --filter label!=keep"},
    {NULL, NULL},
};

const struct cli_command cmd_network_prune = {
    .summary = "Remove all unused networks",
    .description = "A network that a container has, running or not, is used. Filters: label=NAME[=VALUE],\n"
                   "label!=NAME[=VALUE], until=TIME.",
    CLI_OPTIONS(struct prune_options, options),
    .examples = examples,
    .run = run,
};
