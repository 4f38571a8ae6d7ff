#include "base/time.h"
#include "cbox.h"
#include "cli/table.h"
#include "commands.h"
#include "container/container.h"

#include <stdio.h>

struct ps_options {
    bool all, no_trunc, quiet;
};

static const struct cli_option options[] = {
    CLI_FLAG(struct ps_options, 'a', "all", all, "Show all containers (default shows just running)"),
    CLI_FLAG(struct ps_options, 0, "no-trunc", no_trunc, "Don't truncate output"),
    CLI_FLAG(struct ps_options, 'q', "quiet", quiet, "Only display container IDs"),
};

enum { COMMAND_WIDTH = 20 };

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
        else if (all || record.status == STORE_CONTAINER_RUNNING)
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
    case STORE_CONTAINER_EXITED:
        return str_printf("Exited (%d) %s ago", (int)record->exit_code,
                          time_format_age(time_now() - record->finished, age));
    case STORE_CONTAINER_CREATED:
        break;
    }
    return str_dup("Created");
}

static void add_row(struct cli_table *t, const struct store_container_record *record, bool no_trunc)
{
    _cleanup_free_ char *command = strv_join(record->command, " "), *status = describe_status(record);
    _cleanup_free_ char *id = no_trunc ? str_dup(record->id) : str_ndup(record->id, ID_SHORT_LEN);
    _cleanup_free_ char *quoted = NULL, *created = NULL;
    char age[TIME_TEXT_MAX];

    if (!no_trunc && strlen(command) > COMMAND_WIDTH)
        quoted = str_printf("\"%.*s…\"", COMMAND_WIDTH - 1, command);
    else
        quoted = str_printf("\"%s\"", command);
    created = str_printf("%s ago", time_format_age(time_now() - record->created, age));
    cli_table_row(t, id, record->image, quoted, created, status, "", record->name ? record->name : "", NULL);
}

static int run(struct cli_context *ctx, const void *opts, char **operands _unused_, struct err *err)
{
    const struct ps_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    _cleanup_(cli_table_release) struct cli_table t = {0};
    _cleanup_buf_ struct buf out = BUF_INIT;
    record_list records = {0};
    int r = cbox_open_existing_store(ctx, &s, err);

    if (r == 0 && s)
        r = collect(s, o->all, &records, err);
    cli_table_row(&t, "CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES", NULL);
    VEC_FOREACH (record, &records) {
        if (o->quiet)
            buf_addf(&out, "%.*s\n", o->no_trunc ? ID_LEN : ID_SHORT_LEN, record->id);
        else
            add_row(&t, record, o->no_trunc);
        store_container_record_release(record);
    }
    free(records.v);
    if (r < 0)
        return r;
    if (!o->quiet)
        cli_table_print(&t, &out);
    fputs(buf_str(&out), stdout);
    return 0;
}

static const struct cli_example examples[] = {
    {"All containers, also those that ended", "cbox ps -a"},
    {NULL, NULL},
};

const struct cli_command cmd_ps = {
    .summary = "List containers",
    CLI_OPTIONS(struct ps_options, options),
    .examples = examples,
    .run = run,
};
