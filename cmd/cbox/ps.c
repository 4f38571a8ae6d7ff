#include "base/num.h"
#include "base/time.h"
#include "base/utf8.h"
#include "cbox.h"
#include "cli/format.h"
#include "commands.h"
#include "container/container.h"
#include "container/list.h"
#include "container/ports.h"
#include "container/status.h"
#include "show.h"

#include <stdio.h>

struct ps_options {
    bool all, latest, no_trunc, quiet, size;
    char **filters;
    const char *format;
    int64_t last;
};

static const struct ps_options defaults = {.last = -1};

static const struct cli_option options[] = {
    CLI_FLAG(struct ps_options, 'a', "all", all, "Show all containers (default shows just running)"),
    CLI_LIST(struct ps_options, 'f', "filter", filters, "Filter output based on conditions provided", .word = "filter",
             .check = cbox_check_filter),
    CLI_STRING(struct ps_options, 0, "format", format,
               "Format output: 'table', 'table TEMPLATE', 'json' or a Go template"),
    CLI_INT(struct ps_options, 'n', "last", last, "Show n last created containers (includes all states)",
            .shown_default = "-1"),
    CLI_FLAG(struct ps_options, 'l', "latest", latest, "Show the latest created container (includes all states)"),
    CLI_FLAG(struct ps_options, 0, "no-trunc", no_trunc, "Don't truncate output"),
    CLI_FLAG(struct ps_options, 'q', "quiet", quiet, "Only display container IDs"),
    CLI_FLAG(struct ps_options, 's', "size", size, "Display total file sizes"),
};

enum { COMMAND_WIDTH = 20, MOUNT_WIDTH = 15 };

static const struct cli_column columns[] = {
    {"ID", "CONTAINER ID"},    {"Image", "IMAGE"},       {"Command", "COMMAND"}, {"CreatedAt", "CREATED AT"},
    {"RunningFor", "CREATED"}, {"Status", "STATUS"},     {"State", "STATE"},     {"Ports", "PORTS"},
    {"Names", "NAMES"},        {"Labels", "LABELS"},     {"Mounts", "MOUNTS"},   {"LocalVolumes", "LOCAL VOLUMES"},
    {"Networks", "NETWORKS"},  {"Platform", "PLATFORM"}, {"Size", "SIZE"},       {"Label", "LABEL"},
};
#define STANDARD "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}"

static const struct cli_columns table = {STANDARD, columns, ARRAY_SIZE(columns)},
                                table_with_size = {STANDARD "\t{{.Size}}", columns, ARRAY_SIZE(columns)};

/* What a name means now: containers of one image follow each other. */
struct meaning {
    char *name;
    struct digest id;
};

struct view {
    struct store *store;
    struct cli_format format;
    bool no_trunc, size, mounts;
    port_claims claims;
    int64_t now;
    VEC(struct meaning) meanings;
    struct store_tag_list tags; /* for sizes */
};

static void view_release(struct view *v)
{
    VEC_FOREACH (m, &v->meanings)
        free(m->name);
    free(v->meanings.v);
    store_tag_list_release(&v->tags);
    port_claims_release(&v->claims);
    cli_format_release(&v->format);
}

/* ---- cells ---- */

/* As Go's strconv.Quote(). */
static char *quote(const char *text)
{
    static const char letters[] = "abfnrtv", meant[] = "\a\b\f\n\r\t\v";
    struct buf out = BUF_INIT;
    const char *found;

    buf_addc(&out, '"');
    while (*text) {
        size_t n = utf8_printable(text);

        if (n && *text != '"' && *text != '\\')
            buf_add(&out, text, n);
        else if (*text == '"' || *text == '\\')
            buf_addf(&out, "\\%c", *text);
        else if ((found = strchr(meant, *text)))
            buf_addf(&out, "\\%c", letters[found - meant]);
        else
            buf_addf(&out, "\\x%02x", (unsigned char)*text);
        text += n ? n : 1;
    }
    buf_addc(&out, '"');
    return buf_steal(&out);
}

static char *show_command(char *const *args, bool whole)
{
    struct buf line = BUF_INIT;
    _cleanup_free_ char *cut = NULL, *joined = NULL;

    STRV_FOREACH (arg, args) {
        bool blank = arg != args && strchr(*arg, ' ');

        buf_addf(&line, "%s%s%s%s", arg == args ? "" : " ", blank ? "'" : "", *arg, blank ? "'" : "");
    }
    joined = line.p ? buf_steal(&line) : str_dup("");
    cut = show_start(joined, whole ? SIZE_MAX : COMMAND_WIDTH);
    return quote(cut);
}

/* The ID of the image that the name means, DIGEST_NONE where there is none. */
static const struct digest *look_up(struct view *v, const char *name)
{
    _cleanup_(store_tag_release) struct store_tag t = {0};

    VEC_FOREACH (m, &v->meanings)
        if (str_eq(m->name, name))
            return &m->id;
    (void)image_find(v->store, name, &t, NULL);
    *VEC_PUSH(&v->meanings) = (struct meaning){str_dup(name), t.id};
    return &v->meanings.v[v->meanings.n - 1].id;
}

/* As the user named it, as long as that means the same image: else its ID. */
static char *show_image(struct view *v, const struct store_container_record *record)
{
    _cleanup_reference_ struct oci_reference ref = {0};
    char text[DIGEST_TEXT_MAX];

    if (!record->image || !digest_equal(look_up(v, record->image), &record->image_id))
        return v->no_trunc ? str_dup(digest_format(&record->image_id, text)) : str_ndup(record->image_id.hex, 12);
    if (v->no_trunc || oci_reference_parse(record->image, &ref, NULL) < 0)
        return str_dup(record->image);
    if (str_after(record->image_id.hex, record->image)) /* the start of an ID is no name */
        return str_ndup(record->image_id.hex, 12);
    ref.digest = (struct digest){0};
    return oci_reference_familiar(&ref);
}

static void put_mounts(struct view *v, const char *id, struct cli_value *row)
{
    _cleanup_engine_options_ struct engine_options asked = {0};
    _cleanup_strv_ char **names = NULL;
    _cleanup_free_ char *joined = NULL;
    unsigned local = 0;
    char number[16];

    if (v->mounts)
        (void)container_read_options(v->store, id, &asked, NULL);
    VEC_FOREACH (m, &asked.mounts) {
        strv_take(&names, show_start(str_given(m->name) ? m->name : m->source, v->no_trunc ? SIZE_MAX : MOUNT_WIDTH));
        local += str_eq(m->driver, "local");
    }
    joined = strv_join(names, ",");
    snprintf(number, sizeof(number), "%u", local);
    cli_value_put_text(row, "Mounts", joined);
    cli_value_put_text(row, "LocalVolumes", number);
}

static void put_ports(struct view *v, const struct store_container_record *record, struct cli_value *row)
{
    _cleanup_free_ char *text = NULL;
    container_ports ports = {0};

    if (store_container_is_alive(record->status))
        container_ports_list(&v->claims, record->id, record->exposed, &ports);
    text = container_ports_text(&ports);
    free(ports.v);
    cli_value_put_text(row, "Ports", text);
}

static int64_t image_size(const struct view *v, const struct digest *id)
{
    for (size_t i = 0; i < v->tags.n; i++)
        if (digest_equal(&v->tags.v[i].id, id))
            return v->tags.v[i].bytes;
    return 0;
}

static void put_size(struct view *v, const struct store_container_record *record, struct cli_value *row)
{
    int64_t written = v->size ? container_size(v->store, record->id) : 0;
    int64_t all = v->size ? written + image_size(v, &record->image_id) : 0;
    char a[NUM_TEXT_MAX], b[NUM_TEXT_MAX];
    _cleanup_free_ char *text = str_printf("%s (virtual %s)", num_format_size(written, a), num_format_size(all, b));

    cli_value_put_text(row, "Size", all ? text : a);
}

static struct cli_value make_row(struct view *v, const struct store_container_record *record)
{
    _cleanup_free_ char *command = show_command(record->command, v->no_trunc), *image = show_image(v, record);
    _cleanup_free_ char *id = str_ndup(record->id, v->no_trunc ? ID_LEN : ID_SHORT_LEN);
    _cleanup_free_ char *status = container_status(record, v->now), *labels = strv_join(record->labels, ",");
    _cleanup_free_ char *since = show_since(record->created), *at = show_time(record->created);
    struct cli_value row = {.kind = CLI_MAP}, by_name = {.kind = CLI_MAP};

    cli_value_put_entries(&by_name, record->labels);
    cli_value_put_text(&row, "Command", command);
    cli_value_put_text(&row, "CreatedAt", at);
    cli_value_put_text(&row, "ID", id);
    cli_value_put_text(&row, "Image", image);
    cli_value_put_text(&row, "Labels", labels);
    put_mounts(v, record->id, &row);
    cli_value_put_text(&row, "Names", record->name);
    cli_value_put_text(&row, "Networks", record->network);
    cli_value_put(&row, "Platform", (struct cli_value){0}); /* which no Docker before 29 tells */
    put_ports(v, record, &row);
    cli_value_put_text(&row, "RunningFor", since);
    put_size(v, record, &row);
    cli_value_put_text(&row, "State", store_container_status_name(record->status));
    cli_value_put_text(&row, "Status", status);
    cli_value_put_hidden(&row, "Label", by_name);
    return row;
}

/* ---- the command ---- */

/* What takes time is looked at where it is shown: "json" alone shows no sizes, as in Docker, and `{{json .}}` does. */
static bool wants(const struct ps_options *o, const char *field, bool in_json)
{
    const char *format = o->quiet ? NULL : str_given(o->format);

    if (!format)
        return false;
    return str_eq(format, "json") ? in_json : strstr(format, field) || strstr(format, "json");
}

static int print(struct view *v, const struct container_list *list, struct err *err)
{
    for (size_t i = 0; i < list->n; i++) {
        _cleanup_value_ struct cli_value row = make_row(v, &list->v[i]);
        int r = cli_format_row(&v->format, &row, err);

        if (r < 0)
            return r;
    }
    cli_format_print(&v->format);
    return 0;
}

static int list_and_print(struct view *v, const struct ps_options *o, struct err *err)
{
    _cleanup_container_filter_ struct container_filter filter = {0};
    _cleanup_container_list_ struct container_list list = {0};
    const struct container_list_options how = {
        .all = o->all, .last = o->latest && o->last < 0 ? 1 : o->last, .filter = &filter};
    int r = container_filter_parse(v->store, o->filters, CONTAINER_FILTER_LIST, &filter, err);

    if (r == 0 && v->store)
        r = container_list(v->store, &how, cbox_print_error, &list, err);
    if (r == 0 && v->store && v->size)
        r = store_tag_list(v->store, &v->tags, err);
    if (r == 0 && v->store && !o->quiet)
        r = ports_list(v->store, NULL, &v->claims, err);
    return r < 0 ? r : print(v, &list, err);
}

static int run(struct cli_context *ctx, const void *opts, char **operands _unused_, struct err *err)
{
    const struct ps_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    _cleanup_(view_release) struct view v = {.no_trunc = o->no_trunc, .now = time_now()};
    const char *format = str_given(o->format);
    int r;

    if (o->quiet && format && !str_eq(format, "table")) {
        fprintf(stderr, "WARNING: Ignoring custom format, because both --format and --quiet are set.\n");
        format = NULL;
    }
    v.size = o->size || wants(o, ".Size", false);
    v.mounts = wants(o, ".Mounts", true) || wants(o, ".LocalVolumes", true);
    r = cli_format_begin(&v.format, format, o->quiet, o->size ? &table_with_size : &table, err);
    if (r == 0)
        r = cbox_open_existing_store(ctx, &s, err);
    v.store = s;
    return r < 0 ? r : list_and_print(&v, o, err);
}

static const struct cli_example examples[] = {
    {"All containers, also those that ended", "cbox ps -a"},
    {"Names and states alone", "cbox ps -a --format '{{.Names}}\\t{{.Status}}'"},
    {"Those that failed", "cbox ps --filter status=exited --filter exited=1"},
    {"What they wrote", "cbox ps -a --size"},
    {NULL, NULL},
};

const struct cli_command cmd_ps = {
    .summary = "List containers",
    .description =
        "Filters: ancestor=IMAGE, before=CONTAINER, exited=CODE, expose=PORT, health=STATE, id=ID, is-task=BOOL,\n"
        "label=NAME[=VALUE], name=REGEX, network=NETWORK, publish=PORT, since=CONTAINER, status=STATE,\n"
        "volume=VOLUME. One of several values of the same filter has to fit, but all of the labels.",
    CLI_OPTIONS(struct ps_options, options),
    .defaults = &defaults,
    .examples = examples,
    .run = run,
};
