#include "cli/format.h"
#include "commands.h"
#include "container/network_uses.h"
#include "network.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct ls_options {
    char **filters;
    const char *format;
    bool no_trunc, quiet;
};

static const struct cli_option options[] = {
    CLI_LIST(struct ls_options, 'f', "filter", filters, "Provide filter values (e.g. \"driver=bridge\")",
             .word = "filter"),
    CLI_STRING(struct ls_options, 0, "format", format,
               "Format output: 'table', 'table TEMPLATE', 'json' or a Go template"),
    CLI_FLAG(struct ls_options, 0, "no-trunc", no_trunc, "Do not truncate the output"),
    CLI_FLAG(struct ls_options, 'q', "quiet", quiet, "Only display network IDs"),
};

static const struct cli_column columns[] = {
    {"CreatedAt", "CREATED AT"}, {"Driver", "DRIVER"}, {"ID", "NETWORK ID"}, {"IPv4", "IPV4"},   {"IPv6", "IPV6"},
    {"Internal", "INTERNAL"},    {"Labels", "LABELS"}, {"Name", "NAME"},     {"Scope", "SCOPE"}, {"Label", "LABEL"},
};
static const struct cli_columns table = {"{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}", columns, ARRAY_SIZE(columns)};

/* As Go prints a time: "2026-01-02 15:04:05.123456789 +0000 UTC". */
static char *created_at(int64_t created)
{
    time_t seconds = (time_t)(created / 1000000000);
    char day[40] = "", zone[40] = "", fraction[12];
    struct tm tm;

    localtime_r(&seconds, &tm);
    strftime(day, sizeof(day), "%F %T", &tm);
    strftime(zone, sizeof(zone), "%z %Z", &tm);
    snprintf(fraction, sizeof(fraction), ".%09d", (int)(created % 1000000000));
    for (char *end = fraction + strlen(fraction) - 1; end >= fraction && (*end == '0' || end == fraction); end--)
        *end = 0;
    return str_printf("%s%s %s", day, fraction, zone);
}

static void put_truth(struct cli_value *row, const char *key, bool truth)
{
    cli_value_put_text(row, key, truth ? "true" : "false");
}

static struct cli_value make_row(const struct store_network *n, bool whole)
{
    _cleanup_free_ char *id = str_ndup(n->id, whole ? ID_LEN : ID_SHORT_LEN), *labels = strv_join(n->labels, ",");
    _cleanup_free_ char *created = created_at(n->created);
    struct cli_value row = {.kind = CLI_MAP}, by_name = {.kind = CLI_MAP};

    cli_value_put_entries(&by_name, n->labels);
    cli_value_put_text(&row, "CreatedAt", created);
    cli_value_put_text(&row, "Driver", n->driver);
    cli_value_put_text(&row, "ID", id);
    put_truth(&row, "IPv4", !n->no_ipv4);
    put_truth(&row, "IPv6", n->ipv6);
    put_truth(&row, "Internal", n->internal);
    cli_value_put_text(&row, "Labels", labels);
    cli_value_put_text(&row, "Name", n->name);
    cli_value_put_text(&row, "Scope", "local");
    cli_value_put_hidden(&row, "Label", by_name);
    return row;
}

/* net2 before net10. */
static int natural(const void *a, const void *b)
{
    return strverscmp(*(char *const *)a, *(char *const *)b);
}

static int list(struct store *s, const struct network_filter *filter, bool whole, struct cli_format *f, struct err *err)
{
    _cleanup_strv_ char **names = NULL, **used = NULL;
    int r = store_network_list(s, &names, err);

    if (r == 0 && filter->dangling >= 0)
        r = container_networks_used(s, &used, err);
    if (names)
        qsort(names, strv_len(names), sizeof(*names), natural);
    STRV_FOREACH (name, names) {
        _cleanup_network_ struct store_network n = {0};
        struct err why = ERR_INIT;

        if (r < 0)
            break;
        if (store_network_find(s, *name, &n, &why) < 0) {
            if (why.kind != ERR_NOT_FOUND) /* removed meanwhile */
                cbox_print_error(&why);
        } else if (network_filter_match(filter, &n, strv_contains(used, n.name))) {
            _cleanup_value_ struct cli_value row = make_row(&n, whole);

            r = cli_format_row(f, &row, err);
        }
    }
    return r;
}

static int run(struct cli_context *ctx, const void *opts, char **operands _unused_, struct err *err)
{
    const struct ls_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    _cleanup_network_filter_ struct network_filter filter = {0};
    _cleanup_format_ struct cli_format f = {0};
    int r = network_filter_parse(o->filters, false, &filter, err);

    if (r == 0)
        r = cli_format_begin(&f, o->quiet && !o->format ? "{{.ID}}" : o->format, false, &table, err);
    if (r == 0)
        r = cbox_open_existing_store(ctx, &s, err);
    if (r == 0 && s)
        r = list(s, &filter, o->no_trunc, &f, err);
    if (r == 0)
        cli_format_print(&f);
    return r;
}

static const struct cli_example examples[] = {
    {"Networks that somebody made", "cbox network ls -f type=custom"},
    {"Those that no container has", "cbox network ls -q -f dangling=true"},
    {NULL, NULL},
};

const struct cli_command cmd_network_ls = {
    .summary = "List networks",
    .description = "Filters: dangling=true|false (whether no container has it), driver=NAME, id=PATTERN,\n"
                   "label=NAME[=VALUE], name=PATTERN, scope=local, type=custom|builtin; patterns are regular\n"
                   "expressions for a part.",
    CLI_OPTIONS(struct ls_options, options),
    .examples = examples,
    .run = run,
};
