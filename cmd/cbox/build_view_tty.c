/* A build on a terminal: a line a step, drawn anew; those that are done are left above once there is no room. */
#include "build_view_internal.h"

#include "base/num.h"
#include "base/time.h"
#include "cli/term.h"

#include <stdio.h>

#define REDRAW INT64_C(50000000) /* nanoseconds */
#define CLEAR  "\x1b[K\n"

enum { TAIL_LINES = 4 };

static const char *const colors[] = {
    [VIEW_WAITS] = "\x1b[2m", [VIEW_RUNS] = "",           [VIEW_CACHED] = "\x1b[34m",
    [VIEW_DONE] = "\x1b[34m", [VIEW_FAILED] = "\x1b[31m", [VIEW_CANCELED] = "\x1b[33m",
};
static const char *const states[] = {
    [VIEW_WAITS] = "", [VIEW_RUNS] = "",         [VIEW_CACHED] = "CACHED ",
    [VIEW_DONE] = "",  [VIEW_FAILED] = "ERROR ", [VIEW_CANCELED] = "CANCELED ",
};

/* `text`, cut or filled up to `columns`. */
static void add_cell(struct buf *out, const char *text, size_t columns)
{
    size_t width = 0, at = 0;

    for (; text[at] && width < columns; width++) {
        at++;
        while (((unsigned char)text[at] & 0xc0) == 0x80)
            at++;
    }
    buf_add(out, text, at);
    for (; width < columns; width++)
        buf_addc(out, ' ');
}

static void add_step(struct build_view *v, const struct build_view_step *s, size_t columns)
{
    bool color = cli_wants_color(v->fd) && *colors[s->state];
    int64_t took = s->state == VIEW_RUNS ? time_monotonic() - s->began : s->took;
    _cleanup_free_ char *time = s->began ? str_printf("%.1fs", (double)took / 1e9) : str_dup("");
    char size[NUM_TEXT_MAX];
    _cleanup_free_ char *copied =
        s->state == VIEW_RUNS && s->now ? str_printf(" %s", num_format_size(s->now, size)) : str_dup("");
    _cleanup_free_ char *text = str_printf(" => %s%s%s", states[s->state], s->title, copied);

    if (color)
        buf_adds(&v->out, colors[s->state]);
    add_cell(&v->out, text, columns - strlen(time) - 2);
    buf_addf(&v->out, " %s%s" CLEAR, time, color ? "\x1b[0m" : "");
}

static void add_written(struct build_view *v, const char *line, size_t len, size_t columns)
{
    _cleanup_free_ char *text = str_ndup(line, len);
    _cleanup_buf_ struct buf shown = BUF_INIT;

    buf_adds(&shown, " => => ");
    cli_add_printable(&shown, text);
    add_cell(&v->out, buf_str(&shown), columns - 1);
    buf_adds(&v->out, CLEAR);
}

/* The last lines of what it wrote; also one that has no end yet, as of something that counts. */
static size_t add_tail(struct build_view *v, const struct build_view_step *s, size_t columns)
{
    const char *text = buf_str(&s->tail), *at = text + s->tail.len;
    size_t open = s->line.len > 0, lines = 0;

    while (at > text && lines <= TAIL_LINES - open)
        if (*--at == '\n')
            lines++;
    if (at > text || *at == '\n')
        at++;
    for (lines = 0; *at; lines++) {
        size_t len = strcspn(at, "\n");

        add_written(v, at, len, columns);
        at += len + (at[len] == '\n');
    }
    if (open)
        add_written(v, buf_str(&s->line), s->line.len, columns);
    return lines + open;
}

static size_t count(const struct build_view *v, bool done)
{
    size_t n = 0;

    VEC_FOREACH (s, &v->steps)
        n += s->state != VIEW_WAITS && (!done || s->state != VIEW_RUNS);
    return n;
}

static bool is_over(const struct build_view_step *s)
{
    return s->state != VIEW_WAITS && s->state != VIEW_RUNS;
}

/* Those at the top that are done are left above where there is no room for all; they never change again. */
static void leave(struct build_view *v, size_t rows, size_t columns)
{
    size_t shown = 0;

    for (size_t i = v->left; i < v->steps.n; i++)
        shown += v->steps.v[i].state != VIEW_WAITS;
    for (; shown > rows && v->left < v->steps.n && is_over(&v->steps.v[v->left]); v->left++, shown--)
        add_step(v, &v->steps.v[v->left], columns);
}

void build_view_draw(struct build_view *v, bool last)
{
    size_t columns = MAX_OF(cli_columns(v->fd), 20u), rows = MAX_OF(cli_rows(v->fd), 8u) - TAIL_LINES - 3;
    int64_t now = time_monotonic();
    size_t drawn = 0;

    if (!last && now - v->drawn_at < REDRAW)
        return;
    v->drawn_at = now;
    if (v->rows)
        buf_addf(&v->out, "\x1b[%zuA\r", v->rows);
    leave(v, rows, columns);
    for (size_t i = v->left; i < v->steps.n && (drawn < rows || last); i++) {
        const struct build_view_step *s = &v->steps.v[i];

        if (s->state == VIEW_WAITS)
            continue;
        add_step(v, s, columns);
        drawn++;
        if (s->state == VIEW_RUNS && !last)
            drawn += add_tail(v, s, columns);
    }
    buf_addf(&v->out, "[+] Building %.1fs (%zu/%zu)" CLEAR "\x1b[J", (double)(now - v->began) / 1e9, count(v, true),
             v->steps.n);
    v->rows = drawn + 1;
}
