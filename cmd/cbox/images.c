#include "base/num.h"
#include "base/time.h"
#include "cbox.h"
#include "cli/table.h"
#include "commands.h"
#include "image/image.h"

#include <fnmatch.h>
#include <stdio.h>

struct images_options {
    bool all;
    bool digests;
    bool no_trunc;
    bool quiet;
};

static const struct cli_option options[] = {
    CLI_FLAG(struct images_options, 'a', "all", all, "Show all images"),
    CLI_FLAG(struct images_options, 0, "digests", digests, "Show digests"),
    CLI_FLAG(struct images_options, 0, "no-trunc", no_trunc, "Don't truncate output"),
    CLI_FLAG(struct images_options, 'q', "quiet", quiet, "Only show image IDs"),
};

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

/* Docker's way: the pattern is held against "name" and "name:tag" in their short forms; slashes count. */
static bool matches(const char *pattern, const struct store_tag *t)
{
    _cleanup_free_ char *name = oci_reference_familiar_name(&t->name);
    _cleanup_free_ char *full = oci_reference_familiar(&t->name);
    _cleanup_free_ char *familiar = NULL;
    _cleanup_reference_ struct oci_reference ref = {0};

    if (!pattern)
        return true;
    if (oci_reference_parse(pattern, &ref, NULL) == 0) /* long forms are understood as well */
        pattern = familiar = oci_reference_familiar(&ref);
    return fnmatch(pattern, name, FNM_PATHNAME) == 0 || fnmatch(pattern, full, FNM_PATHNAME) == 0;
}

static int newest_first(const void *va, const void *vb)
{
    const struct store_tag *a = va, *b = vb;

    return (a->created < b->created) - (a->created > b->created);
}

static char *show_id(const struct store_tag *t, bool whole)
{
    char text[DIGEST_TEXT_MAX];

    return whole ? str_dup(digest_format(&t->id, text)) : str_ndup(t->id.hex, 12);
}

/* The digest by which the image can be named: that of an index means one platform's image alone. */
static const struct digest *shown_digest(const struct store_tag_list *tags, const struct store_tag *t)
{
    const struct store_tag *meant = store_tag_list_find(tags, &t->name, &t->target);

    return meant && !digest_equal(&meant->id, &t->id) ? &t->manifest : &t->target;
}

static void add_row(struct cli_table *table, const struct store_tag_list *tags, const struct store_tag *t,
                    const struct images_options *o)
{
    _cleanup_free_ char *name = oci_reference_familiar_name(&t->name);
    _cleanup_free_ char *id = show_id(t, o->no_trunc);
    const char *tag = t->name.tag ? t->name.tag : "<none>";
    char digest[DIGEST_TEXT_MAX], age[TIME_TEXT_MAX], size[NUM_TEXT_MAX], created[TIME_TEXT_MAX + 8] = "N/A";

    if (t->created)
        snprintf(created, sizeof(created), "%s ago", time_format_age(time_now() - t->created, age));
    num_format_size(t->bytes, size);
    if (o->digests)
        cli_table_row(table, name, tag, digest_format(shown_digest(tags, t), digest), id, created, size, NULL);
    else
        cli_table_row(table, name, tag, id, created, size, NULL);
}

static void print_table(const struct store_tag_list *tags, const char *pattern, const struct images_options *o)
{
    _cleanup_(cli_table_release) struct cli_table table = {0};
    _cleanup_buf_ struct buf out = BUF_INIT;

    if (o->digests)
        cli_table_row(&table, "REPOSITORY", "TAG", "DIGEST", "IMAGE ID", "CREATED", "SIZE", NULL);
    else
        cli_table_row(&table, "REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE", NULL);
    for (size_t i = 0; i < tags->n; i++)
        if (!shadowed(tags, &tags->v[i], o->digests) && matches(pattern, &tags->v[i]))
            add_row(&table, tags, &tags->v[i], o);
    cli_table_print(&table, &out);
    fputs(buf_str(&out), stdout);
}

static void print_ids(const struct store_tag_list *tags, const char *pattern, const struct images_options *o)
{
    for (size_t i = 0; i < tags->n; i++) {
        _cleanup_free_ char *id = show_id(&tags->v[i], o->no_trunc);

        if (!shadowed(tags, &tags->v[i], o->digests) && matches(pattern, &tags->v[i]))
            printf("%s\n", id);
    }
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct images_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *store = NULL;
    _cleanup_(store_tag_list_release) struct store_tag_list tags = {0};
    int r = cbox_open_existing_store(ctx, &store, err);

    if (r == 0 && store)
        r = store_tag_list(store, &tags, err);
    if (r < 0)
        return r;
    if (tags.n > 1)
        qsort(tags.v, tags.n, sizeof(*tags.v), newest_first);
    if (o->quiet)
        print_ids(&tags, operands[0], o);
    else
        print_table(&tags, operands[0], o);
    return 0;
}

static const struct cli_example examples[] = {
    {"All images of the machine", "cbox images"},
    {"One repository, with the digests that the registry has", "cbox images --digests alpine"},
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
