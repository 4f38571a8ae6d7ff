/* The screen: how many there are, the list, the log of the chosen one, and a line for what is said or typed. */
#include "dash.h"

#include "screen/screen.h"

enum { LOG_FROM = 14, LOG_LINES = 4, HELP_COLUMN = 12 };

/* A line at a time, downwards. */
struct pen {
    struct dash_paper paper;
    int row, rows;
};

static void draw(struct pen *pen, const char *line, enum screen_style style)
{
    if (pen->row < pen->rows)
        screen_line(pen->row++, line, style);
}

static void draw_text(struct pen *pen, const char *text, enum screen_style style)
{
    _cleanup_free_ char *line = dash_fit(text, &pen->paper);

    draw(pen, line, style);
}

static enum screen_style style_of(const struct dash_row *row)
{
    if (!store_container_is_alive(row->record.status))
        return SCREEN_DIM;
    return str_eq(row->record.health, "unhealthy") ? SCREEN_BOLD : SCREEN_PLAIN;
}

static void draw_list(struct pen *pen, struct dash *d, size_t height)
{
    dash_scroll(d, height);
    for (size_t i = 0; i < height; i++) {
        const struct dash_row *row = d->top + i < d->shown.n ? &d->rows.v[d->shown.v[d->top + i]] : NULL;
        _cleanup_free_ char *line = row ? dash_line(row, &pen->paper) : NULL;

        draw(pen, line ? line : "",
             row && str_eq(row->record.id, d->chosen) ? SCREEN_REVERSE
             : row                                    ? style_of(row)
                                                      : SCREEN_PLAIN);
    }
}

static void draw_log(struct pen *pen, struct dash_view *v, size_t height)
{
    const struct dash_row *row = dash_chosen(&v->dash);
    _cleanup_free_ char *title =
        row ? str_printf("log of %s", row->record.name ? row->record.name : row->record.id) : str_dup("");
    size_t n = strv_len(v->log), from = n > height - 1 ? n - (height - 1) : 0;

    draw_text(pen, title, SCREEN_BOLD);
    for (size_t i = 0; i + 1 < height; i++)
        draw_text(pen, from + i < n ? v->log[from + i] : "", SCREEN_PLAIN);
}

static void draw_foot(struct pen *pen, const struct dash_view *v)
{
    _cleanup_free_ char *text = NULL;

    if (v->mode == DASH_FILTER)
        text = str_printf("filter: %s_  (Enter: keep, Esc: none)", buf_str(&v->dash.filter));
    else if (v->mode == DASH_CONFIRM)
        text = str_printf("%s %s? (y/n)", v->verb, v->name);
    else
        text = str_dup(v->message ? v->message
                                  : "q quit  s stop  r restart  p pause  e shell  / filter  o sort  a all  ? help");
    draw_text(pen, text, v->mode == DASH_LIST && !v->message ? SCREEN_DIM : SCREEN_BOLD);
}

static void draw_help(struct pen *pen)
{
    const char *key, *text;

    draw_text(pen, "cbox dash: keys", SCREEN_BOLD);
    for (size_t i = 0; dash_help_line(i, &key, &text); i++) {
        _cleanup_free_ char *line = str_printf("%-*s %s", HELP_COLUMN, key, text);

        draw_text(pen, line, SCREEN_PLAIN);
    }
    while (pen->row < pen->rows)
        draw(pen, "", SCREEN_PLAIN);
}

void dash_draw(struct dash_view *v)
{
    struct pen pen = {.paper = {.utf8 = screen_is_utf8()}};
    _cleanup_free_ char *summary = NULL, *heading = NULL;
    int columns;
    size_t rows, log;

    screen_size(&pen.rows, &columns);
    pen.paper.width = (size_t)MAX_OF(columns, 1);
    if (v->mode == DASH_HELP) {
        draw_help(&pen);
        screen_show();
        return;
    }
    rows = (size_t)MAX_OF(pen.rows - 3, 1); /* summary, heading, foot */
    log = rows + 3 < LOG_FROM && !v->big_log ? 0
          : v->big_log                       ? rows - MIN_OF(rows / 4 + 1, rows)
                                             : MAX_OF(rows / 3, (size_t)LOG_LINES);
    v->height = rows - log;
    v->log_wanted = log ? log - 1 : 0;
    summary = dash_summary(&v->dash, &pen.paper);
    heading = dash_heading(&v->dash, &pen.paper);
    draw(&pen, summary, SCREEN_BOLD);
    draw(&pen, heading, SCREEN_DIM);
    draw_list(&pen, &v->dash, v->height);
    if (log)
        draw_log(&pen, v, log);
    draw_foot(&pen, v);
    screen_show();
}
