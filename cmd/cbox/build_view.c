#include "build_view_internal.h"

#include "base/time.h"
#include "build/context.h"
#include "cli/term.h"
#include "sys/fd.h"

#include <stdio.h>

enum { TICK = 100 /* ms */, SHOWN_LINES = 20 };

const char *const build_view_words[] = {"auto", "plain", "tty", "quiet", "json", "rawjson", NULL};

int build_view_parse(const char *word, enum build_view_mode *ret, struct err *err)
{
    static const enum build_view_mode modes[] = {
        0, BUILD_VIEW_PLAIN, BUILD_VIEW_TTY, BUILD_VIEW_QUIET, BUILD_VIEW_JSON, BUILD_VIEW_JSON};
    bool terminal = cli_is_terminal(STDERR_FILENO);

    *ret = terminal ? BUILD_VIEW_TTY : BUILD_VIEW_PLAIN;
    for (size_t i = 1; !str_empty(word) && build_view_words[i]; i++)
        if (str_eq(word, build_view_words[i]))
            *ret = modes[i];
    return *ret != BUILD_VIEW_TTY || terminal
               ? 0
               : err_set(err, ERR_INVALID, "--progress tty: standard error is no terminal");
}

struct build_view *build_view_new(enum build_view_mode mode, int fd)
{
    struct build_view *v = mem_zalloc(1, sizeof(*v));

    *v = (struct build_view){.mode = mode, .fd = fd, .began = time_monotonic()};
    return v;
}

void build_view_free(struct build_view *v)
{
    VEC_FOREACH (s, &v->steps) {
        free(s->title);
        buf_free(&s->line);
        buf_free(&s->tail);
    }
    free(v->steps.v);
    buf_free(&v->out);
    buf_free(&v->later);
    free(v);
}

size_t build_view_warnings(const struct build_view *v)
{
    return v->warnings;
}

/* A view is not worth a failure. */
void build_view_flush(struct build_view *v)
{
    fd_write_all(v->fd, buf_str(&v->out), v->out.len);
    buf_clear(&v->out);
}

/* ---- what is known of the steps ---- */

static void add_step(struct build_view *v, const struct build_event *e)
{
    struct build_view_step *s = VEC_PUSH(&v->steps);
    struct buf title = BUF_INIT;

    cli_add_printable(&title, e->title);
    s->title = buf_steal(&title);
}

static void end_step(struct build_view_step *s, enum build_view_state state)
{
    s->state = state;
    s->took = s->began ? time_monotonic() - s->began : 0;
    if (s->line.len) {
        buf_add(&s->tail, s->line.p, s->line.len);
        buf_addc(&s->tail, '\n');
        buf_clear(&s->line);
    }
}

/* The lines that are whole now, to `each`; of what a carriage return takes back only the last state. */
static void add_text(struct build_view *v, struct build_view_step *s, const struct build_event *e,
                     void (*each)(struct build_view *v, const struct build_event *e, const char *line))
{
    for (size_t i = 0; i < e->len; i++) {
        char c = e->text[i];

        if (s->returned && c != '\n' && c != '\r')
            buf_clear(&s->line);
        s->returned = c == '\r';
        if (c != '\n' && c != '\r' && s->line.len < BUILD_VIEW_TAIL)
            buf_addc(&s->line, c);
        if (c != '\n')
            continue;
        if (each)
            each(v, e, buf_str(&s->line));
        buf_add(&s->tail, buf_str(&s->line), s->line.len);
        buf_addc(&s->tail, '\n');
        buf_clear(&s->line);
    }
    if (s->tail.len > 2 * BUILD_VIEW_TAIL)
        buf_consume(&s->tail, s->tail.len - BUILD_VIEW_TAIL);
}

static void add_line(struct build_view *v, const struct build_event *e, const char *line)
{
    const struct build_view_step *s = &v->steps.v[e->step];

    buf_addf(&v->out, "#%zu %.3f ", e->step + 1, (double)(time_monotonic() - s->began) / 1e9);
    cli_add_printable(&v->out, line);
    buf_addc(&v->out, '\n');
}

/* Each behind `before`. */
static void add_lines(struct buf *out, const char *before, const char *text, size_t len)
{
    for (const char *at = text; at < text + len;) {
        const char *end = memchr(at, '\n', (size_t)(text + len - at));
        size_t n = end ? (size_t)(end - at) : (size_t)(text + len - at);
        _cleanup_free_ char *line = str_ndup(at, n);

        buf_adds(out, before);
        cli_add_printable(out, line);
        buf_addc(out, '\n');
        at += n + 1;
    }
}

static void add_warning(struct buf *out, const struct dockerfile_problem *w)
{
    buf_adds(out, "WARNING: ");
    if (w->rule)
        buf_addf(out, "%s: ", w->rule);
    cli_add_printable(out, w->message);
    if (w->at.line)
        buf_addf(out, " (line %u)", w->at.line);
    buf_addc(out, '\n');
}

/* A picture has no place for more than a line a step: these come behind the last one. */
static void keep_for_later(struct build_view *v, const struct build_view_step *s, const struct build_event *e)
{
    if (e->kind == BUILD_WARNING) {
        add_warning(&v->later, e->problem);
        return;
    }
    buf_addf(&v->later, "%s\n", s->title);
    add_lines(&v->later, "   ", e->text, e->len);
}

static void note(struct build_view *v, const struct build_event *e)
{
    struct build_view_step *s = e->step < v->steps.n ? &v->steps.v[e->step] : NULL;

    switch (e->kind) {
    case BUILD_STEP:
        add_step(v, e);
        break;
    case BUILD_STARTED:
        s->state = VIEW_RUNS;
        s->began = time_monotonic();
        break;
    case BUILD_PROGRESS:
        s->now = e->now;
        s->total = e->total;
        break;
    case BUILD_TEXT:
        add_text(v, s, e, v->mode == BUILD_VIEW_PLAIN ? add_line : NULL);
        break;
    case BUILD_CACHED:
        end_step(s, VIEW_CACHED);
        break;
    case BUILD_DONE:
        end_step(s, VIEW_DONE);
        break;
    case BUILD_FAILED:
        end_step(s, VIEW_FAILED);
        break;
    case BUILD_CANCELED:
        end_step(s, VIEW_CANCELED);
        break;
    case BUILD_WARNING:
        v->warnings++;
        break;
    default:
        break;
    }
}

/* ---- plain ---- */

void build_view_plain(struct build_view *v, const struct build_event *e)
{
    const struct build_view_step *s = e->step < v->steps.n ? &v->steps.v[e->step] : NULL;
    char before[24];

    switch (e->kind) {
    case BUILD_STARTED:
        buf_addf(&v->out, "#%zu %s\n", e->step + 1, s->title);
        break;
    case BUILD_CACHED:
        if (!s->began)
            buf_addf(&v->out, "#%zu %s\n", e->step + 1, s->title);
        buf_addf(&v->out, "#%zu CACHED\n\n", e->step + 1);
        break;
    case BUILD_DONE:
        buf_addf(&v->out, "#%zu DONE %.1fs\n\n", e->step + 1, (double)e->nanoseconds / 1e9);
        break;
    case BUILD_FAILED:
        buf_addf(&v->out, "#%zu ERROR: ", e->step + 1);
        cli_add_printable(&v->out, e->why->text);
        buf_addc(&v->out, '\n');
        break;
    case BUILD_CANCELED:
        buf_addf(&v->out, "#%zu CANCELED\n", e->step + 1);
        break;
    case BUILD_EXPLAINED:
        snprintf(before, sizeof(before), "#%zu ", e->step + 1);
        add_lines(&v->out, before, e->text, e->len);
        break;
    case BUILD_WARNING:
        add_warning(&v->out, e->problem);
        break;
    default:
        break;
    }
}

/* ---- json ---- */

static const char *const event_names[] = {
    [BUILD_PLANNED] = "planned",     [BUILD_STEP] = "step",       [BUILD_STARTED] = "started",
    [BUILD_PROGRESS] = "progress",   [BUILD_TEXT] = "output",     [BUILD_CACHED] = "cached",
    [BUILD_DONE] = "done",           [BUILD_FAILED] = "failed",   [BUILD_CANCELED] = "canceled",
    [BUILD_EXPLAINED] = "explained", [BUILD_WARNING] = "warning",
};

static void add_string(struct buf *out, const char *name, const char *text, size_t len)
{
    _cleanup_free_ char *copy = text ? str_ndup(text, len) : NULL;

    if (!copy)
        return;
    buf_addf(out, ",\"%s\":", name);
    buf_add_json(out, copy);
}

void build_view_json(struct build_view *v, const struct build_event *e)
{
    struct buf *out = &v->out;

    if (e->kind == BUILD_TICK)
        return;
    buf_addf(out, "{\"event\":\"%s\"", event_names[e->kind]);
    if (e->kind == BUILD_PLANNED)
        buf_addf(out, ",\"steps\":%zu", e->steps);
    else if (e->kind != BUILD_WARNING)
        buf_addf(out, ",\"step\":%zu", e->step + 1);
    if (e->title && e->kind == BUILD_STEP) {
        add_string(out, "stage", e->stage, strlen(e->stage));
        add_string(out, "title", e->title, strlen(e->title));
    }
    if (e->kind == BUILD_TEXT)
        buf_addf(out, ",\"stream\":\"%s\"", e->stream == 2 ? "stderr" : "stdout");
    add_string(out, "text", e->text, e->len);
    if (e->kind == BUILD_PROGRESS)
        buf_addf(out, ",\"bytes\":%lld,\"files\":%lld", (long long)e->now, (long long)e->total);
    if (e->kind == BUILD_DONE || e->kind == BUILD_CACHED)
        buf_addf(out, ",\"seconds\":%.6f", (double)e->nanoseconds / 1e9);
    if (e->why)
        add_string(out, "error", e->why->text, strlen(e->why->text));
    if (e->problem) {
        add_string(out, "rule", e->problem->rule, e->problem->rule ? strlen(e->problem->rule) : 0);
        add_string(out, "message", e->problem->message, strlen(e->problem->message));
        buf_addf(out, ",\"line\":%u", e->problem->at.line);
    }
    buf_adds(out, "}\n");
}

/* ---- all ---- */

static void show_event(void *data, const struct build_event *e)
{
    struct build_view *v = data;

    note(v, e);
    if (v->mode == BUILD_VIEW_TTY && (e->kind == BUILD_WARNING || e->kind == BUILD_EXPLAINED))
        keep_for_later(v, e->step < v->steps.n ? &v->steps.v[e->step] : NULL, e);
    if (v->mode == BUILD_VIEW_PLAIN)
        build_view_plain(v, e);
    else if (v->mode == BUILD_VIEW_JSON)
        build_view_json(v, e);
    else if (v->mode == BUILD_VIEW_TTY)
        build_view_draw(v, false);
    build_view_flush(v);
}

struct build_watcher build_view_watcher(struct build_view *v)
{
    return (struct build_watcher){.event = show_event, .data = v, .tick = v->mode == BUILD_VIEW_TTY ? TICK : 0};
}

/* The end of what the failed step wrote. */
static void add_tail(struct build_view *v, const struct build_view_step *s)
{
    const char *start = buf_str(&s->tail), *at = start + s->tail.len;

    buf_addf(&v->out, "------\n > %s:\n", s->title);
    for (int lines = 0; at > start && lines <= SHOWN_LINES; at--)
        lines += at[-1] == '\n' && at != start + s->tail.len;
    if (at > start)
        at += 2; /* behind the end of the line before */
    while (*at) {
        _cleanup_free_ char *line = str_ndup(at, strcspn(at, "\n"));

        cli_add_printable(&v->out, line);
        buf_addc(&v->out, '\n');
        at += strlen(line) + (at[strlen(line)] == '\n');
    }
    buf_adds(&v->out, "------\n");
}

static void add_excerpt(struct build_view *v, const struct build_result *result)
{
    _cleanup_buf_ struct buf excerpt = BUF_INIT;
    _cleanup_free_ char *text = NULL;

    dockerfile_excerpt(&result->dockerfile, &result->problem.at, &excerpt);
    text = str_dup(buf_str(&excerpt));
    buf_adds(&v->out, build_hide_secrets(text));
}

void build_view_end(struct build_view *v, const struct build_result *result, const struct err *failed)
{
    if (v->mode == BUILD_VIEW_TTY)
        build_view_draw(v, true);
    buf_add(&v->out, buf_str(&v->later), v->later.len);
    if (failed && failed->kind != ERR_INTERRUPTED && v->mode != BUILD_VIEW_JSON) {
        VEC_FOREACH (s, &v->steps)
            if (s->state == VIEW_FAILED && s->tail.len)
                add_tail(v, s);
        if (result->problem.at.line)
            add_excerpt(v, result);
    }
    build_view_flush(v);
}
