/* What a command that lists things prints, in the form that --format asks for:
 *
 *     (none), table          the command's own columns
 *     table TEMPLATE         these columns, parted by tabs, under Docker's headings
 *     json                   an object a line
 *     TEMPLATE               a line each, without a heading
 *
 *     r = cli_format_begin(&f, o->format, o->quiet, &images_columns, err);
 *     for (...)
 *         cli_value_put_text(&row, "ID", …), r = cli_format_row(&f, &row, err);
 *     if (r == 0)
 *         cli_format_print(&f);
 *     cli_format_release(&f);
 */
#pragma once

#include "cli/table.h"
#include "cli/template.h"

struct cli_column {
    const char *name;    /* of the field: "CreatedSince" */
    const char *heading; /* "CREATED" */
};

struct cli_columns {
    const char *standard; /* the command's own: "{{.ID}}\t{{.Names}}" */
    const struct cli_column *columns;
    size_t n_columns; /* all that a template can name */
};

struct cli_format {
    struct cli_template *tmpl; /* NULL: JSON */
    bool is_table;
    struct cli_table table;
    struct buf out;
};

/* `quiet`: without a format the field ID alone. ERR_INVALID for a template that is none. The caller releases `f` in any
 * case. */
int cli_format_begin(struct cli_format *f, const char *format, bool quiet, const struct cli_columns *columns,
                     struct err *err);

/* Adds a row; the map has every field of the columns, and what would break a table is changed in it. ERR_INVALID. */
int cli_format_row(struct cli_format *f, struct cli_value *row, struct err *err);

/* Everything to standard output; on a terminal without what could command it. */
void cli_format_print(const struct cli_format *f);

/* The same, appended to `out` as it is. */
void cli_format_add(const struct cli_format *f, struct buf *out);
void cli_format_release(struct cli_format *f);
#define _cleanup_format_ _cleanup_(cli_format_release)

/* One object, as `version`, `info` and `inspect` show it: `format` is a template or "json". Prints a line. ERR_INVALID.
 */
int cli_format_object(const char *format, const struct cli_value *object, struct err *err);
