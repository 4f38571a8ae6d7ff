#include "runtime.h"

#include "cli/table.h"

#include <pwd.h>
#include <stdio.h>

struct list_options {
    const char *format;
    bool quiet;
};

static const char *const formats[] = {"table", "json", NULL};

static const struct cli_option options[] = {
    CLI_STRING(struct list_options, 'f', "format", format, "Form of the list", .word = "table|json",
               .values = CLI_VALUES_WORDS, .words = formats),
    CLI_FLAG(struct list_options, 'q', "quiet", quiet, "Only display container IDs"),
};

static void add_row(struct cli_table *table, const struct oci_state *s)
{
    _cleanup_free_ char *pid = str_printf("%lld", (long long)s->pid);

    cli_table_row(table, s->id, pid, s->status, s->bundle ? s->bundle : "", s->created ? s->created : "",
                  s->owner ? s->owner : "", NULL);
}

static char *name_of(uid_t uid)
{
    const struct passwd *user = getpwuid(uid);

    return user ? str_dup(user->pw_name) : str_printf("%u", uid);
}

/* One that is deleted meanwhile is passed over. */
static void add_state(const char *root, const char *id, struct cli_table *table, struct buf *json)
{
    _cleanup_instance_ struct runtime_instance inst = RUNTIME_INSTANCE_INIT;
    _cleanup_state_ struct oci_state state = {0};
    struct err why = ERR_INIT;
    int r = runtime_instance_load(root, id, false, &inst, &why);

    if (r < 0) {
        if (r != ERR_NOT_FOUND)
            cbox_print_error(&why);
        return;
    }
    runtime_instance_state(&inst, runtime_instance_status(&inst), &state);
    str_replace(&state.owner, name_of((uid_t)inst.record.owner));
    add_row(table, &state);
    buf_adds(json, json->len ? "," : "[");
    json_dump(&oci_state_type, &state, false, json);
}

static int run(struct cli_context *ctx, const void *opts, char **operands _unused_, struct err *err)
{
    const struct list_options *o = opts;
    _cleanup_free_ char *root = cbox_runtime_root(ctx);
    _cleanup_(cli_table_release) struct cli_table table = {0};
    _cleanup_buf_ struct buf json = BUF_INIT, out = BUF_INIT;
    _cleanup_strv_ char **ids = NULL;
    int r = runtime_instance_list(root, &ids, err);

    if (r < 0)
        return r;
    if (o->quiet) {
        STRV_FOREACH (id, ids)
            puts(*id);
        return 0;
    }
    cli_table_row(&table, "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER", NULL);
    STRV_FOREACH (id, ids)
        add_state(root, *id, &table, &json);
    if (str_eq(o->format, "json")) {
        printf("%s\n", json.len ? (buf_addc(&json, ']'), buf_str(&json)) : "null");
        return 0;
    }
    cli_table_print(&table, &out);
    fputs(buf_str(&out), stdout);
    return 0;
}

static const struct cli_example examples[] = {
    {"All containers of this runtime, for programs", "cbox runtime list --format json"},
    {NULL, NULL},
};

const struct cli_command cmd_runtime_list = {
    .summary = "List containers",
    .standalone = true,
    .one_failure = true,
    CLI_OPTIONS(struct list_options, options),
    .examples = examples,
    .run = run,
};
