#include "base/time.h"
#include "cbox.h"
#include "cli/template.h"
#include "cli/term.h"
#include "commands.h"
#include "event/filter.h"
#include "show.h"

#include <stdio.h>
#include <unistd.h>

enum { TEMPLATE_FAILURE = 64 }; /* Docker's exit code for it */

struct events_options {
    char **filters;
    const char *format, *since, *until;
};

static const struct cli_option options[] = {
    CLI_LIST(struct events_options, 'f', "filter", filters, "Filter output based on conditions provided",
             .word = "filter", .check = cbox_check_filter),
    CLI_STRING(struct events_options, 0, "format", format, "Format output: 'json' or a Go template"),
    CLI_STRING(struct events_options, 0, "since", since, "Show all events created since timestamp"),
    CLI_STRING(struct events_options, 0, "until", until, "Stream events until this timestamp"),
};

struct view {
    struct event_filter filter;
    struct cli_template *tmpl; /* NULL: `json`, or lines for people */
    bool json, terminal;
};

static void view_release(struct view *v)
{
    event_filter_release(&v->filter);
    if (v->tmpl)
        cli_template_free(v->tmpl);
}

/* ---- forms ---- */

static struct cli_value attributes_of(const struct event *e)
{
    struct cli_value attributes = {.kind = CLI_MAP};

    cli_value_put_entries(&attributes, e->attributes);
    return attributes;
}

static void add_line(const struct event *e, struct buf *out)
{
    _cleanup_value_ struct cli_value attributes = attributes_of(e);
    _cleanup_free_ size_t *order = cli_value_order(&attributes);
    _cleanup_free_ char *when = show_time_nano(e->time);

    buf_addf(out, "%s %s %s %s", when, e->type, e->action, e->actor);
    for (size_t i = 0; i < attributes.n; i++)
        buf_addf(out, "%s%s=%s", i ? ", " : " (", attributes.keys[order[i]], attributes.items[order[i]].text);
    buf_adds(out, attributes.n ? ")\n" : "\n");
}

/* Docker's names in JSON are others than those that its templates know. */
static struct cli_value make_object(const struct event *e, bool json)
{
    static const char *const names[][2] = {{"Status", "status"}, {"ID", "id"},     {"From", "from"},
                                           {"Scope", "scope"},   {"Time", "time"}, {"TimeNano", "timeNano"}};
    struct cli_value object = {.kind = CLI_MAP}, actor = {.kind = CLI_MAP};
    bool old = str_eq(e->type, "container") || str_eq(e->type, "image");
    const char *from = str_eq(e->type, "container") ? strv_env_get(e->attributes, "image") : NULL;

    if (old || !json) {
        cli_value_put_text(&object, names[0][json], old ? e->action : "");
        cli_value_put_text(&object, names[1][json], old ? e->actor : "");
    }
    if (from || !json)
        cli_value_put_text(&object, names[2][json], from);
    cli_value_put_text(&actor, "ID", e->actor);
    cli_value_put(&actor, "Attributes", attributes_of(e));
    cli_value_put_text(&object, "Type", e->type);
    cli_value_put_text(&object, "Action", e->action);
    cli_value_put(&object, "Actor", actor);
    cli_value_put_text(&object, names[3][json], "local");
    cli_value_put(&object, names[4][json], cli_value_number(e->time / 1000000000));
    cli_value_put(&object, names[5][json], cli_value_number(e->time));
    return object;
}

static int add_object(const struct view *v, const struct event *e, struct buf *out, struct err *err)
{
    _cleanup_value_ struct cli_value object = make_object(e, v->json);
    int r = 0;

    if (v->json)
        cli_value_json(&object, 0, false, out);
    else
        r = cli_template_execute(v->tmpl, &object, CLI_TEMPLATE_DATA, out, err);
    buf_addc(out, '\n');
    return r;
}

static int add(const struct view *v, const struct event *e, struct buf *out, struct err *err)
{
    if (v->json || v->tmpl)
        return add_object(v, e, out, err);
    add_line(e, out);
    return 0;
}

/* Each at once: who follows wants to see it. */
static int show(const struct event *e, void *data, struct err *err)
{
    const struct view *v = data;
    _cleanup_buf_ struct buf out = BUF_INIT, shown = BUF_INIT;
    int r;

    if (!event_filter_match(&v->filter, e))
        return 0;
    r = add(v, e, &out, err);
    if (r < 0)
        return r;
    if (v->terminal) {
        out.p[--out.len] = 0; /* the newline */
        cli_add_printable(&shown, buf_str(&out));
        buf_addc(&shown, '\n');
    }
    fputs(buf_str(v->terminal ? &shown : &out), stdout);
    return fflush(stdout) == 0 ? 0 : err_errno(err, errno, "writing to standard output");
}

/* ---- the command ---- */

/* A template that is wrong says so before there is an event. */
static int view_begin(struct view *v, const struct events_options *o, struct err *err)
{
    const struct event empty = {.type = (char *)"", .action = (char *)"", .actor = (char *)""};
    _cleanup_buf_ struct buf ignored = BUF_INIT;
    const char *format = str_given(o->format);
    int r;

    v->terminal = isatty(STDOUT_FILENO);
    v->json = str_eq(format, "json") || str_eq(format, "{{json .}}");
    if (!format || v->json)
        return 0;
    r = cli_template_parse(format, &v->tmpl, err);
    return r < 0 ? r : add(v, &empty, &ignored, err);
}

static int parse_time(const char *text, const char *option, int64_t *ret, struct err *err)
{
    int r = str_empty(text) ? 0 : time_parse_point(text, time_now(), ret, err);

    return r < 0 ? err_wrap(err, "--%s", option) : 0;
}

static int run(struct cli_context *ctx, const void *opts, char **operands _unused_, struct err *err)
{
    const struct events_options *o = opts;
    _cleanup_(view_release) struct view view = {0};
    struct event_query query = {0};
    int r = event_filter_parse(o->filters, &view.filter, err);

    if (r < 0)
        return r;
    if (view_begin(&view, o, err) < 0) {
        cbox_print_error(err);
        return TEMPLATE_FAILURE;
    }
    r = parse_time(o->since, "since", &query.since, err);
    if (r == 0)
        r = parse_time(o->until, "until", &query.until, err);
    if (r < 0)
        return r;
    if (query.until && query.since > query.until)
        return err_set(err, ERR_INVALID, "`since` time (%s) cannot be after `until` time (%s)", o->since, o->until);
    if (!query.since && (query.until || !str_empty(o->since))) /* from the beginning; --since 0 as well */
        query.since = 1;
    return event_read(ctx->state, &query, show, &view, err);
}

static const char description[] =
    "Prints what happens to containers, images, volumes and networks until it is ended. With --since or --until what\n"
    "happened before is printed as well, as far as it is remembered: the last thousand events at least, and none from\n"
    "before the last boot.\n"
    "\n"
    "Filters: container, event, image, label, network, scope, type, volume. One of several values of the same filter\n"
    "has to fit, but all of the labels.";

static const struct cli_example examples[] = {
    {"What happened in the last ten minutes", "cbox events --since 10m --until 0s"},
    {"Containers that end, one JSON object a line",
     "cbox events --filter type=container --filter event=die --format json"},
    {NULL, NULL},
};

const struct cli_command cmd_events = {
    .summary = "Get real time events",
    .description = description,
    CLI_OPTIONS(struct events_options, options),
    .examples = examples,
    .run = run,
};
