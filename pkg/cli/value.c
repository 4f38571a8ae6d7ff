#include "cli/value.h"

#include "base/vec.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

struct cli_value cli_value_text(const char *text)
{
    return (struct cli_value){.kind = CLI_TEXT, .text = str_dup(text ? text : "")};
}

struct cli_value cli_value_number(int64_t number)
{
    return (struct cli_value){.kind = CLI_NUMBER, .number = number};
}

struct cli_value cli_value_truth(bool truth)
{
    return (struct cli_value){.kind = CLI_BOOL, .truth = truth};
}

struct cli_value cli_value_list(char *const *texts)
{
    struct cli_value list = {.kind = CLI_SEQUENCE};

    STRV_FOREACH (text, texts)
        cli_value_append(&list, cli_value_text(*text));
    return list;
}

static bool has_keys(const struct cli_value *v)
{
    return v->kind == CLI_MAP;
}

static bool has_items(const struct cli_value *v)
{
    return v->kind == CLI_SEQUENCE || has_keys(v);
}

struct cli_value cli_value_copy(const struct cli_value *v)
{
    struct cli_value copy = *v;

    if (v->kind == CLI_TEXT)
        copy.text = str_dup(v->text);
    if (!has_items(v))
        return copy;
    copy = (struct cli_value){.kind = v->kind, .hidden = v->hidden, .absent = v->absent, .fixed = v->fixed};
    for (size_t i = 0; i < v->n; i++)
        if (has_keys(v))
            cli_value_put(&copy, v->keys[i], cli_value_copy(&v->items[i]));
        else
            cli_value_append(&copy, cli_value_copy(&v->items[i]));
    return copy;
}

void cli_value_release(struct cli_value *v)
{
    if (v->kind == CLI_TEXT)
        free(v->text);
    if (has_items(v)) {
        for (size_t i = 0; i < v->n; i++) {
            cli_value_release(&v->items[i]);
            if (has_keys(v))
                free(v->keys[i]);
        }
        free(v->items);
        free(v->keys);
    }
    *v = (struct cli_value){0};
}

static struct cli_value *grow(struct cli_value *v, struct cli_value item)
{
    if (v->n == v->cap) {
        v->cap = v->cap ? v->cap * 2 : 8;
        v->items = mem_resize(v->items, v->cap, sizeof(*v->items));
        if (has_keys(v))
            v->keys = mem_resize(v->keys, v->cap, sizeof(*v->keys));
    }
    v->items[v->n] = item;
    return &v->items[v->n++];
}

struct cli_value *cli_value_append(struct cli_value *list, struct cli_value item)
{
    return grow(list, item);
}

struct cli_value *cli_value_put(struct cli_value *map, const char *key, struct cli_value item)
{
    struct cli_value *v = (struct cli_value *)cli_value_get(map, key);

    if (v) {
        cli_value_release(v);
        *v = item;
        return v;
    }
    v = grow(map, item);
    map->keys[map->n - 1] = str_dup(key);
    return v;
}

void cli_value_put_hidden(struct cli_value *map, const char *key, struct cli_value item)
{
    cli_value_put(map, key, item)->hidden = true;
}

void cli_value_put_text(struct cli_value *map, const char *key, const char *text)
{
    cli_value_put(map, key, cli_value_text(text));
}

void cli_value_put_entries(struct cli_value *map, char *const *entries)
{
    STRV_FOREACH (entry, entries) {
        size_t n = strcspn(*entry, "=");
        _cleanup_free_ char *key = str_ndup(*entry, n);

        cli_value_put_text(map, key, (*entry)[n] ? *entry + n + 1 : "");
    }
}

const struct cli_value *cli_value_get(const struct cli_value *map, const char *key)
{
    for (size_t i = 0; has_keys(map) && i < map->n; i++)
        if (str_eq(map->keys[i], key))
            return &map->items[i];
    return NULL;
}

bool cli_value_is_true(const struct cli_value *v)
{
    switch (v->kind) {
    case CLI_NULL:
        return false;
    case CLI_BOOL:
        return v->truth;
    case CLI_NUMBER:
        return v->number != 0;
    case CLI_FRACTION:
        return v->fraction != 0;
    case CLI_TEXT:
        return *v->text;
    case CLI_SEQUENCE:
    case CLI_MAP:
        return v->n > 0;
    }
    return false;
}

/* The keys that qsort(3)'s comparison looks at. */
static char *const *compared;

static int compare_keys(const void *va, const void *vb)
{
    return strcmp(compared[*(const size_t *)va], compared[*(const size_t *)vb]);
}

size_t *cli_value_order(const struct cli_value *map)
{
    size_t *order = mem_alloc(map->n * sizeof(*order));

    for (size_t i = 0; i < map->n; i++)
        order[i] = i;
    compared = map->keys;
    if (map->n)
        qsort(order, map->n, sizeof(*order), compare_keys);
    return order;
}

/* As Go's %v: the shortest text that reads back as the same number, with an exponent where that is far from 0. */
static void add_fraction(double d, struct buf *out)
{
    char text[48];
    int digits = 1, exponent;

    do
        snprintf(text, sizeof(text), "%.*e", digits - 1, d);
    while (strtod(text, NULL) != d && ++digits <= 17);
    exponent = atoi(strchr(text, 'e') ? strchr(text, 'e') + 1 : "0");
    if (d == 0 || (exponent >= -4 && exponent < 21))
        snprintf(text, sizeof(text), "%.*f", MAX_OF(digits - 1 - exponent, 0), d);
    buf_adds(out, text);
}

static void print_items(const struct cli_value *v, struct buf *out)
{
    _cleanup_free_ size_t *order = has_keys(v) ? cli_value_order(v) : NULL;

    buf_adds(out, order ? "map[" : "[");
    for (size_t i = 0; i < v->n; i++) {
        size_t at = order ? order[i] : i;

        if (i)
            buf_addc(out, ' ');
        if (order)
            buf_addf(out, "%s:", v->keys[at]);
        cli_value_print(&v->items[at], out);
    }
    buf_addc(out, ']');
}

void cli_value_print(const struct cli_value *v, struct buf *out)
{
    switch (v->kind) {
    case CLI_NULL:
        buf_adds(out, v->hidden ? "<nil>" : "<no value>");
        break;
    case CLI_BOOL:
        buf_adds(out, v->truth ? "true" : "false");
        break;
    case CLI_NUMBER:
        buf_addf(out, "%" PRId64, v->number);
        break;
    case CLI_FRACTION:
        add_fraction(v->fraction, out);
        break;
    case CLI_TEXT:
        buf_adds(out, v->text);
        break;
    case CLI_SEQUENCE:
    case CLI_MAP:
        print_items(v, out);
        break;
    }
}

/* ---- JSON ---- */

struct json_style {
    int indent;
    bool sorted;
};

static void json_break(const struct json_style *style, int depth, struct buf *out)
{
    if (style->indent)
        buf_addf(out, "\n%*s", style->indent * depth, "");
}

static void json_value(const struct cli_value *v, const struct json_style *style, int depth, struct buf *out);

static void json_items(const struct cli_value *v, const struct json_style *style, int depth, struct buf *out)
{
    bool map = has_keys(v), any = false;
    _cleanup_free_ size_t *order = map && style->sorted ? cli_value_order(v) : NULL;

    buf_addc(out, map ? '{' : '[');
    for (size_t i = 0; i < v->n; i++) {
        size_t at = order ? order[i] : i;

        if (v->items[at].hidden)
            continue;
        if (any)
            buf_addc(out, ',');
        any = true;
        json_break(style, depth + 1, out);
        if (map) {
            buf_add_json(out, v->keys[at]);
            buf_adds(out, style->indent ? ": " : ":");
        }
        json_value(&v->items[at], style, depth + 1, out);
    }
    if (any)
        json_break(style, depth, out);
    buf_addc(out, map ? '}' : ']');
}

static void json_value(const struct cli_value *v, const struct json_style *style, int depth, struct buf *out)
{
    if (v->kind == CLI_NULL || (v->kind == CLI_FRACTION && !isfinite(v->fraction)) ||
        (has_items(v) && v->absent && !v->n))
        buf_adds(out, "null");
    else if (v->kind == CLI_TEXT)
        buf_add_json(out, v->text);
    else if (has_items(v))
        json_items(v, style, depth, out);
    else
        cli_value_print(v, out);
}

void cli_value_json(const struct cli_value *v, int indent, bool sorted, struct buf *out)
{
    struct json_style style = {indent, sorted};

    json_value(v, &style, 0, out);
}
