#include "base/num.h"
#include "cbox.h"
#include "cli/format.h"
#include "commands.h"
#include "container/container.h"
#include "container/volume.h"
#include "image/usage.h"
#include "show.h"
#include "store/build_cache.h"

#include <stdio.h>

struct df_options {
    const char *format;
    bool verbose;
};

static const struct cli_option options[] = {
    CLI_STRING(struct df_options, 0, "format", format,
               "Format output: 'table', 'table TEMPLATE', 'json' or a Go template"),
    CLI_FLAG(struct df_options, 'v', "verbose", verbose, "Show detailed information on space usage"),
};

static const struct cli_column columns[] = {
    {"Type", "TYPE"}, {"TotalCount", "TOTAL"}, {"Active", "ACTIVE"}, {"Size", "SIZE"}, {"Reclaimable", "RECLAIMABLE"},
};
static const struct cli_columns table = {"{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}",
                                         columns, ARRAY_SIZE(columns)};

/* One line: a kind of thing. */
struct line {
    const char *type;
    int64_t total, active, bytes, reclaimable;
};

/* The containers of the store, and those of them that run. */
struct containers {
    VEC(struct store_container_record) list;
};

static void containers_release(struct containers *c)
{
    VEC_FOREACH (record, &c->list)
        store_container_record_release(record);
    free(c->list.v);
}

static int read_containers(struct store *s, struct containers *ret, struct err *err)
{
    _cleanup_strv_ char **ids = NULL;
    int r = store_container_list(s, &ids, err);

    STRV_FOREACH (id, ids) {
        struct store_container_record record = {0};

        if (container_look(s, *id, &record, NULL) == 0)
            *VEC_PUSH(&ret->list) = record;
    }
    return r;
}

static const struct store_container_record *find_container(const struct containers *c, const char *id)
{
    VEC_FOREACH (record, &c->list)
        if (str_eq(record->id, id))
            return record;
    return NULL;
}

static struct line images_line(const struct image_usage *u)
{
    struct line l = {.type = "Images", .total = (int64_t)u->images.n, .reclaimable = image_usage_reclaimable(u)};

    l.bytes = u->bytes[IMAGE_USAGE_BLOB] + u->bytes[IMAGE_USAGE_LAYER] - image_usage_steps(u);
    VEC_FOREACH (image, &u->images)
        l.active += image->containers > 0;
    return l;
}

static struct line containers_line(const struct image_usage *u, const struct containers *c)
{
    struct line l = {.type = "Containers", .total = (int64_t)c->list.n, .bytes = u->bytes[IMAGE_USAGE_CONTAINER]};

    VEC_FOREACH (part, &u->parts) {
        const struct store_container_record *record =
            part->kind == IMAGE_USAGE_CONTAINER ? find_container(c, part->name) : NULL;

        l.active += record && record->status == STORE_CONTAINER_RUNNING;
        l.reclaimable += record && record->status != STORE_CONTAINER_RUNNING ? part->bytes : 0;
    }
    return l;
}

static struct line volumes_line(const struct image_usage *u, const struct container_volume_uses *uses)
{
    struct line l = {.type = "Local Volumes", .bytes = u->bytes[IMAGE_USAGE_VOLUME]};

    VEC_FOREACH (part, &u->parts) {
        bool used = part->kind == IMAGE_USAGE_VOLUME && container_volume_used(uses, part->name);

        if (part->kind != IMAGE_USAGE_VOLUME)
            continue;
        l.total++;
        l.active += used;
        l.reclaimable += used ? 0 : part->bytes;
    }
    return l;
}

struct steps {
    int64_t n, in_use, used; /* bytes of mounts that somebody has */
};

static int count_step(const struct store_build_item *item, void *data, struct err *err _unused_)
{
    struct steps *steps = data;

    steps->n++;
    steps->in_use += item->in_use;
    steps->used += item->in_use ? item->bytes : 0;
    return 0;
}

static int build_line(struct store *s, const struct image_usage *u, struct line *ret, struct err *err)
{
    struct steps steps = {0};
    int r = s ? store_build_each_item(s, count_step, &steps, err) : 0;

    *ret = (struct line){.type = "Build Cache",
                         .total = steps.n,
                         .active = steps.in_use,
                         .bytes = u->bytes[IMAGE_USAGE_BUILD] + image_usage_steps(u)};
    ret->reclaimable = MAX_OF(ret->bytes - steps.used, INT64_C(0));
    return r;
}

static struct line unfinished_line(const struct image_usage *u)
{
    struct line l = {.type = "Unfinished", .bytes = u->bytes[IMAGE_USAGE_UNFINISHED]};

    VEC_FOREACH (part, &u->parts)
        l.total += part->kind == IMAGE_USAGE_UNFINISHED;
    l.reclaimable = l.bytes;
    return l;
}

static int add_line(struct cli_format *f, const struct line *l, struct err *err)
{
    _cleanup_value_ struct cli_value row = {.kind = CLI_MAP};
    _cleanup_free_ char *reclaimable = NULL, *total = str_printf("%lld", (long long)l->total);
    _cleanup_free_ char *active = str_printf("%lld", (long long)l->active);
    char size[NUM_TEXT_MAX], free_size[NUM_TEXT_MAX];

    num_format_size(l->reclaimable, free_size);
    reclaimable = l->bytes > 0 ? str_printf("%s (%lld%%)", free_size, (long long)(l->reclaimable * 100 / l->bytes))
                               : str_dup(free_size);
    cli_value_put_text(&row, "Type", l->type);
    cli_value_put_text(&row, "TotalCount", total);
    cli_value_put_text(&row, "Active", active);
    cli_value_put_text(&row, "Size", num_format_size(l->bytes, size));
    cli_value_put_text(&row, "Reclaimable", reclaimable);
    return cli_format_row(f, &row, err);
}

static int print_summary(struct store *s, const struct image_usage *u, const struct containers *c,
                         const struct container_volume_uses *uses, const char *format, struct err *err)
{
    struct line lines[] = {
        images_line(u),        containers_line(u, c),
        volumes_line(u, uses), {.type = "Build Cache"},
        unfinished_line(u),    {.type = "Other", .total = 1, .active = 1, .bytes = u->bytes[IMAGE_USAGE_OTHER]},
    };
    _cleanup_format_ struct cli_format f = {0};
    int r = cli_format_begin(&f, format, false, &table, err);

    if (r == 0)
        r = build_line(s, u, &lines[3], err);
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        r = r < 0 ? r : add_line(&f, &lines[i], err);
    if (r == 0)
        cli_format_print(&f);
    return r;
}

/* ---- every single thing ---- */

static void print_table(const char *heading, struct cli_table *t)
{
    _cleanup_buf_ struct buf out = BUF_INIT;

    cli_table_print(t, &out);
    printf("%s\n\n%s\n", heading, buf_str(&out));
    cli_table_release(t);
}

struct steps_table {
    const struct image_usage *usage;
    struct cli_table table;
};

static void print_images(const struct image_usage *u)
{
    struct cli_table t = {0};

    cli_table_row(&t, "REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE", "SHARED SIZE", "UNIQUE SIZE", "CONTAINERS",
                  NULL);
    VEC_FOREACH (image, &u->images) {
        _cleanup_free_ char *repository = show_repository(image->tag), *id = show_digest(&image->tag->id, false);
        _cleanup_free_ char *since = show_since(image->tag->created), *n = str_printf("%u", image->containers);
        char size[NUM_TEXT_MAX], shared[NUM_TEXT_MAX], unique[NUM_TEXT_MAX];

        cli_table_row(&t, repository, image->tag->name.tag ? image->tag->name.tag : "<none>", id, since,
                      num_format_size(image->shared + image->unique, size), num_format_size(image->shared, shared),
                      num_format_size(image->unique, unique), n, NULL);
    }
    print_table("Images space usage:", &t);
}

static void print_containers(const struct image_usage *u, const struct containers *c)
{
    struct cli_table t = {0};

    cli_table_row(&t, "CONTAINER ID", "IMAGE", "SIZE", "CREATED", "STATUS", "NAMES", NULL);
    VEC_FOREACH (part, &u->parts) {
        const struct store_container_record *record =
            part->kind == IMAGE_USAGE_CONTAINER ? find_container(c, part->name) : NULL;
        _cleanup_free_ char *id = str_ndup(part->name, ID_SHORT_LEN), *since = NULL;
        char size[NUM_TEXT_MAX];

        if (!record)
            continue;
        since = show_since(record->created);
        cli_table_row(&t, id, record->image, num_format_size(part->bytes, size), since,
                      store_container_status_name(record->status), record->name, NULL);
    }
    print_table("Containers space usage:", &t);
}

static void print_volumes(const struct image_usage *u, const struct container_volume_uses *uses)
{
    struct cli_table t = {0};

    cli_table_row(&t, "VOLUME NAME", "LINKS", "SIZE", NULL);
    VEC_FOREACH (part, &u->parts) {
        _cleanup_free_ char *links = NULL;
        char size[NUM_TEXT_MAX];
        size_t n = 0;

        if (part->kind != IMAGE_USAGE_VOLUME)
            continue;
        VEC_FOREACH (use, &uses->list)
            n += str_eq(use->volume, part->name);
        links = str_printf("%zu", n);
        cli_table_row(&t, part->name, links, num_format_size(part->bytes, size), NULL);
    }
    print_table("Local Volumes space usage:", &t);
}

static int add_item(const struct store_build_item *item, void *data, struct err *err _unused_)
{
    struct steps_table *t = data;
    _cleanup_free_ char *id = str_ndup(item->name, ID_SHORT_LEN), *since = show_since(item->created);
    _cleanup_free_ char *used = show_since(item->used);
    char size[NUM_TEXT_MAX];
    bool shared = false;

    VEC_FOREACH (part, &t->usage->parts) {
        char text[DIGEST_TEXT_MAX];

        if (part->kind == IMAGE_USAGE_LAYER && part->images > 0 && item->diff_id.algorithm != DIGEST_NONE)
            shared = shared || str_eq(part->name, digest_format(&item->diff_id, text));
    }
    cli_table_row(&t->table, id, item->mount ? "exec.cachemount" : "regular", num_format_size(item->bytes, size), since,
                  used, shared ? "true" : "false", item->step ? item->step : "", NULL);
    return 0;
}

static int print_steps(struct store *s, const struct image_usage *u, struct err *err)
{
    struct steps_table t = {.usage = u};
    char size[NUM_TEXT_MAX];
    _cleanup_free_ char *heading =
        str_printf("Build cache usage: %s", num_format_size(u->bytes[IMAGE_USAGE_BUILD] + image_usage_steps(u), size));
    int r;

    cli_table_row(&t.table, "CACHE ID", "CACHE TYPE", "SIZE", "CREATED", "LAST USED", "SHARED", "STEP", NULL);
    r = s ? store_build_each_item(s, add_item, &t, err) : 0;
    print_table(heading, &t.table);
    return r;
}

/* Parts of a kind that neither an image nor a step stands on. */
static void print_parts(const char *heading, const struct image_usage *u, enum image_usage_kind from,
                        enum image_usage_kind to)
{
    struct cli_table t = {0};

    cli_table_row(&t, "NAME", "SIZE", NULL);
    VEC_FOREACH (part, &u->parts) {
        char size[NUM_TEXT_MAX];

        if (part->kind >= from && part->kind <= to && part->images == 0 && !part->step)
            cli_table_row(&t, part->name, num_format_size(part->bytes, size), NULL);
    }
    print_table(heading, &t);
}

static int run(struct cli_context *ctx, const void *opts, char **operands _unused_, struct err *err)
{
    const struct df_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    _cleanup_(containers_release) struct containers containers = {0};
    _cleanup_volume_uses_ struct container_volume_uses uses = {0};
    _cleanup_usage_ struct image_usage usage = {0};
    int r;

    if (o->verbose && o->format)
        return err_set(err, ERR_INVALID, "--verbose and --format exclude each other");
    r = cbox_open_existing_store(ctx, &s, err);
    if (r == 0 && s)
        r = read_containers(s, &containers, err);
    if (r == 0 && s)
        r = container_volume_uses(s, &uses, err);
    if (r == 0 && s)
        r = image_usage_measure(s, &usage, err);
    if (r < 0)
        return r;
    if (!o->verbose)
        return print_summary(s, &usage, &containers, &uses, o->format, err);
    print_images(&usage);
    print_containers(&usage, &containers);
    print_volumes(&usage, &uses);
    r = print_steps(s, &usage, err);
    if (r < 0)
        return r;
    print_parts("Blobs and layers that no image needs:", &usage, IMAGE_USAGE_BLOB, IMAGE_USAGE_LAYER);
    print_parts("Unfinished:", &usage, IMAGE_USAGE_UNFINISHED, IMAGE_USAGE_UNFINISHED);
    return 0;
}

static const struct cli_example examples[] = {
    {"What takes how much, and how much of it could go", "cbox system df"},
    {"Image by image and container by container", "cbox system df -v"},
    {NULL, NULL},
};

const struct cli_command cmd_system_df = {
    .summary = "Show disk usage",
    .description =
        "The sizes are what files take on disk, and their sum is that of everything below the root directory.\n"
        "Images are their compressed blobs and their unpacked layers, each counted once; the build cache is what\n"
        "steps of builds made and no image has, with their cache mounts; unfinished is what\n"
        "interrupted pulls left to be continued, and what is being deleted; other is the store's own.",
    CLI_OPTIONS(struct df_options, options),
    .examples = examples,
    .run = run,
};
