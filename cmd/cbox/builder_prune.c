#include "base/num.h"
#include "base/time.h"
#include "builder.h"
#include "cbox.h"
#include "commands.h"
#include "confirm.h"
#include "event/event.h"

#include <inttypes.h>
#include <stdio.h>

struct builder_prune_options {
    bool all, force, verbose;
    char **filters;
    const char *keep;
};

static const struct cli_option options[] = {
    CLI_FLAG(struct builder_prune_options, 'a', "all", all, "Remove all unused build cache, not just dangling ones"),
    CLI_LIST(struct builder_prune_options, 0, "filter", filters, "Provide filter values (e.g. \"until=24h\")",
             .word = "filter"),
    CLI_FLAG(struct builder_prune_options, 'f', "force", force, "Do not prompt for confirmation"),
    CLI_STRING(struct builder_prune_options, 0, "keep-storage", keep, "Amount of disk space to keep for cache",
               .word = "bytes"),
    CLI_STRING(struct builder_prune_options, 0, "max-used-space", keep,
               "Maximum amount of disk space allowed to keep for cache", .word = "bytes"),
    CLI_FLAG(struct builder_prune_options, 0, "verbose", verbose, "Provide a more verbose output"),
};

/* Of Docker's filters: until and unused-for. */
static int read_filters(char *const *filters, int64_t *ret_older_than, struct err *err)
{
    int64_t now = time_now(), age;
    int r = 0;

    STRV_FOREACH (filter, filters) {
        const char *until = str_after(*filter, "until="), *unused = str_after(*filter, "unused-for=");

        if (until)
            r = time_parse_point(until, now, ret_older_than, err);
        else if (unused)
            r = time_parse_duration(unused, &age, err);
        else
            r = err_set(err, ERR_INVALID, "invalid filter '%s': until=TIME or unused-for=DURATION", *filter);
        if (r < 0)
            return r;
        if (unused)
            *ret_older_than = now - age;
    }
    return 0;
}

struct view {
    bool said;
};

static void print_removed(const char *what, int64_t bytes _unused_, void *data)
{
    struct view *v = data;

    printf("%s%s\n", v->said ? "" : "Deleted build cache objects:\n", what);
    v->said = true;
}

int builder_prune(struct store *s, const struct store_build_prune *how, int64_t *ret_bytes, struct err *err)
{
    struct view view = {.said = false};
    struct store_build_prune told = *how;
    int r;

    told.removed = print_removed;
    told.data = &view;
    r = store_build_prune(s, &told, ret_bytes, err);
    if (view.said)
        printf("\n");
    return r;
}

static int read_options(const struct builder_prune_options *o, struct store_build_prune *ret, struct err *err)
{
    *ret = (struct store_build_prune){.keep_bytes = -1, .unshared = !o->all, .mounts = true};
    if (o->keep && num_parse_size(o->keep, &ret->keep_bytes, err) < 0)
        return err_wrap(err, "--keep-storage");
    return read_filters(o->filters, &ret->older_than, err);
}

static void tell(struct store *s, int64_t bytes)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRId64, bytes);
    event_emit(store_state_path(s), "builder", "prune", "", NULL, "reclaimed", text, NULL);
}

static int run(struct cli_context *ctx, const void *opts, char **operands _unused_, struct err *err)
{
    const struct builder_prune_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    struct store_build_prune how;
    char size[NUM_TEXT_MAX];
    int64_t bytes = 0;
    int r = read_options(o, &how, err);

    if (r < 0)
        return r;
    if (!o->force &&
        !cbox_confirm(o->all ? "This will remove all build cache." : "This will remove all dangling build cache."))
        return 0;
    r = cbox_open_existing_store(ctx, &s, err);
    if (r == 0 && s)
        r = builder_prune(s, &how, &bytes, err);
    if (r < 0)
        return r;
    if (s)
        tell(s, bytes);
    printf("Total reclaimed space: %s\n", num_format_size(bytes, size));
    return 0;
}

static const struct cli_example examples[] = {
    {"What no image has any more", "cbox builder prune"},
    {"All that was not used for a day", "cbox builder prune -a --filter until=24h"},
    {"The least recently used, until 5 GB are left", "cbox builder prune -a -f --keep-storage 5GB"},
    {NULL, NULL},
};

const struct cli_command cmd_builder_prune = {
    .summary = "Remove build cache",
    .description =
        "Steps of builds that were kept, with their layers as far as no image has them, and cache mounts of\n"
        "RUN that no build uses. Without -a steps stay whose layer an image has, since that frees nothing.\n"
        "Filters: until=TIME (not used since; a duration such as 24h counts back from now), unused-for=DURATION.\n"
        "With --keep-storage the least recently used go until no more than that is left.",
    CLI_OPTIONS(struct builder_prune_options, options),
    .examples = examples,
    .run = run,
};
