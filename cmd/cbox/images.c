#include "base/num.h"
#include "cbox.h"
#include "cli/format.h"
#include "commands.h"
#include "image/filter.h"
#include "images_tree.h"
#include "show.h"

#include <stdio.h>

struct images_options {
    bool all;
    bool digests;
    char **filters;
    const char *format;
    bool no_trunc;
    bool quiet;
    bool tree;
};

static const struct cli_option options[] = {
    CLI_FLAG(struct images_options, 'a', "all", all, "Show all images"),
    CLI_FLAG(struct images_options, 0, "digests", digests, "Show digests"),
    CLI_LIST(struct images_options, 'f', "filter", filters, "Filter output based on conditions provided",
             .word = "filter"),
    CLI_STRING(struct images_options, 0, "format", format,
               "Format output: 'table', 'table TEMPLATE', 'json' or a Go template"),
    CLI_FLAG(struct images_options, 0, "no-trunc", no_trunc, "Don't truncate output"),
    CLI_FLAG(struct images_options, 'q', "quiet", quiet, "Only show image IDs"),
    CLI_FLAG(struct images_options, 0, "tree", tree, "List multi-platform images as a tree"),
};

static const struct cli_column columns[] = {
    {"ID", "IMAGE ID"},
    {"Repository", "REPOSITORY"},
    {"Tag", "TAG"},
    {"Digest", "DIGEST"},
    {"CreatedSince", "CREATED"},
    {"CreatedAt", "CREATED AT"},
    {"Size", "SIZE"},
    {"Containers", "CONTAINERS"},
    {"SharedSize", "SHARED SIZE"},
    {"UniqueSize", "UNIQUE SIZE"},
    {"VirtualSize", "SIZE"},
};
static const struct cli_columns table = {"{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}", columns,
                                         ARRAY_SIZE(columns)};
static const struct cli_columns digest_table = {
    "{{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}", columns, ARRAY_SIZE(columns)};

/* A name kept by digest is the business of the tag that stands for the same image in the same repository, and of
 * several the first one is shown; where digests are, only the same one is left out. */
static bool shadowed(const struct store_tag_list *tags, const struct store_tag *t, bool digests)
{
    if (t->name.tag)
        return false;
    for (size_t i = 0; i < tags->n; i++) {
        const struct store_tag *other = &tags->v[i];

        if ((other->name.tag || other < t) && digest_equal(&other->id, &t->id) &&
            str_eq(other->name.path, t->name.path) && str_eq(other->name.domain, t->name.domain) &&
            (!digests || digest_equal(&other->target, &t->target)))
            return true;
    }
    return false;
}

static int newest_first(const void *va, const void *vb)
{
    const struct store_tag *a = va, *b = vb;

    return (a->created < b->created) - (a->created > b->created);
}

/* The digest by which the image can be named: that of an index means one platform's image alone. */
static const struct digest *shown_digest(const struct store_tag_list *tags, const struct store_tag *t)
{
    const struct store_tag *meant = store_tag_list_find(tags, &t->name, &t->target);

    return meant && !digest_equal(&meant->id, &t->id) ? &t->manifest : &t->target;
}

static struct cli_value make_row(const struct store_tag_list *tags, const struct store_tag *t, bool no_trunc)
{
    _cleanup_free_ char *name = show_repository(t), *id = show_digest(&t->id, no_trunc);
    _cleanup_free_ char *since = show_since(t->created), *at = show_time(t->created);
    char digest[DIGEST_TEXT_MAX], size[NUM_TEXT_MAX];
    struct cli_value row = {.kind = CLI_MAP};

    cli_value_put_text(&row, "ID", id);
    cli_value_put_text(&row, "Repository", name);
    cli_value_put_text(&row, "Tag", t->name.tag ? t->name.tag : "<none>");
    cli_value_put_text(&row, "Digest", t->local ? "<none>" : digest_format(shown_digest(tags, t), digest));
    cli_value_put_text(&row, "CreatedSince", since);
    cli_value_put_text(&row, "CreatedAt", at);
    cli_value_put_text(&row, "Size", num_format_size(t->bytes, size));
    /* What Docker does not work out for a list either: `system df -v` does. */
    cli_value_put_text(&row, "Containers", "N/A");
    cli_value_put_text(&row, "SharedSize", "N/A");
    cli_value_put_text(&row, "UniqueSize", "N/A");
    cli_value_put_text(&row, "VirtualSize", size);
    return row;
}

static int print(struct store *s, const struct store_tag_list *tags, const struct image_filter *filter,
                 const struct images_options *o, struct err *err)
{
    _cleanup_format_ struct cli_format f = {0};
    int r = cli_format_begin(&f, o->format, o->quiet, o->digests ? &digest_table : &table, err);

    for (size_t i = 0; r >= 0 && i < tags->n; i++) {
        const struct store_tag *t = &tags->v[i];
        _cleanup_value_ struct cli_value row = {0};

        if (shadowed(tags, t, o->digests))
            continue;
        r = image_filter_match(s, filter, tags, t, err);
        if (r <= 0)
            continue;
        row = make_row(tags, t, o->no_trunc);
        r = cli_format_row(&f, &row, err);
    }
    if (r < 0)
        return r;
    cli_format_print(&f);
    return 0;
}

static int check_tree(const struct images_options *o, struct err *err)
{
    const struct {
        bool given;
        const char *name;
    } others[] = {
        {o->digests, "digests"}, {o->format != NULL, "format"}, {o->no_trunc, "no-trunc"}, {o->quiet, "quiet"}};

    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        if (others[i].given)
            return err_set(err, ERR_INVALID, "--%s and --tree exclude each other", others[i].name);
    return 0;
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct images_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *store = NULL;
    _cleanup_(store_tag_list_release) struct store_tag_list tags = {0};
    _cleanup_image_filter_ struct image_filter filter = {0};
    int r = o->tree ? check_tree(o, err) : 0;

    if (r == 0)
        r = cbox_open_existing_store(ctx, &store, err);
    if (r == 0)
        r = image_filter_parse(store, o->filters, IMAGE_FILTER_LIST, &filter, err);
    if (r == 0 && store)
        r = store_tag_list(store, &tags, err);
    if (r < 0)
        return r;
    if (operands[0])
        image_filter_add_reference(&filter, operands[0]);
    if (tags.n > 1)
        qsort(tags.v, tags.n, sizeof(*tags.v), newest_first);
    return o->tree ? images_tree_print(store, &tags, &filter, err) : print(store, &tags, &filter, o, err);
}

static const struct cli_example examples[] = {
    {"All images of the machine", "cbox images"},
    {"Sizes and names alone", "cbox images --format '{{.Size}}\\t{{.Repository}}:{{.Tag}}'"},
    {"One repository, with the digests that the registry has", "cbox images --digests alpine"},
    {"Images without a name", "cbox images --filter dangling=true"},
    {"What is there for which platform", "cbox images --tree"},
    {NULL, NULL},
};

const struct cli_command cmd_images = {
    .summary = "List images",
    .operands = "[REPOSITORY[:TAG]]",
    .values = {CLI_VALUES_IMAGE},
    CLI_OPTIONS(struct images_options, options),
    .examples = examples,
    .run = run,
};
