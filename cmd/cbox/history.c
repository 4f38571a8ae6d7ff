#include "base/num.h"
#include "base/time.h"
#include "cbox.h"
#include "cli/format.h"
#include "commands.h"
#include "image/image.h"
#include "show.h"
#include "store/layer.h"

#include <inttypes.h>
#include <stdio.h>

enum { CREATED_BY_WIDTH = 45 };

struct history_options {
    const char *format;
    bool human, no_trunc, quiet;
};

static const struct history_options defaults = {.human = true};

static const struct cli_option options[] = {
    CLI_STRING(struct history_options, 0, "format", format,
               "Format output: 'table', 'table TEMPLATE', 'json' or a Go template"),
    CLI_FLAG(struct history_options, 'H', "human", human, "Print sizes and dates in human readable format",
             .shown_default = "true"),
    CLI_FLAG(struct history_options, 0, "no-trunc", no_trunc, "Don't truncate output"),
    CLI_FLAG(struct history_options, 'q', "quiet", quiet, "Only show image IDs"),
};

static const struct cli_column columns[] = {
    {"ID", "IMAGE"},  {"CreatedAt", "CREATED AT"}, {"CreatedSince", "CREATED"}, {"CreatedBy", "CREATED BY"},
    {"Size", "SIZE"}, {"Comment", "COMMENT"},
};

static const struct cli_columns human_table = {"{{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}",
                                               columns, ARRAY_SIZE(columns)};
static const struct cli_columns machine_table = {"{{.ID}}\t{{.CreatedAt}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}",
                                                 columns, ARRAY_SIZE(columns)};

/* Command lines come with the tabs of the file that they stood in. */
static char *on_one_line(const char *text)
{
    char *copy = str_dup(text ? text : "");

    for (char *p = copy; *p; p++)
        if (*p == '\t' || *p == '\n')
            *p = ' ';
    return copy;
}

static struct cli_value make_row(const struct oci_history *h, const char *id, int64_t bytes,
                                 const struct history_options *o)
{
    _cleanup_free_ char *by = on_one_line(h->created_by), *short_by = show_start(by, CREATED_BY_WIDTH);
    _cleanup_free_ char *since = NULL, *at = NULL;
    struct cli_value row = {.kind = CLI_MAP};
    char size[NUM_TEXT_MAX];
    int64_t created = 0;

    if (h->created)
        (void)time_parse(h->created, &created, NULL);
    since = show_since(created);
    at = show_time_rfc3339(created);
    if (o->human)
        num_format_size(bytes, size);
    else
        snprintf(size, sizeof(size), "%" PRId64, bytes);
    cli_value_put_text(&row, "ID", id);
    cli_value_put_text(&row, "CreatedAt", at);
    cli_value_put_text(&row, "CreatedSince", o->human ? since : at);
    cli_value_put_text(&row, "CreatedBy", o->no_trunc ? by : short_by);
    cli_value_put_text(&row, "Size", size);
    cli_value_put_text(&row, "Comment", h->comment);
    return row;
}

/* What each entry added to the image; what the history does not say has nothing. */
static int entry_sizes(struct store *s, const struct oci_image_config *config, int64_t *sizes, struct err *err)
{
    size_t layer = 0;

    for (size_t i = 0; i < config->history.n; i++) {
        struct store_layer_info info = {0};
        struct digest diff_id;
        int r;

        if (config->history.v[i].empty_layer || layer == oci_image_config_layers(config))
            continue;
        oci_image_config_diff_id(config, layer++, &diff_id);
        r = store_layer_read_info(s, &diff_id, &info, err);
        if (r < 0)
            return r;
        sizes[i] = info.bytes;
    }
    return 0;
}

static int print(struct store *s, const struct image *image, const struct history_options *o, struct err *err)
{
    const struct oci_image_config *config = &image->config;
    _cleanup_free_ int64_t *sizes = mem_zalloc(config->history.n, sizeof(*sizes));
    _cleanup_free_ char *id = show_digest(&image->tag.id, o->no_trunc);
    _cleanup_format_ struct cli_format f = {0};
    int r = cli_format_begin(&f, o->format, o->quiet, o->human ? &human_table : &machine_table, err);

    if (r == 0)
        r = entry_sizes(s, config, sizes, err);
    for (size_t i = config->history.n; r == 0 && i > 0; i--) {
        bool top = i == config->history.n;
        _cleanup_value_ struct cli_value row =
            make_row(&config->history.v[i - 1], top ? id : "<missing>", sizes[i - 1], o);

        r = cli_format_row(&f, &row, err);
    }
    if (r == 0)
        cli_format_print(&f);
    return r;
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    _cleanup_(image_release) struct image image = {0};
    int r = cbox_open_existing_store(ctx, &s, err);

    if (r < 0)
        return r;
    if (!s)
        return err_set(err, ERR_NOT_FOUND, "no such image: %s", operands[0]);
    r = image_open(s, operands[0], &image, err);
    return r < 0 ? r : print(s, &image, opts, err);
}

static const struct cli_example examples[] = {
    {"What made the image, in full", "cbox history --no-trunc alpine"},
    {"Sizes alone", "cbox history --format '{{.Size}}\\t{{.CreatedBy}}' alpine"},
    {NULL, NULL},
};

const struct cli_command cmd_history = {
    .summary = "Show the history of an image",
    .operands = "IMAGE",
    .values = {CLI_VALUES_IMAGE},
    .defaults = &defaults,
    CLI_OPTIONS(struct history_options, options),
    .examples = examples,
    .run = run,
};
