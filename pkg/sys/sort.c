#include "sys/sort.h"

#include "base/vec.h"
#include "sys/spill.h"

#include <errno.h>

enum { WINDOW = 32 << 10 };

/* A text in memory. */
struct text {
    uint32_t at;
    uint32_t len;
};

/* Sorted texts in the file, each behind its length. */
struct run {
    struct spill_reader reader;
    int64_t at, end;
    const char *text; /* the first that was not given yet; NULL: none is left */
    uint16_t len;
};

struct sorter {
    size_t most;
    struct buf bytes;
    VEC(struct text) texts;
    size_t next; /* of the texts, where there are no runs */
    struct spill file;
    VEC(struct run) runs; /* while they are read: a heap, the smallest text first */
    bool reading;
};

struct sorter *sorter_new(size_t most)
{
    struct sorter *s = mem_zalloc(1, sizeof(*s));

    s->most = MIN_OF(most, (size_t)UINT32_MAX / 2);
    s->file = SPILL_INIT(0);
    return s;
}

void sorter_free(struct sorter *s)
{
    if (!s)
        return;
    VEC_FOREACH (run, &s->runs)
        spill_reader_release(&run->reader);
    free(s->runs.v);
    free(s->texts.v);
    buf_free(&s->bytes);
    spill_release(&s->file);
    free(s);
}

size_t sorter_memory(const struct sorter *s)
{
    return sizeof(*s) + s->bytes.cap + s->texts.cap * sizeof(struct text) + s->file.waiting.cap +
           s->runs.n * (sizeof(struct run) + (s->reading ? WINDOW : 0));
}

static int compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
    int order = memcmp(a, b, MIN_OF(a_len, b_len));

    return order ? order : (a_len > b_len) - (a_len < b_len);
}

static int by_text(const void *a, const void *b, void *bytes)
{
    const struct text *x = a, *y = b;

    return compare((const char *)bytes + x->at, x->len, (const char *)bytes + y->at, y->len);
}

static void sort_memory(struct sorter *s)
{
    if (s->texts.n)
        qsort_r(s->texts.v, s->texts.n, sizeof(*s->texts.v), by_text, s->bytes.p);
}

/* What is in memory becomes a run. */
static int write_run(struct sorter *s)
{
    struct run *run = VEC_PUSH(&s->runs);
    int r = 0;

    *run = (struct run){.at = spill_size(&s->file)};
    sort_memory(s);
    for (size_t i = 0; r == 0 && i < s->texts.n; i++) {
        const struct text *t = &s->texts.v[i];
        uint16_t len = (uint16_t)t->len;

        r = spill_add(&s->file, &len, sizeof(len));
        if (r == 0)
            r = spill_add(&s->file, s->bytes.p + t->at, len);
    }
    run->end = spill_size(&s->file);
    buf_clear(&s->bytes);
    s->texts.n = 0;
    return r;
}

int sorter_add(struct sorter *s, const void *text, size_t len)
{
    int r = 0;

    if (len > UINT16_MAX)
        return -EINVAL;
    /* Memory grows by doubling, and sorting takes some of its own. */
    if (s->texts.n && s->bytes.len + len + (s->texts.n + 1) * 2 * sizeof(struct text) > s->most / 2)
        r = write_run(s);
    if (r < 0)
        return r;
    *VEC_PUSH(&s->texts) = (struct text){(uint32_t)s->bytes.len, (uint32_t)len};
    buf_add(&s->bytes, text, len);
    return 0;
}

/* ---- reading ---- */

/* Takes the next text of a run. */
static int advance(struct run *run)
{
    const char *p;
    int r;

    run->text = NULL;
    if (run->at == run->end)
        return 0;
    r = spill_read(&run->reader, run->at, sizeof(run->len), &p);
    if (r < 0)
        return r;
    memcpy(&run->len, p, sizeof(run->len));
    r = spill_read(&run->reader, run->at + (int64_t)sizeof(run->len), run->len, &run->text);
    run->at += (int64_t)sizeof(run->len) + run->len;
    return r;
}

/* A run that has ended comes last. */
static bool is_before(const struct run *a, const struct run *b)
{
    return a->text && (!b->text || compare(a->text, a->len, b->text, b->len) < 0);
}

static void sift_down(struct sorter *s, size_t i)
{
    struct run *v = s->runs.v, moved = v[i];

    for (size_t child; (child = 2 * i + 1) < s->runs.n; i = child) {
        if (child + 1 < s->runs.n && is_before(&v[child + 1], &v[child]))
            child++;
        if (!is_before(&v[child], &moved))
            break;
        v[i] = v[child];
    }
    v[i] = moved;
}

static int begin_reading(struct sorter *s)
{
    int r = 0;

    s->reading = true;
    if (!s->runs.n) {
        sort_memory(s);
        return 0;
    }
    r = write_run(s);
    buf_free(&s->bytes);
    free(s->texts.v);
    memset(&s->texts, 0, sizeof(s->texts));
    VEC_FOREACH (run, &s->runs) {
        run->reader = SPILL_READER_INIT(&s->file, WINDOW);
        r = r < 0 ? r : advance(run);
    }
    for (size_t i = s->runs.n; r == 0 && i-- > 0;)
        sift_down(s, i);
    return r;
}

static int next_of_runs(struct sorter *s, const char **ret, size_t *ret_len)
{
    /* The text that was given last is good until now. */
    int r = s->next++ ? advance(&s->runs.v[0]) : 0;

    if (r < 0)
        return r;
    sift_down(s, 0);
    *ret = s->runs.v[0].text;
    *ret_len = s->runs.v[0].len;
    return *ret != NULL;
}

int sorter_next(struct sorter *s, const char **ret, size_t *ret_len)
{
    int r = s->reading ? 0 : begin_reading(s);

    if (r < 0)
        return r;
    if (s->runs.n)
        return next_of_runs(s, ret, ret_len);
    if (s->next == s->texts.n)
        return 0;
    *ret = s->bytes.p + s->texts.v[s->next].at;
    *ret_len = s->texts.v[s->next++].len;
    return 1;
}
