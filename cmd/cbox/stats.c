#include "base/num.h"
#include "cbox.h"
#include "cli/format.h"
#include "cli/term.h"
#include "commands.h"
#include "container/list.h"
#include "container/processes.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

struct stats_options {
    bool all, no_stream, no_trunc;
    const char *format;
};

static const struct cli_option options[] = {
    CLI_FLAG(struct stats_options, 'a', "all", all, "Show all containers (default shows just running)"),
    CLI_STRING(struct stats_options, 0, "format", format,
               "Format output: 'table', 'table TEMPLATE', 'json' or a Go template"),
    CLI_FLAG(struct stats_options, 0, "no-stream", no_stream, "Disable streaming stats and only pull the first result"),
    CLI_FLAG(struct stats_options, 0, "no-trunc", no_trunc, "Do not truncate output"),
};

static const struct cli_column columns[] = {
    {"BlockIO", "BLOCK I/O"}, {"CPUPerc", "CPU %"}, {"Container", "CONTAINER"},        {"ID", "CONTAINER ID"},
    {"MemPerc", "MEM %"},     {"Name", "NAME"},     {"MemUsage", "MEM USAGE / LIMIT"}, {"NetIO", "NET I/O"},
    {"PIDs", "PIDS"},
};
static const struct cli_columns table = {
    "{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}", columns,
    ARRAY_SIZE(columns)};

static const struct timespec interval = {.tv_sec = 1};

/* A container and its last reading. */
struct reading {
    struct store_container_record record;
    char *called; /* as the user named it */
    struct container_usage usage;
    double cpu;
};

struct view {
    struct store *store;
    const struct stats_options *options;
    char *const *names; /* of those that were asked for; none: all */
    VEC(struct reading) readings;
};

static void readings_release(struct view *v)
{
    VEC_FOREACH (reading, &v->readings) {
        store_container_record_release(&reading->record);
        free(reading->called);
    }
    free(v->readings.v);
    v->readings.v = NULL;
    v->readings.n = v->readings.cap = 0;
}

/* ---- reading ---- */

static int add_named(struct view *v, struct err *err)
{
    STRV_FOREACH (name, v->names) {
        struct store_container_record record = {0};
        char id[ID_LEN + 1];
        int r = v->store ? store_container_find(v->store, *name, id, err) : cbox_no_container(*name, err);

        if (r == 0)
            r = container_look(v->store, id, &record, err);
        if (r < 0)
            return r;
        *VEC_PUSH(&v->readings) = (struct reading){.record = record, .called = str_dup(*name)};
    }
    return 0;
}

static int add_all(struct view *v, struct err *err)
{
    struct container_list list = {0};
    const struct container_list_options how = {.all = v->options->all};
    int r = v->store ? container_list(v->store, &how, cbox_print_error, &list, err) : 0;

    for (size_t i = 0; i < list.n; i++)
        *VEC_PUSH(&v->readings) = (struct reading){.record = list.v[i], .called = str_ndup(list.v[i].id, ID_SHORT_LEN)};
    free(list.v);
    return r;
}

/* What one used at the last reading, or NULL. */
static const struct container_usage *last_of(const struct view *before, const char *id)
{
    VEC_FOREACH (reading, &before->readings)
        if (str_eq(reading->record.id, id))
            return &reading->usage;
    return NULL;
}

/* Looks anew which there are and what they use. */
static int read_all(struct view *v, struct err *err)
{
    struct view before = *v;
    int r;

    v->readings.v = NULL;
    v->readings.n = v->readings.cap = 0;
    r = *v->names ? add_named(v, err) : add_all(v, err);
    VEC_FOREACH (reading, &v->readings) {
        const struct container_usage *last = last_of(&before, reading->record.id);

        if (r == 0)
            r = container_usage(&reading->record, &reading->usage, err);
        if (last)
            reading->cpu = container_usage_cpu(last, &reading->usage);
    }
    readings_release(&before);
    return r;
}

/* ---- showing ---- */

static void put_pair(struct cli_value *row, const char *name, const char *first, const char *second)
{
    _cleanup_free_ char *text = str_printf("%s / %s", first, second);

    cli_value_put_text(row, name, text);
}

static void put_percent(struct cli_value *row, const char *name, double value)
{
    _cleanup_free_ char *text = str_printf("%.2f%%", value);

    cli_value_put_text(row, name, text);
}

static struct cli_value make_row(const struct reading *reading, bool no_trunc)
{
    const struct container_usage *u = &reading->usage;
    _cleanup_free_ char *id = str_ndup(reading->record.id, no_trunc ? ID_LEN : ID_SHORT_LEN);
    _cleanup_free_ char *pids = str_printf("%llu", (unsigned long long)u->pids);
    struct cli_value row = {.kind = CLI_MAP};
    char a[NUM_TEXT_MAX], b[NUM_TEXT_MAX];

    put_pair(&row, "BlockIO", num_format_size((int64_t)u->read, a), num_format_size((int64_t)u->written, b));
    put_percent(&row, "CPUPerc", reading->cpu);
    cli_value_put_text(&row, "Container", reading->called);
    cli_value_put_text(&row, "ID", id);
    put_percent(&row, "MemPerc", container_usage_memory(u));
    put_pair(&row, "MemUsage", num_format_size_iec((int64_t)u->memory, a),
             num_format_size_iec((int64_t)u->memory_limit, b));
    cli_value_put_text(&row, "Name", reading->record.name ? reading->record.name : "--");
    put_pair(&row, "NetIO", num_format_size((int64_t)u->received, a), num_format_size((int64_t)u->sent, b));
    cli_value_put_text(&row, "PIDs", pids);
    return row;
}

/* In the place of what was shown before: lines are cleared behind their ends, and all below them. */
static void draw(const char *text, bool screen)
{
    _cleanup_strv_ char **lines = strv_split(text, '\n');
    _cleanup_buf_ struct buf out = BUF_INIT;

    if (!screen) {
        fputs(text, stdout);
        fflush(stdout);
        return;
    }
    buf_adds(&out, "\033[H");
    STRV_FOREACH (line, lines)
        if (**line || line[1]) {
            cli_add_printable(&out, *line);
            buf_adds(&out, " \033[K\n");
        }
    buf_adds(&out, "\033[J");
    fputs(buf_str(&out), stdout);
    fflush(stdout);
}

static int show(const struct view *v, bool screen, struct err *err)
{
    _cleanup_format_ struct cli_format f = {0};
    _cleanup_buf_ struct buf text = BUF_INIT;
    int r = cli_format_begin(&f, str_given(v->options->format), false, &table, err);

    VEC_FOREACH (reading, &v->readings) {
        _cleanup_value_ struct cli_value row = make_row(reading, v->options->no_trunc);

        if (r == 0)
            r = cli_format_row(&f, &row, err);
    }
    if (r < 0)
        return r;
    cli_format_add(&f, &text);
    draw(buf_str(&text), screen);
    return ferror(stdout) ? err_set(err, ERR_IO, "writing to standard output") : 0;
}

/* ---- the command ---- */

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct stats_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    _cleanup_(readings_release) struct view v = {.options = o, .names = operands};
    int r = cbox_open_existing_store(ctx, &s, err);

    v.store = s;
    if (r == 0)
        r = read_all(&v, err);
    while (r == 0) {
        if (v.readings.n || !o->no_stream)
            nanosleep(&interval, NULL); /* what was used is known by what came to it */
        r = read_all(&v, err);
        if (r == 0)
            r = show(&v, !o->no_stream && cli_is_terminal(STDOUT_FILENO), err);
        if (o->no_stream)
            break;
    }
    return r;
}

static const struct cli_example examples[] = {
    {"What all running containers use, once", "cbox stats --no-stream"},
    {"Follow one", "cbox stats web"},
    {"Memory alone", "cbox stats --no-stream --format '{{.Name}}\\t{{.MemUsage}}'"},
    {NULL, NULL},
};

const struct cli_command cmd_stats = {
    .summary = "Display a live stream of container(s) resource usage statistics",
    .description =
        "CPU is in percent of one processor. Memory does not count files that the kernel keeps only because there\n"
        "is room; the limit is the host's memory where the container has none.",
    .operands = "[CONTAINER...]",
    .values = {CLI_VALUES_CONTAINER, CLI_VALUES_CONTAINER},
    CLI_OPTIONS(struct stats_options, options),
    .examples = examples,
    .run = run,
};
