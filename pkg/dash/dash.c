#include "dash/dash.h"

#include <stdlib.h>
#include <string.h>

static void row_release(struct dash_row *row)
{
    store_container_record_release(&row->record);
}

void dash_release(struct dash *d)
{
    VEC_FOREACH (row, &d->rows)
        row_release(row);
    free(d->rows.v);
    free(d->shown.v);
    free(d->chosen);
    buf_free(&d->filter);
    *d = (struct dash){0};
}

const char *dash_sort_name(enum dash_sort sort)
{
    static const char *const names[] = {"name", "CPU", "memory", "I/O", "network", "state"};

    return names[sort];
}

/* ---- what comes in ---- */

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct dash_row *)a)->record.id, ((const struct dash_row *)b)->record.id);
}

static double rate(uint64_t before, uint64_t now, int64_t nanoseconds)
{
    return now > before && nanoseconds > 0 ? (double)(now - before) * 1e9 / (double)nanoseconds : 0;
}

void dash_take_usage(struct dash *d, size_t i, const struct container_usage *u, int64_t when)
{
    struct dash_row *row = &d->rows.v[i];
    const struct container_usage *last = &row->usage;
    int64_t passed = when - row->read;

    if (row->read && passed > 0) {
        const double sample[DASH_MEASURES] = {
            [DASH_CPU] = container_usage_cpu(last, u),
            [DASH_MEMORY] = (double)u->memory,
            [DASH_IO] = rate(last->read + last->written, u->read + u->written, passed),
            [DASH_NETWORK] = rate(last->received + last->sent, u->received + u->sent, passed),
        };

        for (int m = 0; m < DASH_MEASURES; m++) {
            memmove(row->history[m] + 1, row->history[m], sizeof(row->history[m]) - sizeof(row->history[m][0]));
            row->history[m][0] = sample[m];
        }
        row->samples += row->samples < DASH_HISTORY;
    }
    row->usage = *u;
    row->read = when;
}

/* ---- order ---- */

static int compare_measure(const struct dash_row *a, const struct dash_row *b, enum dash_measure m)
{
    return (a->history[m][0] < b->history[m][0]) - (a->history[m][0] > b->history[m][0]); /* the most first */
}

static const char *name_of(const struct dash_row *row)
{
    return row->record.name ? row->record.name : row->record.id;
}

static int compare(const void *va, const void *vb, void *data)
{
    static const enum dash_measure measures[DASH_SORTS] = {[DASH_BY_CPU] = DASH_CPU,
                                                           [DASH_BY_MEMORY] = DASH_MEMORY,
                                                           [DASH_BY_IO] = DASH_IO,
                                                           [DASH_BY_NETWORK] = DASH_NETWORK};
    const struct dash *d = data;
    const struct dash_row *a = &d->rows.v[*(const size_t *)va], *b = &d->rows.v[*(const size_t *)vb];
    int order = 0;

    if (d->sort == DASH_BY_STATE)
        order = store_container_is_alive(b->record.status) - store_container_is_alive(a->record.status);
    else if (d->sort != DASH_BY_NAME)
        order = compare_measure(a, b, measures[d->sort]);
    if (order == 0)
        order = strcmp(name_of(a), name_of(b));
    if (order == 0)
        order = strcmp(a->record.id, b->record.id);
    return d->backwards ? -order : order;
}

static bool has(const char *text, const char *part)
{
    return text && strcasestr(text, part);
}

static bool is_meant(const struct dash *d, const struct dash_row *row)
{
    const char *part = buf_str(&d->filter);

    return !*part || has(name_of(row), part) || has(row->record.image, part) || has(row->record.health, part) ||
           has(store_container_status_name(row->record.status), part);
}

static void choose(struct dash *d, size_t place)
{
    str_replace(&d->chosen,
                d->shown.n ? str_dup(d->rows.v[d->shown.v[MIN_OF(place, d->shown.n - 1)]].record.id) : NULL);
}

static bool find_chosen(const struct dash *d, size_t *ret)
{
    for (size_t i = 0; i < d->shown.n; i++)
        if (str_eq(d->rows.v[d->shown.v[i]].record.id, d->chosen)) {
            *ret = i;
            return true;
        }
    return false;
}

size_t dash_place(const struct dash *d)
{
    size_t place = 0;

    return find_chosen(d, &place) ? place : 0;
}

/* `place`: where the chosen one was when it was last seen. */
static void arrange(struct dash *d, size_t place)
{
    d->shown.n = 0;
    for (size_t i = 0; i < d->rows.n; i++)
        if (is_meant(d, &d->rows.v[i]))
            *VEC_PUSH(&d->shown) = i;
    if (d->shown.n)
        qsort_r(d->shown.v, d->shown.n, sizeof(*d->shown.v), compare, d);
    if (!find_chosen(d, &(size_t){0}))
        choose(d, place);
}

void dash_arrange(struct dash *d)
{
    arrange(d, dash_place(d));
}

void dash_take_list(struct dash *d, struct container_list *list)
{
    struct dash before = *d;
    size_t place = dash_place(d);

    d->rows.v = NULL;
    d->rows.n = d->rows.cap = 0;
    for (size_t i = 0; i < list->n; i++) {
        struct dash_row *row = VEC_PUSH(&d->rows), *old = NULL;
        struct dash_row key = {.record = list->v[i]};

        if (before.rows.n)
            old = bsearch(&key, before.rows.v, before.rows.n, sizeof(*old), by_id);
        if (old)
            *row = *old;
        if (old && (old->record.pid != list->v[i].pid || !store_container_is_alive(list->v[i].status)))
            *row = (struct dash_row){0}; /* another life, of which nothing is known */
        row->record = list->v[i];
    }
    free(list->v);
    *list = (struct container_list){0};
    if (d->rows.n)
        qsort(d->rows.v, d->rows.n, sizeof(*d->rows.v), by_id);
    VEC_FOREACH (row, &before.rows)
        row_release(row);
    free(before.rows.v);
    arrange(d, place);
}

void dash_move(struct dash *d, long by)
{
    long place = (long)dash_place(d) + by;

    choose(d, place < 0 ? 0 : (size_t)place);
}

void dash_scroll(struct dash *d, size_t height)
{
    size_t place = dash_place(d), last = d->shown.n > height ? d->shown.n - height : 0;

    if (place < d->top)
        d->top = place;
    if (height && place >= d->top + height)
        d->top = place - height + 1;
    d->top = MIN_OF(d->top, last);
}

struct dash_row *dash_chosen(struct dash *d)
{
    size_t place;

    return find_chosen(d, &place) ? &d->rows.v[d->shown.v[place]] : NULL;
}

/* ---- whose reading is due ---- */

static bool is_read(const struct dash_row *row)
{
    return row->record.status == STORE_CONTAINER_RUNNING || row->record.status == STORE_CONTAINER_PAUSED;
}

size_t dash_due(struct dash *d, size_t height, size_t *ret)
{
    size_t n = 0, seen = d->shown.n > d->top ? MIN_OF(height, d->shown.n - d->top) : 0, more = 0;
    bool sorted = d->sort != DASH_BY_NAME && d->sort != DASH_BY_STATE;

    for (size_t i = 0; i < seen; i++)
        if (is_read(&d->rows.v[d->shown.v[d->top + i]]))
            ret[n++] = d->shown.v[d->top + i];
    for (size_t i = 0; sorted && i < d->rows.n && more < DASH_MORE; i++) {
        size_t row = d->turn++ % d->rows.n;
        bool there = !is_read(&d->rows.v[row]);

        for (size_t k = 0; k < n && !there; k++)
            there = ret[k] == row;
        if (!there) {
            ret[n++] = row;
            more++;
        }
    }
    return n;
}
