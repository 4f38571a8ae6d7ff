/* How a table's offsets become members and elements: shared by reading, writing and releasing, not for use elsewhere.
 */
#pragma once

#include "json/json.h"

static inline void *json_member(const struct json_field *f, void *object)
{
    return (char *)object + f->offset;
}

static inline const void *json_const_member(const struct json_field *f, const void *object)
{
    return (const char *)object + f->offset;
}

/* The three vectors of structs that VEC() makes have one layout. */
typedef VEC(char) json_any_vec;
typedef VEC(int64_t) json_int_vec;

static inline void *json_element(const json_any_vec *v, const struct json_type *type, size_t i)
{
    return v->v + i * type->size;
}

static inline void *json_push(json_any_vec *v, const struct json_type *type)
{
    vec_grow((void **)&v->v, &v->n, &v->cap, type->size);
    return json_element(v, type, v->n - 1);
}
