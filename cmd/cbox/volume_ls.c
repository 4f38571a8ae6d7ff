#include "base/num.h"
#include "cli/format.h"
#include "commands.h"
#include "volume.h"

#include <string.h>

struct ls_options {
    char **filters;
    const char *format;
    bool quiet;
};

static const struct cli_option options[] = {
    CLI_LIST(struct ls_options, 'f', "filter", filters, "Provide filter values (e.g. \"dangling=true\")",
             .word = "filter"),
    CLI_STRING(struct ls_options, 0, "format", format,
               "Format output: 'table', 'table TEMPLATE', 'json' or a Go template"),
    CLI_FLAG(struct ls_options, 'q', "quiet", quiet, "Only display volume names"),
};

static const struct cli_column columns[] = {
    {"Name", "VOLUME NAME"}, {"Driver", "DRIVER"}, {"Scope", "SCOPE"}, {"Mountpoint", "MOUNTPOINT"},
    {"Labels", "LABELS"},    {"Links", "LINKS"},   {"Size", "SIZE"},   {"Availability", "AVAILABILITY"},
    {"Group", "GROUP"},      {"Status", "STATUS"}, {"Label", "LABEL"},
};
static const struct cli_columns table = {"{{.Driver}}\t{{.Name}}", columns, ARRAY_SIZE(columns)};

static struct cli_value make_row(struct store *s, const struct store_volume *v)
{
    static const char *const unknown[] = {"Links", "Size", "Availability", "Group", "Status"};
    _cleanup_free_ char *path = store_volume_path(s, v->name), *labels = strv_join(v->labels, ",");
    struct cli_value row = {.kind = CLI_MAP}, by_name = {.kind = CLI_MAP};

    cli_value_put_entries(&by_name, v->labels);
    cli_value_put_text(&row, "Name", v->name);
    cli_value_put_text(&row, "Driver", "local");
    cli_value_put_text(&row, "Scope", "local");
    cli_value_put_text(&row, "Mountpoint", path);
    cli_value_put_text(&row, "Labels", labels);
    for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
        cli_value_put_text(&row, unknown[i], "N/A");
    cli_value_put_hidden(&row, "Label", by_name);
    return row;
}

/* v2 before v10. */
static int natural(const void *a, const void *b)
{
    return strverscmp(*(char *const *)a, *(char *const *)b);
}

static int list(struct store *s, const struct volume_filter *filter, struct cli_format *f, struct err *err)
{
    _cleanup_volume_uses_ struct container_volume_uses uses = {0};
    _cleanup_strv_ char **names = NULL;
    int r = store_volume_list(s, &names, err);

    if (r == 0 && filter->dangling >= 0)
        r = container_volume_uses(s, &uses, err);
    if (names)
        qsort(names, strv_len(names), sizeof(*names), natural);
    STRV_FOREACH (name, names) {
        _cleanup_volume_ struct store_volume v = {0};
        struct err why = ERR_INIT;

        if (r < 0)
            break;
        if (store_volume_read(s, *name, &v, &why) < 0) {
            if (why.kind != ERR_NOT_FOUND) /* removed meanwhile */
                cbox_print_error(&why);
        } else if (volume_filter_match(filter, &v, container_volume_used(&uses, *name))) {
            _cleanup_value_ struct cli_value row = make_row(s, &v);

            r = cli_format_row(f, &row, err);
        }
    }
    return r;
}

static int run(struct cli_context *ctx, const void *opts, char **operands _unused_, struct err *err)
{
    const struct ls_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    _cleanup_volume_filter_ struct volume_filter filter = {0};
    _cleanup_format_ struct cli_format f = {0};
    int r = volume_filter_parse(o->filters, false, &filter, err);

    if (r == 0)
        r = cli_format_begin(&f, o->quiet && !o->format ? "{{.Name}}" : o->format, false, &table, err);
    if (r == 0)
        r = cbox_open_existing_store(ctx, &s, err);
    if (r == 0 && s)
        r = list(s, &filter, &f, err);
    if (r == 0)
        cli_format_print(&f);
    return r;
}

static const struct cli_example examples[] = {
    {"Volumes that no container uses", "cbox volume ls -f dangling=true"},
    {"Where they lie", "cbox volume ls --format '{{.Name}}\\t{{.Mountpoint}}'"},
    {NULL, NULL},
};

const struct cli_command cmd_volume_ls = {
    .summary = "List volumes",
    .description = "Filters: dangling=true|false (whether no container uses it), driver=NAME, label=NAME[=VALUE],\n"
                   "name=PATTERN, a regular expression for a part of the name.",
    CLI_OPTIONS(struct ls_options, options),
    .examples = examples,
    .run = run,
};
