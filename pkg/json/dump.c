/* Straight to text, in the table's order; and the release of what a document owns. */
#include "json/table.h"

struct writer {
    struct buf *out;
    bool indent;
    int depth;
};

static void write_object(struct writer *w, const struct json_type *type, const void *in);

static void write_break(struct writer *w)
{
    if (!w->indent)
        return;
    buf_addc(w->out, '\n');
    for (int i = 0; i < w->depth; i++)
        buf_adds(w->out, "  ");
}

static void write_open(struct writer *w, char bracket)
{
    buf_addc(w->out, bracket);
    w->depth++;
}

static void write_close(struct writer *w, char bracket, bool empty)
{
    w->depth--;
    if (!empty)
        write_break(w);
    buf_addc(w->out, bracket);
}

static void write_item(struct writer *w, bool *first)
{
    if (!*first)
        buf_addc(w->out, ',');
    *first = false;
    write_break(w);
}

static void write_name(struct writer *w, const char *name, bool *first)
{
    write_item(w, first);
    buf_add_json(w->out, name);
    buf_adds(w->out, w->indent ? ": " : ":");
}

static void write_strings(struct writer *w, char *const *v)
{
    bool first = true;

    write_open(w, '[');
    STRV_FOREACH (s, v) {
        write_item(w, &first);
        buf_add_json(w->out, *s);
    }
    write_close(w, ']', first);
}

static void write_ints(struct writer *w, const json_int_vec *v)
{
    bool first = true;

    write_open(w, '[');
    VEC_FOREACH (n, v) {
        write_item(w, &first);
        buf_addf(w->out, "%lld", (long long)*n);
    }
    write_close(w, ']', first);
}

static void write_map(struct writer *w, char *const *v, bool set)
{
    bool first = true;

    write_open(w, '{');
    STRV_FOREACH (s, v) {
        size_t n = set ? strlen(*s) : strcspn(*s, "=");
        _cleanup_free_ char *key = str_ndup(*s, n);

        write_name(w, key, &first);
        if (set)
            buf_adds(w->out, "{}");
        else
            buf_add_json(w->out, (*s)[n] ? *s + n + 1 : "");
    }
    write_close(w, '}', first);
}

static void write_vec(struct writer *w, const struct json_type *type, const json_any_vec *v, bool dict)
{
    bool first = true;

    write_open(w, dict ? '{' : '[');
    for (size_t i = 0; i < v->n; i++) {
        const void *entry = json_element(v, type, i);

        if (dict)
            write_name(w, *(char *const *)json_const_member(&type->fields[0], entry), &first);
        else
            write_item(w, &first);
        write_object(w, type, entry);
    }
    write_close(w, dict ? '}' : ']', first);
}

static bool all_empty(const struct json_type *type, const void *in);

static bool is_empty(const struct json_field *f, const void *in)
{
    switch (f->kind) {
    case JSON_K_STRING:
    case JSON_K_RAW:
    case JSON_K_BOOL_PTR:
    case JSON_K_INT64_PTR:
    case JSON_K_OBJECT_PTR:
        return !*(void *const *)in;
    case JSON_K_BOOL:
        return !*(const bool *)in;
    case JSON_K_INT64:
    case JSON_K_UINT64:
        return !*(const int64_t *)in;
    case JSON_K_STRV:
    case JSON_K_MAP:
    case JSON_K_SET:
        return !strv_len(*(char *const *const *)in);
    case JSON_K_OBJECT:
        return all_empty(f->type, in);
    case JSON_K_INTS:
    case JSON_K_ARRAY:
    case JSON_K_DICT:
        return !((const json_any_vec *)in)->n;
    case JSON_K_CUSTOM: {
        _cleanup_free_ char *text = f->conversion->format(in);

        return !text;
    }
    }
    return true;
}

static bool all_empty(const struct json_type *type, const void *in)
{
    for (size_t i = 0; i < type->n_fields; i++)
        if (!is_empty(&type->fields[i], json_const_member(&type->fields[i], in)))
            return false;
    return true;
}

static void write_value(struct writer *w, const struct json_field *f, const void *in)
{
    switch (f->kind) {
    case JSON_K_STRING:
        buf_add_json(w->out, *(char *const *)in ? *(char *const *)in : "");
        return;
    case JSON_K_BOOL:
        buf_adds(w->out, *(const bool *)in ? "true" : "false");
        return;
    case JSON_K_BOOL_PTR:
        buf_adds(w->out, !*(bool *const *)in ? "null" : **(bool *const *)in ? "true" : "false");
        return;
    case JSON_K_INT64:
        buf_addf(w->out, "%lld", (long long)*(const int64_t *)in);
        return;
    case JSON_K_INT64_PTR:
        if (*(int64_t *const *)in)
            buf_addf(w->out, "%lld", (long long)**(int64_t *const *)in);
        else
            buf_adds(w->out, "null");
        return;
    case JSON_K_UINT64:
        buf_addf(w->out, "%llu", (unsigned long long)*(const uint64_t *)in);
        return;
    case JSON_K_STRV:
        write_strings(w, *(char *const *const *)in);
        return;
    case JSON_K_INTS:
        write_ints(w, in);
        return;
    case JSON_K_MAP:
    case JSON_K_SET:
        write_map(w, *(char *const *const *)in, f->kind == JSON_K_SET);
        return;
    case JSON_K_OBJECT:
        write_object(w, f->type, in);
        return;
    case JSON_K_OBJECT_PTR:
        if (*(void *const *)in)
            write_object(w, f->type, *(void *const *)in);
        else
            buf_adds(w->out, "null");
        return;
    case JSON_K_ARRAY:
    case JSON_K_DICT:
        write_vec(w, f->type, in, f->kind == JSON_K_DICT);
        return;
    case JSON_K_RAW:
        buf_adds(w->out, *(char *const *)in ? *(char *const *)in : "null");
        return;
    case JSON_K_CUSTOM: {
        _cleanup_free_ char *text = f->conversion->format(in);

        buf_add_json(w->out, text ? text : "");
        return;
    }
    }
}

static void write_object(struct writer *w, const struct json_type *type, const void *in)
{
    bool first = true;

    write_open(w, '{');
    for (size_t i = 0; i < type->n_fields; i++) {
        const struct json_field *f = &type->fields[i];

        if (!f->name || (is_empty(f, json_const_member(f, in)) && !(f->flags & JSON_KEEP_EMPTY)))
            continue;
        write_name(w, f->name, &first);
        write_value(w, f, json_const_member(f, in));
    }
    write_close(w, '}', first);
}

void json_dump(const struct json_type *type, const void *in, bool indent, struct buf *out)
{
    struct writer w = {.out = out, .indent = indent};

    write_object(&w, type, in);
}

static void free_vec(const struct json_type *type, json_any_vec *v)
{
    for (size_t i = 0; i < v->n; i++)
        json_free(type, json_element(v, type, i));
    free(v->v);
}

void json_free(const struct json_type *type, void *object)
{
    for (size_t i = 0; i < type->n_fields; i++) {
        const struct json_field *f = &type->fields[i];
        void *p = json_member(f, object);

        switch (f->kind) {
        case JSON_K_STRING:
        case JSON_K_RAW:
        case JSON_K_BOOL_PTR:
        case JSON_K_INT64_PTR:
            free(*(void **)p);
            break;
        case JSON_K_STRV:
        case JSON_K_MAP:
        case JSON_K_SET:
            strv_free(*(char ***)p);
            break;
        case JSON_K_INTS:
            free(((json_int_vec *)p)->v);
            break;
        case JSON_K_OBJECT:
            json_free(f->type, p);
            break;
        case JSON_K_OBJECT_PTR:
            if (*(void **)p)
                json_free(f->type, *(void **)p);
            free(*(void **)p);
            break;
        case JSON_K_ARRAY:
        case JSON_K_DICT:
            free_vec(f->type, p);
            break;
        case JSON_K_BOOL:
        case JSON_K_INT64:
        case JSON_K_UINT64:
        case JSON_K_CUSTOM:
            break;
        }
    }
    memset(object, 0, type->size);
}
