/* Memory and scoped cleanup.
 *
 * Allocation never returns NULL: when the system has no memory the process ends at once with one line on standard
 * error. That is safe because no promise cbox makes depends on a process living on (see pkg/README.md, "Crashes"), and
 * it keeps every caller free of paths that cannot be tested. The rule has one condition: a length that comes from a
 * network, a tar, a JSON document or any other foreign source is checked against a limit before it is allocated, most
 * easily by reading into a `struct buf` with a maximum.
 *
 * Everything owned by a scope is declared with a cleanup attribute and an initial value; ownership leaves the scope
 * through steal_ptr() or sys/fd.h's steal_fd(). A destructor takes NULL (or -1), keeps errno, and is idempotent.
 */
#pragma once

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define _cleanup_(f)        __attribute__((cleanup(f)))
#define _printf_(fmt, args) __attribute__((format(printf, fmt, args)))
#define _unused_            __attribute__((unused))
#define _must_check_        __attribute__((warn_unused_result))

#define ARRAY_SIZE(a)       (sizeof(a) / sizeof((a)[0]))

#ifndef MIN_OF /* tests/lint/cppcheck.h has its own */
/* Each of the two is looked at once: it may be a call. */
#define MIN_OF(a, b)                       \
    __extension__({                        \
        __auto_type min_a_ = (a);          \
        __auto_type min_b_ = (b);          \
        min_a_ < min_b_ ? min_a_ : min_b_; \
    })
#define MAX_OF(a, b)                       \
    __extension__({                        \
        __auto_type max_a_ = (a);          \
        __auto_type max_b_ = (b);          \
        max_a_ > max_b_ ? max_a_ : max_b_; \
    })
#endif

/* Uninitialised, zeroed, resized memory; `n * size` is checked for overflow, which aborts as well. Zero bytes give a
 * pointer that can be freed. */
void *mem_alloc(size_t size);
void *mem_zalloc(size_t n, size_t size);
void *mem_resize(void *p, size_t n, size_t size);
void *mem_dup(const void *p, size_t size);

/* A copy of `s` (of at most `n` bytes of it); NULL stays NULL. The caller frees it. */
char *str_dup(const char *s);
char *str_ndup(const char *s, size_t n);

/* A formatted string that the caller frees. */
char *str_printf(const char *fmt, ...) _printf_(1, 2);
char *str_vprintf(const char *fmt, va_list ap) _printf_(1, 0);

/* Frees `*p`, sets it to `s` (taking it over). */
static inline void str_replace(char **p, char *s)
{
    free(*p);
    *p = s;
}

static inline int str_eq(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static inline int str_empty(const char *s)
{
    return !s || !*s;
}

/* What was given: `s`, or NULL where it is empty. */
static inline const char *str_given(const char *s)
{
    return str_empty(s) ? NULL : s;
}

/* The rest of `s` behind `prefix`, or NULL where `s` does not start with it. */
static inline const char *str_after(const char *s, const char *prefix)
{
    size_t n = strlen(prefix);

    return strncmp(s, prefix, n) == 0 ? s + n : NULL;
}

int str_ends(const char *s, const char *suffix);

static inline void *steal_ptr_impl(void *pp)
{
    void *p = *(void **)pp;

    *(void **)pp = NULL;
    return p;
}
/* The value of a pointer variable, which is left NULL: hands ownership over. */
#define steal_ptr(pp) ((__typeof__(*(pp)))steal_ptr_impl(pp))

static inline void cleanup_free_impl(void *pp)
{
    int saved = errno;

    free(*(void **)pp);
    *(void **)pp = NULL;
    errno = saved;
}
#define _cleanup_free_ _cleanup_(cleanup_free_impl)

/* Defines `name`_cleanup(type **): the scoped form of a destructor `free_fn(type *)`. */
#define MEM_DEFINE_CLEANUP(type, free_fn)          \
    static inline void free_fn##_cleanup(type **p) \
    {                                              \
        int saved_errno = errno;                   \
        if (*p)                                    \
            free_fn(*p);                           \
        *p = NULL;                                 \
        errno = saved_errno;                       \
    }                                              \
    struct mem_swallow_semicolon
