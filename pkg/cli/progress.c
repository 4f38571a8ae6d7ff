#include "cli/progress.h"

#include "base/buf.h"
#include "base/num.h"
#include "base/time.h"
#include "base/vec.h"
#include "cli/term.h"

#include <stdio.h>
#include <unistd.h>

#define REDRAW_INTERVAL INT64_C(100000000) /* nanoseconds */

enum { BAR_MAX = 50, BAR_MIN = 10 };

struct line {
    char *label;
    const char *state; /* borrowed: the caller's are literals */
    int64_t now, total;
    bool bar, done;
};

struct cli_progress {
    int fd;
    bool terminal;
    VEC(struct line) lines;
    VEC(size_t) live; /* the lines that are drawn anew, by number; the others were left above */
    size_t drawn;     /* rows on the screen, the cursor below them */
    int64_t last_drawn;
    struct buf out;
};

struct cli_progress *cli_progress_new(int fd)
{
    struct cli_progress *p = mem_zalloc(1, sizeof(*p));

    p->fd = fd;
    p->terminal = cli_is_terminal(fd);
    return p;
}

static void flush(struct cli_progress *p)
{
    for (size_t done = 0; done < p->out.len;) {
        ssize_t n = write(p->fd, p->out.p + done, p->out.len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    buf_clear(&p->out);
}

/* " [====>     ]  12.3MB/45.6MB", as wide as `room` allows: without the bar or without anything where it is too small.
 */
static void add_bar(struct buf *out, const struct line *line, size_t room)
{
    char now[NUM_TEXT_MAX], total[NUM_TEXT_MAX], numbers[2 * NUM_TEXT_MAX + 4];
    size_t width, filled;

    num_format_size(line->now, now);
    if (line->total > 0)
        snprintf(numbers, sizeof(numbers), "%7s/%s", now, num_format_size(line->total, total));
    else
        snprintf(numbers, sizeof(numbers), "%7s", now);
    if (strlen(numbers) + 1 > room)
        return;
    room -= strlen(numbers) + 1;
    if (line->total > 0 && room >= BAR_MIN + 3) {
        int64_t capped = MAX_OF(MIN_OF(line->now, line->total), 0);

        width = MIN_OF(room - 3, (size_t)BAR_MAX);
        filled = (size_t)((double)capped / (double)line->total * (double)width);
        buf_addc(out, ' ');
        buf_addc(out, '[');
        for (size_t i = 0; i < width; i++)
            buf_addc(out, i < filled ? '=' : i == filled ? '>' : ' ');
        buf_addc(out, ']');
    }
    buf_addf(out, " %s", numbers);
}

/* One line of at most `columns` - 1 characters: the last column stays free, or some terminals wrap. */
static void add_line(struct buf *out, const struct line *line, size_t columns)
{
    _cleanup_free_ char *text = str_printf("%s: %s", line->label, line->state ? line->state : "");
    size_t width = cli_text_width(text), cut = strlen(text);

    if (width > columns - 1) {
        width = columns - 1;
        cut = 0;
        for (size_t seen = 0; seen < width; cut++)
            seen += ((unsigned char)text[cut + 1] & 0xc0) != 0x80;
    }
    buf_add(out, text, cut);
    if (line->bar)
        add_bar(out, line, columns - 1 - width);
}

static void draw_line(struct cli_progress *p, size_t line, size_t columns)
{
    add_line(&p->out, &p->lines.v[line], columns);
    buf_adds(&p->out, "\x1b[K\n");
}

/* Leaves finished lines above while there are more lines than rows; they never change again. */
static void leave_finished(struct cli_progress *p, size_t rows, size_t columns)
{
    size_t kept = 0, too_many = p->live.n > rows ? p->live.n - rows : 0;

    VEC_FOREACH (line, &p->live) {
        if (too_many && p->lines.v[*line].done) {
            draw_line(p, *line, columns);
            too_many--;
        } else {
            p->live.v[kept++] = *line;
        }
    }
    p->live.n = kept;
}

static void draw(struct cli_progress *p, bool last)
{
    size_t columns = cli_columns(p->fd), rows = MAX_OF(cli_rows(p->fd), 2u) - 1, n;

    p->last_drawn = time_monotonic();
    if (p->drawn)
        buf_addf(&p->out, "\x1b[%zuA\r", p->drawn);
    leave_finished(p, rows, columns);
    n = last ? p->live.n : MIN_OF(p->live.n, rows);
    for (size_t i = 0; i < n; i++)
        draw_line(p, p->live.v[i], columns);
    if (n < p->drawn)
        buf_adds(&p->out, "\x1b[J");
    p->drawn = n;
    flush(p);
}

size_t cli_progress_add(struct cli_progress *p, const char *label)
{
    struct buf printable = BUF_INIT;
    struct line *line = VEC_PUSH(&p->lines);

    cli_add_printable(&printable, label);
    line->label = buf_steal(&printable);
    *VEC_PUSH(&p->live) = p->lines.n - 1;
    return p->lines.n - 1;
}

/* True where the line says something new. */
static bool change(struct cli_progress *p, struct line *line, const char *state)
{
    if (str_eq(line->state, state))
        return false;
    line->state = state;
    if (!p->terminal) {
        buf_addf(&p->out, "%s: %s\n", line->label, state);
        flush(p);
    }
    return true;
}

void cli_progress_say(struct cli_progress *p, size_t line, const char *state, bool done)
{
    struct line *l = &p->lines.v[line];
    bool changed = change(p, l, state);

    changed |= l->bar;
    l->bar = false;
    l->done = done;
    if (p->terminal && changed)
        draw(p, false);
}

void cli_progress_bar(struct cli_progress *p, size_t line, const char *state, int64_t now, int64_t total)
{
    struct line *l = &p->lines.v[line];
    bool changed = change(p, l, state);

    l->bar = true;
    l->now = now;
    l->total = total;
    if (p->terminal && (changed || time_monotonic() - p->last_drawn >= REDRAW_INTERVAL))
        draw(p, false);
}

void cli_progress_end(struct cli_progress *p)
{
    if (!p)
        return;
    if (p->terminal && p->live.n)
        draw(p, true);
    VEC_FOREACH (line, &p->lines)
        free(line->label);
    free(p->lines.v);
    free(p->live.v);
    buf_free(&p->out);
    free(p);
}
