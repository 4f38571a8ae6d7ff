/* Why a step was not found: what differs from the nearest earlier one. */

#include "build/cache.h"

#include "base/time.h"
#include "build/files.h"

#include <ctype.h>

enum { FILES_SHOWN = 10, VALUE_SHOWN = 60 };

/* ---- the nearest ---- */

struct nearest {
    const struct build_key *key;
    char *step; /* as records have it */
    size_t score;
    struct store_build_record record; /* without a key: none so far */
};

static void nearest_release(struct nearest *n)
{
    free(n->step);
    store_build_record_release(&n->record);
}

static const struct store_build_input *find_input(const store_build_inputs *inputs, const char *name)
{
    VEC_FOREACH (in, inputs)
        if (str_eq(in->name, name))
            return in;
    return NULL;
}

static bool is_same(const struct store_build_input *now, const struct store_build_input *before)
{
    _cleanup_free_ char *value = store_build_fit(now->value);

    return str_eq(value, before->value);
}

/* Inputs mostly stand in the same place. */
static size_t count_equal(const store_build_inputs *now, const store_build_inputs *before)
{
    size_t n = 0;

    for (size_t i = 0; i < now->n; i++) {
        const struct store_build_input *in = &now->v[i];
        const struct store_build_input *was =
            i < before->n && str_eq(before->v[i].name, in->name) ? &before->v[i] : find_input(before, in->name);

        n += was && is_same(in, was);
    }
    return n;
}

static int compare(const struct store_build_record *r, void *data, struct err *err)
{
    struct nearest *n = data;
    size_t score;

    if (!str_eq(r->step, n->step))
        return 0;
    score = count_equal(&n->key->inputs, &r->inputs);
    if (n->record.key && (score < n->score || (score == n->score && r->created <= n->record.created)))
        return 0;
    store_build_record_release(&n->record);
    n->score = score;
    return store_build_record_copy(r, &n->record, err);
}

/* ---- in words ---- */

static void add_value(struct buf *out, const char *value)
{
    size_t n = strlen(value);

    buf_addf(out, "\"%.*s%s\"", (int)MIN_OF(n, (size_t)VALUE_SHOWN), value, n > VALUE_SHOWN ? "…" : "");
}

static bool is_layer(const char *name)
{
    return str_after(name, "layer ") != NULL;
}

/* Layers are told of together, and so are files. */
static void add_difference(struct buf *out, const char *name, const char *now, const char *before)
{
    if (is_layer(name) || str_eq(name, "files"))
        return;
    buf_addf(out, "  %s: ", name);
    if (now && *now)
        add_value(out, now);
    else
        buf_adds(out, now ? "empty" : "not there any more");
    if (before && *before) {
        buf_adds(out, ", it was ");
        add_value(out, before);
    } else {
        buf_adds(out, before ? ", it was empty" : ", which is new");
    }
    buf_addc(out, '\n');
}

static void add_layers(struct buf *out, const store_build_inputs *now, const store_build_inputs *before, size_t base)
{
    size_t n = 0, was = 0, same = 0;

    VEC_FOREACH (in, now) {
        const struct store_build_input *b = is_layer(in->name) ? find_input(before, in->name) : NULL;

        n += is_layer(in->name);
        same += b && str_eq(b->value, in->value) && same + 1 == n;
    }
    VEC_FOREACH (in, before)
        was += is_layer(in->name);
    if (same == n && same == was)
        return;
    buf_addf(out, "  what lies below: %zu layer%s, of which %zu %s as they were: ", n, n == 1 ? "" : "s", same,
             same == 1 ? "is" : "are");
    buf_adds(out,
             same == 0 || same < base ? "the base image is another\n" : "a step before this one gave another layer\n");
}

static void add_files(struct store *s, struct buf *out, const struct build_key *k, const struct store_build_record *r)
{
    const struct store_build_input *now = find_input(&k->inputs, "files"), *was = find_input(&r->inputs, "files");
    _cleanup_buf_ struct buf files = BUF_INIT;
    _cleanup_strv_ char **lines = NULL;

    if (!now || !was || is_same(now, was))
        return;
    if (!k->files || !r->files || build_files_differ(s, r->files, k->files, FILES_SHOWN, &files, NULL) < 0 ||
        !files.len) {
        buf_adds(out, "  files: others than before\n");
        return;
    }
    lines = strv_split(buf_str(&files), '\n');
    STRV_FOREACH (line, lines)
        if (**line)
            buf_addf(out, "  file %s\n", *line);
}

static void add_differences(struct store *s, struct buf *out, const struct build_key *k,
                            const struct store_build_record *r)
{
    size_t before = out->len;

    VEC_FOREACH (in, &k->inputs) {
        const struct store_build_input *was = find_input(&r->inputs, in->name);

        if (!was || !is_same(in, was))
            add_difference(out, in->name, in->value, was ? was->value : NULL);
    }
    VEC_FOREACH (in, &r->inputs)
        if (!find_input(&k->inputs, in->name))
            add_difference(out, in->name, NULL, in->value);
    add_layers(out, &k->inputs, &r->inputs, k->base_layers);
    add_files(s, out, k, r);
    if (out->len == before)
        buf_adds(out, "  nothing differs, but its layer is not there any more\n");
}

int build_cache_explain(struct store *s, const struct build_key *k, bool found, struct buf *out, struct err *err)
{
    _cleanup_(nearest_release) struct nearest n = {.key = k, .step = store_build_fit(k->step)};
    char age[TIME_TEXT_MAX];
    int r = store_build_each(s, true, compare, &n, err);

    if (r < 0)
        return r;
    if (!n.record.key) {
        buf_adds(out, "not cached: no earlier build has this step\n");
        return 0;
    }
    time_format_age(time_now() - n.record.created, age);
    *age = (char)tolower((unsigned char)*age); /* within a sentence */
    if (found) {
        buf_addf(out, "cached: made %s ago\n", age);
        return 0;
    }
    buf_addf(out, "not cached: the nearest earlier one was made %s ago, and differs in\n", age);
    add_differences(s, out, k, &n.record);
    return 0;
}
