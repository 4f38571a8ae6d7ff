#include "base/time.h"
#include "cbox.h"
#include "cli/format.h"
#include "commands.h"
#include "container/container.h"
#include "show.h"

#include <stdio.h>

struct ps_options {
    bool all, no_trunc, quiet;
    const char *format;
};

static const struct cli_option options[] = {
    CLI_FLAG(struct ps_options, 'a', "all", all, "Show all containers (default shows just running)"),
    CLI_STRING(struct ps_options, 0, "format", format,
               "Format output: 'table', 'table TEMPLATE', 'json' or a Go template"),
    CLI_FLAG(struct ps_options, 0, "no-trunc", no_trunc, "Don't truncate output"),
    CLI_FLAG(struct ps_options, 'q', "quiet", quiet, "Only display container IDs"),
};

enum { COMMAND_WIDTH = 20 };

static const struct cli_column columns[] = {
    {"ID", "CONTAINER ID"},    {"Image", "IMAGE"},   {"Command", "COMMAND"},   {"CreatedAt", "CREATED AT"},
    {"RunningFor", "CREATED"}, {"Status", "STATUS"}, {"State", "STATE"},       {"Ports", "PORTS"},
    {"Names", "NAMES"},        {"Labels", "LABELS"}, {"Networks", "NETWORKS"}, {"Label", "LABEL"},
};
static const struct cli_columns table = {
    "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}", columns,
    ARRAY_SIZE(columns)};

typedef VEC(struct store_container_record) record_list;

static int newest_first(const void *va, const void *vb)
{
    const struct store_container_record *a = va, *b = vb;

    return (a->created < b->created) - (a->created > b->created);
}

static int collect(struct store *s, bool all, record_list *ret, struct err *err)
{
    _cleanup_strv_ char **ids = NULL;
    int r = store_container_list(s, &ids, err);

    STRV_FOREACH (id, ids) {
        struct store_container_record record = {0};
        struct err why = ERR_INIT;

        r = container_look(s, *id, &record, &why);
        if (r == ERR_NOT_FOUND) /* removed meanwhile */
            continue;
        if (r < 0)
            cbox_print_error(&why);
        else if (all || store_container_is_alive(record.status))
            *VEC_PUSH(ret) = record;
        else
            store_container_record_release(&record);
    }
    if (ret->n)
        qsort(ret->v, ret->n, sizeof(*ret->v), newest_first);
    return r == ERR_NOT_FOUND ? 0 : r;
}

static char *describe_status(const struct store_container_record *record)
{
    char age[TIME_TEXT_MAX];

    switch (record->status) {
    case STORE_CONTAINER_RUNNING:
        return str_printf("Up %s", time_format_age(time_now() - record->started, age));
    case STORE_CONTAINER_PAUSED:
        return str_printf("Up %s (Paused)", time_format_age(time_now() - record->started, age));
    case STORE_CONTAINER_RESTARTING:
        return str_printf("Restarting (%d) %s ago", (int)record->exit_code,
                          time_format_age(time_now() - record->finished, age));
    case STORE_CONTAINER_EXITED:
        return str_printf("Exited (%d) %s ago", (int)record->exit_code,
                          time_format_age(time_now() - record->finished, age));
    case STORE_CONTAINER_CREATED:
        break;
    }
    return str_dup("Created");
}

static struct cli_value make_row(const struct store_container_record *record, bool no_trunc)
{
    _cleanup_free_ char *command = strv_join(record->command, " "), *status = describe_status(record);
    _cleanup_free_ char *id = no_trunc ? str_dup(record->id) : str_ndup(record->id, ID_SHORT_LEN);
    _cleanup_free_ char *cut = show_start(command, no_trunc ? SIZE_MAX : COMMAND_WIDTH);
    _cleanup_free_ char *quoted = str_printf("\"%s\"", cut), *labels = strv_join(record->labels, ",");
    _cleanup_free_ char *since = show_since(record->created), *at = show_time(record->created);
    struct cli_value row = {.kind = CLI_MAP}, by_name = {.kind = CLI_LOOKUP};

    cli_value_put_entries(&by_name, record->labels);
    cli_value_put_text(&row, "ID", id);
    cli_value_put_text(&row, "Image", record->image);
    cli_value_put_text(&row, "Command", quoted);
    cli_value_put_text(&row, "CreatedAt", at);
    cli_value_put_text(&row, "RunningFor", since);
    cli_value_put_text(&row, "Status", status);
    cli_value_put_text(&row, "State", store_container_status_name(record->status));
    cli_value_put_text(&row, "Ports", "");
    cli_value_put_text(&row, "Names", record->name);
    cli_value_put_text(&row, "Labels", labels);
    cli_value_put_text(&row, "Networks", record->network);
    cli_value_put(&row, "Label", by_name);
    return row;
}

static int run(struct cli_context *ctx, const void *opts, char **operands _unused_, struct err *err)
{
    const struct ps_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    _cleanup_format_ struct cli_format f = {0};
    record_list records = {0};
    int r = cli_format_begin(&f, o->format, o->quiet, &table, err);

    if (r == 0)
        r = cbox_open_existing_store(ctx, &s, err);
    if (r == 0 && s)
        r = collect(s, o->all, &records, err);
    VEC_FOREACH (record, &records) {
        _cleanup_value_ struct cli_value row = make_row(record, o->no_trunc);

        if (r == 0)
            r = cli_format_row(&f, &row, err);
        store_container_record_release(record);
    }
    free(records.v);
    if (r == 0)
        cli_format_print(&f);
    return r;
}

static const struct cli_example examples[] = {
    {"All containers, also those that ended", "cbox ps -a"},
    {"Names and states alone", "cbox ps -a --format '{{.Names}}\\t{{.Status}}'"},
    {NULL, NULL},
};

const struct cli_command cmd_ps = {
    .summary = "List containers",
    CLI_OPTIONS(struct ps_options, options),
    .examples = examples,
    .run = run,
};
