/* Typed vectors: `struct { T *v; size_t n, cap; }` and a push. The element type is the caller's, so is freeing what the
 * elements own; `v` itself is freed with free().
 *
 *     VEC(struct oci_descriptor) layers = {0};
 *     *VEC_PUSH(&layers) = d;
 *     VEC_FOREACH(l, &layers) use(l);
 */
#pragma once

#include "base/mem.h"

#define VEC(T)         \
    struct {           \
        T *v;          \
        size_t n, cap; \
    }

/* Appends one zeroed element and gives its address, which is good until the next push. */
#define VEC_PUSH(vec) (vec_grow((void **)&(vec)->v, &(vec)->n, &(vec)->cap, sizeof(*(vec)->v)), &(vec)->v[(vec)->n - 1])

/* The conditional gives the pointer's value without the qualifiers of a const vector, and no arithmetic on NULL. */
#define VEC_FOREACH(it, vec) for (__auto_type it = (vec)->n ? (vec)->v : NULL; it && it < (vec)->v + (vec)->n; it++)

static inline void vec_grow(void **v, size_t *n, size_t *cap, size_t size)
{
    if (*n == *cap) {
        *cap = *cap ? *cap * 2 : 8;
        *v = mem_resize(*v, *cap, size);
    }
    memset((char *)*v + *n * size, 0, size);
    (*n)++;
}
