#include "cli/table.h"

#include "cli/term.h"

#include <stdarg.h>

enum { PADDING = 3, COLUMN_MIN = 10 };

static void add_cell(struct cli_table *t, const char *text)
{
    struct buf b = BUF_INIT;

    cli_add_printable(&b, text);
    strv_take_at(&t->cells, t->n_cells++, buf_steal(&b));
}

static void add_row(struct cli_table *t, char *const *cells)
{
    bool is_header = !t->columns;
    size_t n = 0;

    for (; cells && cells[n] && (is_header || n < t->columns); n++)
        add_cell(t, cells[n]);
    if (is_header)
        t->columns = n;
    for (; n < t->columns; n++)
        add_cell(t, "");
}

void cli_table_row(struct cli_table *t, const char *first, ...)
{
    _cleanup_strv_ char **cells = NULL;
    va_list ap;

    va_start(ap, first);
    for (const char *cell = first; cell; cell = va_arg(ap, const char *))
        strv_add(&cells, cell);
    va_end(ap);
    add_row(t, cells);
}

void cli_table_line(struct cli_table *t, const char *line)
{
    _cleanup_strv_ char **cells = strv_split(line, '\t');

    add_row(t, cells);
}

void cli_table_print(const struct cli_table *t, struct buf *out)
{
    _cleanup_free_ size_t *widths = mem_zalloc(t->columns, sizeof(size_t));

    for (size_t i = 0; i < t->columns; i++)
        widths[i] = COLUMN_MIN;
    for (size_t i = 0; i < t->n_cells; i++)
        widths[i % t->columns] = MAX_OF(widths[i % t->columns], cli_text_width(t->cells[i]) + PADDING);
    for (size_t i = 0; i < t->n_cells; i++) {
        size_t column = i % t->columns;

        buf_adds(out, t->cells[i]);
        if (column + 1 < t->columns)
            buf_addf(out, "%*s", (int)(widths[column] - cli_text_width(t->cells[i])), "");
        else
            buf_addc(out, '\n');
    }
}

void cli_table_release(struct cli_table *t)
{
    strv_free(t->cells);
    *t = (struct cli_table){0};
}
