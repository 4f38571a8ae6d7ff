/* The dashboard's lines. */
#include "dash/dash.h"

#include "base/num.h"
#include "cli/term.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

/* ---- columns of text ---- */

/* Appends exactly `width` columns. Bytes that the locale cannot read are none of printable text in UTF-8. */
static void put(struct buf *out, const char *text, size_t width)
{
    _cleanup_buf_ struct buf plain = BUF_INIT;
    mbstate_t state = {0};
    size_t used = 0;
    const char *p;

    cli_add_printable(&plain, text);
    for (p = buf_str(&plain); *p;) {
        wchar_t c = 0;
        size_t len = mbrtowc(&c, p, strlen(p), &state);
        int columns = len == (size_t)-1 || len == (size_t)-2 ? -1 : wcwidth(c);

        if (columns < 0) { /* not in this locale, or nothing that is shown */
            state = (mbstate_t){0};
            len = 1;
            while ((p[len] & 0xc0) == 0x80)
                len++;
        }
        if (used + (size_t)(columns < 0 ? 1 : columns) > width)
            break;
        if (columns < 0)
            buf_addc(out, '?');
        else
            buf_add(out, p, len);
        used += (size_t)(columns < 0 ? 1 : columns);
        p += len;
    }
    for (; used < width; used++)
        buf_addc(out, ' ');
}

char *dash_fit(const char *text, const struct dash_paper *paper)
{
    _cleanup_free_ char *line = str_dup(text);
    struct buf out = BUF_INIT;

    for (char *p = line; *p; p++)
        *p = *p == '\t' ? ' ' : *p;
    put(&out, line, paper->width);
    return buf_steal(&out);
}

void dash_graph(const double *newest_first, size_t n, double most, size_t width, bool utf8, struct buf *out)
{
    static const char *const blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const ascii[] = {" ", "_", ".", "-", "=", "+", "*", "#", "@"};
    const int levels = (int)ARRAY_SIZE(blocks) - 1;

    n = MIN_OF(n, width);
    for (size_t i = 0; i < n; i++)
        most = MAX_OF(most, newest_first[i]);
    for (size_t i = n; i < width; i++)
        buf_addc(out, ' ');
    for (size_t i = n; i-- > 0;) {
        int level = most > 0 ? (int)(newest_first[i] / most * levels + 0.999) : 0;

        level = MAX_OF(0, MIN_OF(level, levels));
        buf_adds(out, utf8 ? blocks[level] : ascii[level]);
    }
}

/* ---- the columns ---- */

/* What a graph has for its height where there is less: an idle container's noise is no mountain. */
static const struct {
    const char *title;
    double most;
    size_t width; /* of the number */
} measures[DASH_MEASURES] = {
    [DASH_CPU] = {"CPU %", 10, 6},
    [DASH_MEMORY] = {"MEMORY", 1 << 20, 8},
    [DASH_IO] = {"I/O /s", 64 << 10, 7},
    [DASH_NETWORK] = {"NET /s", 16 << 10, 7},
};

enum { NAME_MIN = 8, NAME_WANTED = 11, STATE_WIDTH = 9, GRAPH_MIN = 4, GRAPH_MAX = 16 };

/* How a line of this width is cut. */
struct layout {
    size_t name, state, graph;
    int measures;
};

static size_t width_of(const struct layout *l)
{
    size_t sum = l->name + (l->state ? l->state + 1 : 0);

    for (int m = 0; m < l->measures; m++)
        sum += 1 + measures[m].width + (l->graph ? l->graph + 1 : 0);
    return sum;
}

/* Gives up one thing after the other: long graphs, graphs, the network, I/O, the state, memory. */
static struct layout lay_out(size_t width)
{
    struct layout l = {NAME_WANTED, STATE_WIDTH, GRAPH_MAX, DASH_MEASURES};

    while (l.graph > GRAPH_MIN && width_of(&l) > width)
        l.graph--;
    if (width_of(&l) > width)
        l.graph = 0;
    while (l.measures > 2 && width_of(&l) > width)
        l.measures--;
    if (width_of(&l) > width)
        l.name = NAME_MIN;
    if (width_of(&l) > width)
        l.state = 0;
    while (l.measures > 0 && width_of(&l) > width)
        l.measures--;
    if (!l.measures)
        l.name = width;
    else
        l.name += width - width_of(&l);
    return l;
}

static void put_right(struct buf *out, const char *text, size_t width)
{
    size_t len = cli_text_width(text);

    for (size_t i = len; i < width; i++)
        buf_addc(out, ' ');
    put(out, text, MIN_OF(len, width));
}

char *dash_heading(const struct dash *d, const struct dash_paper *paper)
{
    const struct layout l = lay_out(paper->width);
    struct buf out = BUF_INIT;

    put(&out, d->backwards ? "NAME (reversed)" : "NAME", l.name);
    if (l.state) {
        buf_addc(&out, ' ');
        put(&out, "STATE", l.state);
    }
    for (int m = 0; m < l.measures; m++) {
        buf_addc(&out, ' ');
        put_right(&out, measures[m].title, measures[m].width);
        for (size_t i = 0; l.graph && i <= l.graph; i++)
            buf_addc(&out, ' ');
    }
    return buf_steal(&out);
}

/* "healthy" says more than "running". */
static const char *state_of(const struct dash_row *row, char ret[32])
{
    const struct store_container_record *r = &row->record;

    if (r->status == STORE_CONTAINER_RUNNING && !str_empty(r->health) && !str_eq(r->health, "none"))
        return r->health;
    if (r->status != STORE_CONTAINER_EXITED)
        return store_container_status_name(r->status);
    snprintf(ret, 32, "exit %lld", (long long)r->exit_code);
    return ret;
}

static void put_measure(struct buf *out, const struct dash_row *row, int m)
{
    char text[NUM_TEXT_MAX] = "";

    if (!row->samples)
        snprintf(text, sizeof(text), "-");
    else if (m == DASH_CPU)
        snprintf(text, sizeof(text), "%.1f", row->history[m][0]);
    else if (m == DASH_MEMORY)
        num_format_size_iec((int64_t)row->history[m][0], text);
    else
        num_format_size((int64_t)row->history[m][0], text);
    put_right(out, text, measures[m].width);
}

char *dash_line(const struct dash_row *row, const struct dash_paper *paper)
{
    const struct layout l = lay_out(paper->width);
    struct buf out = BUF_INIT;
    char state[32];

    put(&out, row->record.name ? row->record.name : row->record.id, l.name);
    if (l.state) {
        buf_addc(&out, ' ');
        put(&out, state_of(row, state), l.state);
    }
    for (int m = 0; m < l.measures; m++) {
        buf_addc(&out, ' ');
        put_measure(&out, row, m);
        if (!l.graph)
            continue;
        buf_addc(&out, ' ');
        dash_graph(row->history[m], row->samples, measures[m].most, l.graph, paper->utf8, &out);
    }
    return buf_steal(&out);
}

char *dash_summary(const struct dash *d, const struct dash_paper *paper)
{
    _cleanup_buf_ struct buf text = BUF_INIT;
    size_t alive = 0, sick = 0;

    VEC_FOREACH (row, &d->rows) {
        alive += store_container_is_alive(row->record.status);
        sick += store_container_is_alive(row->record.status) && str_eq(row->record.health, "unhealthy");
    }
    buf_addf(&text, "cbox  %zu running, %zu in all", alive, d->rows.n);
    if (sick)
        buf_addf(&text, ", %zu unhealthy", sick);
    if (d->filter.len)
        buf_addf(&text, "  filter: %s (%zu)", buf_str(&d->filter), d->shown.n);
    buf_addf(&text, "  by %s", dash_sort_name(d->sort));
    return dash_fit(buf_str(&text), paper);
}
