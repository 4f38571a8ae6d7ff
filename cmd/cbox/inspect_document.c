#include "inspect.h"

#include "base/vec.h"

typedef VEC(char) any_vec;
typedef VEC(int64_t) int_vec;

static struct cli_value nothing(void)
{
    return (struct cli_value){.kind = CLI_NULL};
}

static const struct inspect_empty *find_exception(const struct inspect_empty *e, const char *name)
{
    while (e->name && strcmp(e->name, name) != 0)
        e++;
    return e->name ? e : NULL;
}

static bool is_empty(const struct json_field *f, const void *at)
{
    switch (f->kind) {
    case JSON_K_STRING:
        return str_empty(*(char *const *)at);
    case JSON_K_BOOL:
        return !*(const bool *)at;
    case JSON_K_INT64:
    case JSON_K_UINT64:
        return !*(const int64_t *)at;
    case JSON_K_STRV:
    case JSON_K_MAP:
    case JSON_K_SET:
        return !strv_len(*(char *const *const *)at);
    case JSON_K_INTS:
    case JSON_K_ARRAY:
        return !((const any_vec *)at)->n;
    default:
        return !*(void *const *)at;
    }
}

static int by_key(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Go sorts keys. */
static struct cli_value map_of(char *const *entries, bool set)
{
    struct cli_value map = {.kind = CLI_MAP};
    _cleanup_strv_ char **names = NULL;

    STRV_FOREACH (e, entries)
        strv_take(&names, str_ndup(*e, set ? strlen(*e) : strcspn(*e, "=")));
    if (names)
        qsort(names, strv_len(names), sizeof(*names), by_key);
    STRV_FOREACH (name, names) {
        struct cli_value value = {.kind = CLI_MAP};

        if (!set)
            value = cli_value_text(strv_env_get(entries, *name));
        cli_value_put(&map, *name, value);
    }
    return map;
}

static struct cli_value array_of(const struct json_type *type, const any_vec *v, const struct inspect_empty *e)
{
    struct cli_value list = {.kind = CLI_SEQUENCE};

    for (size_t i = 0; i < v->n; i++)
        cli_value_append(&list, inspect_document(type, v->v + i * type->size, e));
    return list;
}

static struct cli_value ints_of(const int_vec *v)
{
    struct cli_value list = {.kind = CLI_SEQUENCE};

    VEC_FOREACH (n, v)
        cli_value_append(&list, cli_value_number(*n));
    return list;
}

static struct cli_value value_of(const struct json_field *f, const void *at, const struct inspect_empty *e)
{
    switch (f->kind) {
    case JSON_K_STRING:
        return cli_value_text(*(char *const *)at);
    case JSON_K_BOOL:
        return cli_value_truth(*(const bool *)at);
    case JSON_K_BOOL_PTR:
        return cli_value_truth(**(bool *const *)at);
    case JSON_K_INT64:
    case JSON_K_UINT64:
        return cli_value_number(*(const int64_t *)at);
    case JSON_K_INT64_PTR:
        return cli_value_number(**(int64_t *const *)at);
    case JSON_K_STRV:
        return cli_value_list(*(char *const *const *)at);
    case JSON_K_MAP:
    case JSON_K_SET:
        return map_of(*(char *const *const *)at, f->kind == JSON_K_SET);
    case JSON_K_INTS:
        return ints_of(at);
    case JSON_K_ARRAY:
        return array_of(f->type, at, e);
    case JSON_K_OBJECT:
        return inspect_document(f->type, at, e);
    case JSON_K_OBJECT_PTR:
        return inspect_document(f->type, *(void *const *)at, e);
    default:
        return nothing();
    }
}

static bool is_pointer(const struct json_field *f)
{
    return f->kind == JSON_K_INT64_PTR || f->kind == JSON_K_BOOL_PTR || f->kind == JSON_K_OBJECT_PTR;
}

/* `e`: the exception that is made of it, or NULL. */
static struct cli_value empty_value(const struct json_field *f, const void *at, const struct inspect_empty *e,
                                    const struct inspect_empty *exceptions)
{
    if (e && e->how == INSPECT_LIST)
        return (struct cli_value){.kind = CLI_SEQUENCE};
    if (is_pointer(f) || (e ? e->how == INSPECT_NULL : f->kind == JSON_K_STRV || f->kind == JSON_K_ARRAY))
        return nothing();
    return value_of(f, at, exceptions);
}

struct cli_value inspect_document(const struct json_type *type, const void *document,
                                  const struct inspect_empty *exceptions)
{
    struct cli_value map = CLI_FIELDS;

    for (size_t i = 0; i < type->n_fields; i++) {
        const struct json_field *f = &type->fields[i];
        const void *at = (const char *)document + f->offset;
        bool empty = f->kind != JSON_K_OBJECT && is_empty(f, at);
        const struct inspect_empty *e = empty ? find_exception(exceptions, f->name) : NULL;
        struct cli_value value = empty ? empty_value(f, at, e, exceptions) : value_of(f, at, exceptions);

        cli_value_put(&map, f->name, value)->hidden = e && e->how == INSPECT_OMIT;
    }
    return map;
}
