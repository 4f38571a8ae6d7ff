/* What keys do. */
#include "dash.h"

#include "screen/screen.h"

#include <stdio.h>

enum { FILTER_MAX = 64 };

void dash_say(struct dash_view *v, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    str_replace(&v->message, str_vprintf(format, ap));
    va_end(ap);
}

/* ---- moving ---- */

static void go_up(struct dash_view *v)
{
    dash_move(&v->dash, -1);
}

static void go_down(struct dash_view *v)
{
    dash_move(&v->dash, 1);
}

static void page_up(struct dash_view *v)
{
    dash_move(&v->dash, -(long)v->height);
}

static void page_down(struct dash_view *v)
{
    dash_move(&v->dash, (long)v->height);
}

static void go_first(struct dash_view *v)
{
    dash_move(&v->dash, -(long)v->dash.shown.n);
}

static void go_last(struct dash_view *v)
{
    dash_move(&v->dash, (long)v->dash.shown.n);
}

/* ---- the chosen one ---- */

static const char *name_of(const struct dash_row *row)
{
    return row->record.name ? row->record.name : row->record.id;
}

static void ask(struct dash_view *v, const char *verb)
{
    const struct dash_row *row = dash_chosen(&v->dash);

    if (!row)
        return;
    v->verb = verb;
    str_replace(&v->target, str_dup(row->record.id));
    str_replace(&v->name, str_dup(name_of(row)));
    v->mode = DASH_CONFIRM;
}

static void stop(struct dash_view *v)
{
    ask(v, "stop");
}

static void restart(struct dash_view *v)
{
    ask(v, "restart");
}

static void pause_it(struct dash_view *v)
{
    const struct dash_row *row = dash_chosen(&v->dash);

    if (row)
        dash_job_start(v, row->record.status == STORE_CONTAINER_PAUSED ? "unpause" : "pause", row->record.id,
                       name_of(row));
}

static void shell(struct dash_view *v)
{
    const struct dash_row *row = dash_chosen(&v->dash);

    if (row && row->record.status == STORE_CONTAINER_RUNNING)
        dash_shell(v, row->record.id, name_of(row));
    else if (row)
        dash_say(v, "exec %s: it does not run", name_of(row));
}

/* ---- the view ---- */

static void sort_next(struct dash_view *v)
{
    v->dash.sort = (v->dash.sort + 1) % DASH_SORTS;
    dash_arrange(&v->dash);
}

static void turn_round(struct dash_view *v)
{
    v->dash.backwards = !v->dash.backwards;
    dash_arrange(&v->dash);
}

static void filter(struct dash_view *v)
{
    v->mode = DASH_FILTER;
}

static void show_all(struct dash_view *v)
{
    v->all = !v->all;
    v->list_due = 0;
}

static void show_log(struct dash_view *v)
{
    v->big_log = !v->big_log;
}

static void help(struct dash_view *v)
{
    v->mode = DASH_HELP;
}

static void quit(struct dash_view *v)
{
    v->ended = true;
}

static const struct {
    int key;
    const char *called, *text; /* NULL: not in the help */
    void (*act)(struct dash_view *v);
} keys[] = {
    {SCREEN_UP, "Up, k", "the container above", go_up},
    {'k', NULL, NULL, go_up},
    {SCREEN_DOWN, "Down, j", "the container below", go_down},
    {'j', NULL, NULL, go_down},
    {SCREEN_PAGE_UP, "PgUp, PgDn", "a page", page_up},
    {SCREEN_PAGE_DOWN, NULL, NULL, page_down},
    {SCREEN_HOME, "Home, End", "the first, the last", go_first},
    {SCREEN_END, NULL, NULL, go_last},
    {SCREEN_ENTER, "Enter", "more of its log, or less", show_log},
    {'s', "s", "stop it", stop},
    {'r', "r", "restart it", restart},
    {'p', "p", "pause it, or let it go on", pause_it},
    {'e', "e", "a shell in it", shell},
    {'/', "/", "show those with a word in name, image or state", filter},
    {'o', "o", "sort by name, CPU, memory, I/O, network, state", sort_next},
    {'i', "i", "turn the order round", turn_round},
    {'a', "a", "those that do not run as well, or not", show_all},
    {'?', "?", "these keys", help},
    {'q', "q", "quit", quit},
};

bool dash_help_line(size_t nth, const char **ret_key, const char **ret_text)
{
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (keys[i].called && nth-- == 0) {
            *ret_key = keys[i].called;
            *ret_text = keys[i].text;
            return true;
        }
    return false;
}

static void command(struct dash_view *v, int key)
{
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (keys[i].key == key)
            keys[i].act(v);
}

/* A filter is of letters: what a name, an image or a state can have. */
static void type_filter(struct dash_view *v, int key)
{
    struct buf *text = &v->dash.filter;

    if (key == SCREEN_ENTER || key == SCREEN_ESCAPE)
        v->mode = DASH_LIST;
    if (key == SCREEN_ESCAPE)
        buf_clear(text);
    else if (key == SCREEN_RUBOUT && text->len)
        text->p[--text->len] = 0;
    else if (key > ' ' && key < 127 && text->len < FILTER_MAX)
        buf_addc(text, (char)key);
    dash_arrange(&v->dash);
}

static void confirm(struct dash_view *v, int key)
{
    v->mode = DASH_LIST;
    if (key == 'y' || key == 'Y')
        dash_job_start(v, v->verb, v->target, v->name);
}

static void leave_help(struct dash_view *v, int key _unused_)
{
    v->mode = DASH_LIST;
}

void dash_key(struct dash_view *v, int key)
{
    static void (*const modes[])(struct dash_view * v, int key) = {
        [DASH_LIST] = command, [DASH_FILTER] = type_filter, [DASH_CONFIRM] = confirm, [DASH_HELP] = leave_help};

    str_replace(&v->message, NULL);
    modes[v->mode](v, key);
}
