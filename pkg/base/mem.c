#include "base/mem.h"

#include <stdio.h>
#include <unistd.h>

static void *checked(void *p)
{
    if (!p) {
        static const char text[] = "cbox: out of memory\n";
        ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);

        (void)ignored;
        _exit(125);
    }
    return p;
}

void *mem_alloc(size_t size)
{
    return checked(malloc(size ? size : 1));
}

void *mem_zalloc(size_t n, size_t size)
{
    return checked(calloc(n ? n : 1, size ? size : 1));
}

void *mem_resize(void *p, size_t n, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(n, size, &bytes))
        checked(NULL);
    return checked(realloc(p, bytes ? bytes : 1));
}

void *mem_dup(const void *p, size_t size)
{
    void *copy = mem_alloc(size);

    if (size)
        memcpy(copy, p, size);
    return copy;
}

char *str_dup(const char *s)
{
    return s ? checked(strdup(s)) : NULL;
}

char *str_ndup(const char *s, size_t n)
{
    return s ? checked(strndup(s, n)) : NULL;
}

char *str_vprintf(const char *fmt, va_list ap)
{
    char *s = NULL;

    if (vasprintf(&s, fmt, ap) < 0)
        checked(NULL);
    return s;
}

char *str_printf(const char *fmt, ...)
{
    va_list ap;
    char *s;

    va_start(ap, fmt);
    s = str_vprintf(fmt, ap);
    va_end(ap);
    return s;
}

int str_ends(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);

    return n >= m && memcmp(s + n - m, suffix, m) == 0;
}
