/* The model of the dashboard: containers with the last samples of what they use, in an order, some of them chosen; and
 * as lines of text. Nothing here reads or draws: records and readings are brought, lines are taken away.
 */
#pragma once

#include "base/buf.h"
#include "container/list.h"
#include "container/processes.h"

#include <stdbool.h>

enum { DASH_HISTORY = 64 }; /* samples that are kept of each */

enum dash_measure {
    DASH_CPU,     /* hundredths of a CPU */
    DASH_MEMORY,  /* bytes */
    DASH_IO,      /* bytes a second, to and from disks */
    DASH_NETWORK, /* bytes a second, both ways */
    DASH_MEASURES,
};

struct dash_row {
    struct store_container_record record;
    struct container_usage usage;                /* the last reading, */
    int64_t read;                                /* when that was, time_monotonic(); 0: never */
    double history[DASH_MEASURES][DASH_HISTORY]; /* the newest first */
    size_t samples;                              /* in it */
};

enum dash_sort { DASH_BY_NAME, DASH_BY_CPU, DASH_BY_MEMORY, DASH_BY_IO, DASH_BY_NETWORK, DASH_BY_STATE, DASH_SORTS };

struct dash {
    VEC(struct dash_row) rows; /* sorted by id */
    VEC(size_t) shown;         /* of `rows`, filtered and in order */
    char *chosen;              /* the id of the one that keys are for; NULL: there is none */
    size_t top;                /* of `shown`: the first on the screen */
    size_t turn;               /* whose reading is due for sorting's sake */
    enum dash_sort sort;
    bool backwards;
    struct buf filter; /* shown are those with this in name, image or state */
};

void dash_release(struct dash *d);
#define _cleanup_dash_ _cleanup_(dash_release)

const char *dash_sort_name(enum dash_sort sort);

/* The containers that there are now: takes their records over, and what was known of each stays. */
void dash_take_list(struct dash *d, struct container_list *list);

/* A reading of one of `rows`. */
void dash_take_usage(struct dash *d, size_t row, const struct container_usage *usage, int64_t when);

/* Filters and sorts anew; who was chosen stays so as long as it is there, else who is in its place. */
void dash_arrange(struct dash *d);

/* Of which rows readings are due: those on a screen of `height` rows that run, and where readings are what is sorted
 * by, DASH_MORE others by turns, so that the cost does not grow with their number. Fills `ret` (of height + DASH_MORE).
 */
enum { DASH_MORE = 32 };
size_t dash_due(struct dash *d, size_t height, size_t *ret);

/* The place of the chosen one in `shown`; moving from it by so many; keeping it on a screen of `height` rows. */
size_t dash_place(const struct dash *d);
void dash_move(struct dash *d, long by);
void dash_scroll(struct dash *d, size_t height);
struct dash_row *dash_chosen(struct dash *d); /* or NULL */

/* ---- lines ---- */

/* What the terminal can show. LC_CTYPE has to be set. */
struct dash_paper {
    size_t width;
    bool utf8;
};

/* The heading of the columns and a row, exactly as wide as the paper. Narrow paper has fewer columns. The caller frees
 * them. */
char *dash_heading(const struct dash *d, const struct dash_paper *paper);
char *dash_line(const struct dash_row *row, const struct dash_paper *paper);

/* How many there are, and how they are. */
char *dash_summary(const struct dash *d, const struct dash_paper *paper);

/* `text` as one line of this width, cut or filled with blanks; what could command a terminal becomes '?', tabs blanks.
 * All foreign text goes through it. */
char *dash_fit(const char *text, const struct dash_paper *paper);

/* The last samples as a graph of `width` columns, the newest at the right. `most`: what fills its height, where none of
 * them is more. */
void dash_graph(const double *newest_first, size_t n, double most, size_t width, bool utf8, struct buf *out);
