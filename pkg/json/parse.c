#include "json/table.h"

#include "base/near.h"
#include "json/wide.h"

#include <jansson.h>

enum { MAX_DEPTH = 64 };

/* Where a value stands in the document: a list on the stack from the innermost name outwards, turned into
 * "config.Env[2]" only when an error needs it. */
struct place {
    const struct place *parent;
    const char *name; /* NULL: an index */
    size_t index;
};

/* The numbers of the document that is being read which are too large for jansson. */
static _Thread_local const struct json_wide *wide;

static void place_format(const struct place *p, struct buf *out)
{
    if (!p)
        return;
    place_format(p->parent, out);
    if (p->name)
        buf_addf(out, "%s%s", out->len ? "." : "", p->name);
    else
        buf_addf(out, "[%zu]", p->index);
}

static int fail(const struct place *p, struct err *err, const char *what)
{
    _cleanup_buf_ struct buf path = BUF_INIT;

    place_format(p, &path);
    return err_set(err, ERR_INVALID, "%s: %s", path.len ? buf_str(&path) : "document", what);
}

static int read_object(const struct json_type *type, json_t *json, void *out, const struct place *at, int depth,
                       struct err *err);

static int read_strings(json_t *json, char ***out, const struct place *at, struct err *err)
{
    size_t i;
    json_t *item;

    if (!json_is_array(json))
        return fail(at, err, "array of strings expected");
    json_array_foreach(json, i, item)
    {
        struct place here = {at, NULL, i};

        if (!json_is_string(item))
            return fail(&here, err, "string expected");
        strv_take_at(out, i, str_dup(json_string_value(item)));
    }
    return 0;
}

static int read_ints(json_t *json, json_int_vec *out, const struct place *at, struct err *err)
{
    size_t i;
    json_t *item;

    if (!json_is_array(json))
        return fail(at, err, "array of whole numbers expected");
    json_array_foreach(json, i, item)
    {
        struct place here = {at, NULL, i};

        if (!json_is_integer(item))
            return fail(&here, err, "whole number expected");
        *VEC_PUSH(out) = json_integer_value(item);
    }
    return 0;
}

static int read_map(json_t *json, char ***out, const struct place *at, struct err *err)
{
    const char *key;
    json_t *value;
    size_t n = 0;

    if (!json_is_object(json))
        return fail(at, err, "object of strings expected");
    json_object_foreach(json, key, value)
    {
        struct place here = {at, key, 0};

        if (!json_is_string(value))
            return fail(&here, err, "string expected");
        if (strchr(key, '='))
            return fail(&here, err, "name holds \"=\"");
        strv_take_at(out, n++, str_printf("%s=%s", key, json_string_value(value)));
    }
    strv_sort(*out);
    return 0;
}

static int read_set(json_t *json, char ***out, const struct place *at, struct err *err)
{
    const char *key;
    json_t *value;
    size_t n = 0;

    if (!json_is_object(json))
        return fail(at, err, "object expected");
    json_object_foreach(json, key, value) strv_take_at(out, n++, str_dup(key));
    strv_sort(*out);
    return 0;
}

static int read_array(const struct json_type *type, json_t *json, json_any_vec *out, const struct place *at, int depth,
                      struct err *err)
{
    size_t i;
    json_t *item;

    if (!json_is_array(json))
        return fail(at, err, "array expected");
    json_array_foreach(json, i, item)
    {
        struct place here = {at, NULL, i};
        int r = read_object(type, item, json_push(out, type), &here, depth + 1, err);

        if (r < 0)
            return r;
    }
    return 0;
}

static int read_dict(const struct json_type *type, json_t *json, json_any_vec *out, const struct place *at, int depth,
                     struct err *err)
{
    const char *key;
    json_t *value;

    if (!json_is_object(json))
        return fail(at, err, "object expected");
    json_object_foreach(json, key, value)
    {
        struct place here = {at, key, 0};
        void *entry = json_push(out, type);
        int r;

        *(char **)json_member(&type->fields[0], entry) = str_dup(key);
        r = read_object(type, value, entry, &here, depth + 1, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int read_integer(const struct json_field *f, json_t *json, void *out, const struct place *at, struct err *err)
{
    if ((f->kind == JSON_K_UINT64 || f->flags & JSON_WRAPS) && json_is_real(json) &&
        json_wide_find(wide, json_real_value(json), out))
        return 0;
    if (!json_is_integer(json))
        return fail(at, err, "whole number expected");
    if (f->kind == JSON_K_UINT64) {
        if (json_integer_value(json) < 0)
            return fail(at, err, "number of at least 0 expected");
        *(uint64_t *)out = (uint64_t)json_integer_value(json);
    } else
        *(int64_t *)out = json_integer_value(json);
    return 0;
}

static int read_bool(json_t *json, bool *out, const struct place *at, struct err *err)
{
    if (!json_is_boolean(json))
        return fail(at, err, "true or false expected");
    *out = json_is_true(json);
    return 0;
}

static int read_raw(json_t *json, char **out, const struct place *at, struct err *err)
{
    char *text = wide->numbers.n == 0 ? json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

    if (!text)
        return fail(at, err, "value cannot be kept");
    str_replace(out, text);
    return 0;
}

static int read_custom(const struct json_field *f, json_t *json, void *out, const struct place *at, struct err *err)
{
    struct err inner = ERR_INIT;
    int r;

    if (!json_is_string(json))
        return fail(at, err, "string expected");
    r = f->conversion->parse(json_string_value(json), out, &inner);
    if (r < 0) {
        fail(at, err, inner.text);
        if (err)
            err->kind = r;
    }
    return r;
}

static int read_field(const struct json_field *f, json_t *json, void *object, const struct place *at, int depth,
                      struct err *err)
{
    void *out = json_member(f, object);

    switch (f->kind) {
    case JSON_K_STRING:
        if (!json_is_string(json))
            return fail(at, err, "string expected");
        str_replace(out, str_dup(json_string_value(json)));
        return 0;
    case JSON_K_BOOL:
        return read_bool(json, out, at, err);
    case JSON_K_BOOL_PTR:
        *(bool **)out = mem_zalloc(1, sizeof(bool));
        return read_bool(json, *(bool **)out, at, err);
    case JSON_K_INT64:
    case JSON_K_UINT64:
        return read_integer(f, json, out, at, err);
    case JSON_K_INT64_PTR:
        *(int64_t **)out = mem_zalloc(1, sizeof(int64_t));
        return read_integer(f, json, *(int64_t **)out, at, err);
    case JSON_K_STRV:
        return read_strings(json, out, at, err);
    case JSON_K_INTS:
        return read_ints(json, out, at, err);
    case JSON_K_MAP:
        return read_map(json, out, at, err);
    case JSON_K_SET:
        return read_set(json, out, at, err);
    case JSON_K_OBJECT:
        return read_object(f->type, json, out, at, depth + 1, err);
    case JSON_K_OBJECT_PTR:
        *(void **)out = mem_zalloc(1, f->type->size);
        return read_object(f->type, json, *(void **)out, at, depth + 1, err);
    case JSON_K_ARRAY:
        return read_array(f->type, json, out, at, depth, err);
    case JSON_K_DICT:
        return read_dict(f->type, json, out, at, depth, err);
    case JSON_K_RAW:
        return read_raw(json, out, at, err);
    case JSON_K_CUSTOM:
        return read_custom(f, json, out, at, err);
    }
    return fail(at, err, "field of no kind");
}

static int check_names(const struct json_type *type, json_t *json, const struct place *at, struct err *err)
{
    const char *key;
    json_t *value;

    json_object_foreach(json, key, value)
    {
        struct near near = near_to(key);
        bool known = false;

        for (size_t i = 0; i < type->n_fields && !known; i++) {
            const char *name = type->fields[i].name;

            if (!name)
                continue;
            known = strcmp(name, key) == 0;
            near_offer(&near, name);
        }
        if (!known) {
            struct place here = {at, key, 0};

            fail(&here, err, "unknown name");
            return near.best ? err_hint(err, "did you mean \"%s\"?", near.best) : ERR_INVALID;
        }
    }
    return 0;
}

static int read_object(const struct json_type *type, json_t *json, void *out, const struct place *at, int depth,
                       struct err *err)
{
    if (!json_is_object(json))
        return fail(at, err, "object expected");
    if (depth > MAX_DEPTH)
        return fail(at, err, "nested too deeply");
    if (type->strict) {
        int r = check_names(type, json, at, err);

        if (r < 0)
            return r;
    }
    for (size_t i = 0; i < type->n_fields; i++) {
        const struct json_field *f = &type->fields[i];
        struct place here = {at, f->name, 0};
        json_t *value = f->name ? json_object_get(json, f->name) : NULL;
        int r;

        if (!value || json_is_null(value)) {
            if (f->flags & JSON_REQUIRED)
                return fail(&here, err, "missing");
            continue;
        }
        r = read_field(f, value, out, &here, depth, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Counts brackets outside strings: cheaper than a tree walk, and done before the parser recurses. */
static bool too_deep(const char *text, size_t len)
{
    int depth = 0;
    bool in_string = false;

    for (size_t i = 0; i < len; i++) {
        char c = text[i];

        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"')
            in_string = true;
        else if (c == '{' || c == '[') {
            if (++depth > MAX_DEPTH)
                return true;
        } else if (c == '}' || c == ']')
            depth--;
    }
    return false;
}

int json_parse(const char *text, size_t len, const struct json_type *type, void *out, struct err *err)
{
    json_error_t problem;
    const struct json_wide *outer = wide;
    struct json_wide large;
    json_t *json;
    int r;

    memset(out, 0, type->size);
    if (memchr(text, 0, len)) /* jansson passes over one behind a number or a word */
        return err_set(err, ERR_INVALID, "%s: a zero byte", type->name);
    if (too_deep(text, len))
        return err_set(err, ERR_INVALID, "%s: nested deeper than %d", type->name, MAX_DEPTH);
    json_wide_replace(text, len, &large);
    if (large.text.len > 0)
        json = json_loadb(large.text.p, large.text.len, JSON_REJECT_DUPLICATES, &problem);
    else
        json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &problem);
    if (!json) {
        json_wide_release(&large);
        return err_set(err, ERR_INVALID, "%s: line %d: %s", type->name, problem.line, problem.text);
    }
    wide = &large;
    r = read_object(type, json, out, NULL, 1, err);
    wide = outer;
    json_wide_release(&large);
    json_decref(json);
    if (r < 0) {
        json_free(type, out);
        return err_wrap(err, "%s", type->name), r;
    }
    return 0;
}

int json_duplicate(const struct json_type *type, const void *in, void *out, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT;

    json_dump(type, in, false, &text);
    return json_parse(buf_str(&text), text.len, type, out, err);
}
