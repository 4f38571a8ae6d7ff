#include "base/strv.h"

#include "base/buf.h"

void strv_free(char **v)
{
    if (!v)
        return;
    for (char **p = v; *p; p++)
        free(*p);
    free(v);
}

size_t strv_len(char *const *v)
{
    size_t n = 0;

    while (v && v[n])
        n++;
    return n;
}

void strv_take_at(char ***v, size_t n, char *s)
{
    /* Grown in powers of two, so that a long list is not copied once for each of its strings. */
    if ((n & (n - 1)) == 0 || n + 2 <= 4)
        *v = mem_resize(*v, n < 2 ? 4 : 2 * n + 1, sizeof(char *));
    (*v)[n] = s;
    (*v)[n + 1] = NULL;
}

void strv_take(char ***v, char *s)
{
    strv_take_at(v, strv_len(*v), s);
}

void strv_add(char ***v, const char *s)
{
    strv_take(v, str_dup(s));
}

void strv_addf(char ***v, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    strv_take(v, str_vprintf(fmt, ap));
    va_end(ap);
}

void strv_extend(char ***v, char *const *from)
{
    size_t n = strv_len(*v);

    STRV_FOREACH (s, from)
        strv_take_at(v, n++, str_dup(*s));
}

char **strv_copy(char *const *v)
{
    char **copy = NULL;

    strv_extend(&copy, v);
    return copy;
}

bool strv_contains(char *const *v, const char *s)
{
    STRV_FOREACH (p, v)
        if (strcmp(*p, s) == 0)
            return true;
    return false;
}

bool strv_equal(char *const *a, char *const *b)
{
    size_t n = strv_len(a);

    if (n != strv_len(b))
        return false;
    for (size_t i = 0; i < n; i++)
        if (strcmp(a[i], b[i]) != 0)
            return false;
    return true;
}

char **strv_split(const char *s, char sep)
{
    char **v = NULL;

    for (size_t n = 0;; n++) {
        const char *end = strchr(s, sep);

        strv_take_at(&v, n, end ? str_ndup(s, (size_t)(end - s)) : str_dup(s));
        if (!end)
            return v;
        s = end + 1;
    }
}

char *strv_join(char *const *v, const char *sep)
{
    struct buf b = BUF_INIT;

    STRV_FOREACH (s, v) {
        if (s != v)
            buf_adds(&b, sep);
        buf_adds(&b, *s);
    }
    return buf_steal(&b);
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void strv_sort(char **v)
{
    if (v)
        qsort(v, strv_len(v), sizeof(char *), compare);
}

static char **env_find(char *const *env, const char *name, size_t len)
{
    STRV_FOREACH (e, env)
        if (strncmp(*e, name, len) == 0 && (*e)[len] == '=')
            return (char **)e;
    return NULL;
}

const char *strv_env_get(char *const *env, const char *name)
{
    char **e = env_find(env, name, strlen(name));

    return e ? *e + strlen(name) + 1 : NULL;
}

void strv_env_set(char ***env, const char *assignment)
{
    char **e = env_find(*env, assignment, strcspn(assignment, "="));

    if (e)
        str_replace(e, str_dup(assignment));
    else
        strv_add(env, assignment);
}

bool strv_env_has(char *const *env, const char *wanted)
{
    return strchr(wanted, '=') ? strv_contains(env, wanted) : strv_env_get(env, wanted) != NULL;
}
