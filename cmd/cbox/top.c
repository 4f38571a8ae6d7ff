#include "base/buf.h"
#include "cbox.h"
#include "cli/term.h"
#include "commands.h"
#include "container/container.h"
#include "container/processes.h"
#include "process_table.h"

#include <stdio.h>
#include <unistd.h>

/* Docker's columns: each as wide as its widest cell and three blanks, but at least twenty; the last as it comes. */
enum { COLUMN_MIN = 20, GAP = 3 };

/* Rows of as many cells as the heading has words; what a line has more belongs to its last. */
struct view {
    char **cells;
    size_t n_cells, columns;
};

static void add_line(const char *text, void *data)
{
    struct view *v = data;

    if (!v->columns)
        v->columns = (size_t)process_table_words(text);
    for (size_t i = 0; i < v->columns; i++) {
        const char *word = process_table_word(text, (int)i);
        size_t len = !word ? 0 : i + 1 < v->columns ? strcspn(word, " \t") : strlen(word);

        strv_take_at(&v->cells, v->n_cells++, str_ndup(word ? word : "", len));
    }
}

static size_t width_of(const struct view *v, size_t column)
{
    size_t width = COLUMN_MIN;

    for (size_t i = column; i < v->n_cells; i += v->columns)
        width = MAX_OF(width, cli_text_width(v->cells[i]) + GAP);
    return width;
}

/* A container names its processes as it likes. */
static void print(const struct view *v)
{
    bool terminal = isatty(STDOUT_FILENO);

    for (size_t i = 0; i < v->n_cells; i++) {
        _cleanup_buf_ struct buf shown = BUF_INIT;
        bool last = (i + 1) % v->columns == 0;

        if (terminal)
            cli_add_printable(&shown, v->cells[i]);
        else
            buf_adds(&shown, v->cells[i]);
        for (size_t n = cli_text_width(buf_str(&shown)), width = last ? 0 : width_of(v, i % v->columns); n < width; n++)
            buf_addc(&shown, ' ');
        printf("%s%s", buf_str(&shown), last ? "\n" : "");
    }
}

static int run(struct cli_context *ctx, const void *opts _unused_, char **operands, struct err *err)
{
    _cleanup_container_view_ struct container_view v = CONTAINER_VIEW_NONE;
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    cgroup_pid_list pids = {0};
    struct view view = {0};
    int r = cbox_open_existing_store(ctx, &s, err);

    if (r == 0)
        r = cbox_view_container(s, operands[0], &v, err);
    if (r == 0)
        r = container_processes(s, &v, &pids, err);
    if (r == 0)
        r = process_table(&pids, operands + 1, add_line, &view, err);
    if (r == 0)
        print(&view);
    strv_free(view.cells);
    free(pids.v);
    return r;
}

static const struct cli_example examples[] = {
    {"All processes of a container", "cbox top web"},
    {"What ps shows of them", "cbox top web -o pid,rss,comm"},
    {NULL, NULL},
};

const struct cli_command cmd_top = {
    .summary = "Display the running processes of a container",
    .operands = "CONTAINER [PS_OPTION...]",
    .values = {CLI_VALUES_CONTAINER, CLI_VALUES_NONE},
    .stop_at_first = true,
    .examples = examples,
    .run = run,
};
