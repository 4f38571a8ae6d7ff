/* Tables of text in Docker's layout: a column is as wide as its widest cell and three spaces, at least ten; the last
 * one is not padded.
 *
 *     _cleanup_(cli_table_release) struct cli_table t = {0};
 *
 *     cli_table_row(&t, "REPOSITORY", "TAG", NULL);
 *     cli_table_row(&t, name, tag, NULL);
 *     cli_table_print(&t, &out);
 */
#pragma once

#include "base/buf.h"
#include "base/strv.h"

struct cli_table {
    size_t columns; /* as many as the first row has */
    char **cells;   /* row by row */
    size_t n_cells;
};

/* Adds a row: its cells, ended by NULL. They are copied; what could command a terminal becomes '?'. A later row with
 * fewer cells than the first is filled up with empty ones, what is too many is left out. */
void cli_table_row(struct cli_table *t, const char *first, ...) __attribute__((sentinel));

/* Adds a row whose cells are parted by tabs. */
void cli_table_line(struct cli_table *t, const char *line);

void cli_table_print(const struct cli_table *t, struct buf *out);
void cli_table_release(struct cli_table *t);
