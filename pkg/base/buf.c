#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

void buf_free(struct buf *b)
{
    int saved = errno;

    free(b->p);
    *b = BUF_INIT_MAX(b->max);
    errno = saved;
}

void *buf_reserve(struct buf *b, size_t n)
{
    size_t need;

    if (__builtin_add_overflow(b->len, n, &need) || need == SIZE_MAX)
        return NULL;
    if (b->max && need > b->max)
        return NULL;
    need++; /* the final 0 */
    if (need > b->cap) {
        size_t cap = b->cap ? b->cap : 64;

        while (cap < need)
            cap = cap > SIZE_MAX / 2 ? need : cap * 2;
        b->p = mem_resize(b->p, cap, 1);
        b->cap = cap;
        b->p[b->len] = 0;
    }
    return b->p + b->len;
}

void buf_grown(struct buf *b, size_t n)
{
    b->len += n;
    b->p[b->len] = 0;
}

int buf_append(struct buf *b, const void *data, size_t len, struct err *err)
{
    void *to = buf_reserve(b, len);

    if (!to)
        return err_set(err, ERR_LIMIT, "larger than the limit of %zu bytes", b->max);
    if (len)
        memcpy(to, data, len);
    buf_grown(b, len);
    return 0;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
    if (buf_append(b, data, len, NULL) < 0)
        abort();
}

void buf_adds(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void buf_addc(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
    _cleanup_free_ char *s = NULL;
    va_list ap;

    va_start(ap, fmt);
    s = str_vprintf(fmt, ap);
    va_end(ap);
    buf_adds(b, s);
}

void buf_add_json(struct buf *b, const char *s)
{
    static const char *const short_forms[] = {['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n", ['\f'] = "\\f",
                                              ['\r'] = "\\r", ['"'] = "\\\"", ['\\'] = "\\\\"};

    buf_addc(b, '"');
    for (const char *plain = s;; s++) {
        unsigned char c = (unsigned char)*s;
        bool c1 = c == 0xc2 && (unsigned char)s[1] >= 0x80 && (unsigned char)s[1] < 0xa0;

        if (c >= 0x20 && c != 0x7f && c != '"' && c != '\\' && !c1)
            continue;
        buf_add(b, plain, (size_t)(s - plain));
        if (c1) /* U+0080 to U+009F, which a terminal obeys: their second byte is their number */
            c = (unsigned char)*++s;
        plain = s + 1;
        if (!c)
            break;
        if (c < ARRAY_SIZE(short_forms) && short_forms[c])
            buf_adds(b, short_forms[c]);
        else
            buf_addf(b, "\\u%04x", c);
    }
    buf_addc(b, '"');
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    if (b->p)
        b->p[0] = 0;
}

void buf_consume(struct buf *b, size_t n)
{
    if (n >= b->len) {
        buf_clear(b);
        return;
    }
    memmove(b->p, b->p + n, b->len - n + 1);
    b->len -= n;
}

const char *buf_str(const struct buf *b)
{
    return b->p ? b->p : "";
}

char *buf_steal(struct buf *b)
{
    char *s = b->p ? b->p : str_dup("");

    *b = BUF_INIT_MAX(b->max);
    return s;
}
