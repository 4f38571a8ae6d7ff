#include "base/err.h"

#include "base/utf8.h"

#include <stdio.h>

static _printf_(3, 0) void set_text(char *out, size_t size, const char *fmt, va_list ap)
{
    vsnprintf(out, size, fmt, ap);
    for (char *p = out; *p;) {
        size_t n = utf8_printable(p);

        if (n)
            p += n;
        else
            *p++ = '?';
    }
}

static _printf_(3, 0) void set_first(struct err *err, int kind, const char *fmt, va_list ap)
{
    err->kind = kind;
    err->hint[0] = 0;
    set_text(err->text, sizeof(err->text), fmt, ap);
}

int err_set(struct err *err, int kind, const char *fmt, ...)
{
    va_list ap;

    if (!err)
        return kind;
    va_start(ap, fmt);
    set_first(err, kind, fmt, ap);
    va_end(ap);
    return kind;
}

int err_kind_of_errno(int errnum)
{
    static const struct {
        int errnum, kind;
    } map[] = {
        {ENOENT, ERR_NOT_FOUND},    {EEXIST, ERR_EXISTS},
        {EACCES, ERR_PERMISSION},   {EPERM, ERR_PERMISSION},
        {ENOSPC, ERR_NO_SPACE},     {EDQUOT, ERR_NO_SPACE},
        {EINVAL, ERR_INVALID},      {ENAMETOOLONG, ERR_INVALID},
        {ENOSYS, ERR_UNSUPPORTED},  {EOPNOTSUPP, ERR_UNSUPPORTED},
        {EINTR, ERR_INTERRUPTED},   {EWOULDBLOCK, ERR_BUSY},
        {EBUSY, ERR_BUSY},          {ECONNREFUSED, ERR_NETWORK},
        {ECONNRESET, ERR_NETWORK},  {ETIMEDOUT, ERR_NETWORK},
        {ENETUNREACH, ERR_NETWORK}, {EHOSTUNREACH, ERR_NETWORK},
        {EFBIG, ERR_LIMIT},
    };

    for (size_t i = 0; i < ARRAY_SIZE(map); i++)
        if (map[i].errnum == errnum)
            return map[i].kind;
    return ERR_IO;
}

int err_errno(struct err *err, int errnum, const char *fmt, ...)
{
    int kind = err_kind_of_errno(errnum);
    size_t n;
    va_list ap;

    if (!err)
        return kind;
    va_start(ap, fmt);
    set_first(err, kind, fmt, ap);
    va_end(ap);
    n = strlen(err->text);
    snprintf(err->text + n, sizeof(err->text) - n, ": %s", strerror(errnum));
    return kind;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
    char old[ERR_TEXT_MAX];
    size_t n;
    va_list ap;

    if (!err)
        return ERR_INTERNAL;
    memcpy(old, err->text, sizeof(old));
    va_start(ap, fmt);
    set_text(err->text, sizeof(err->text), fmt, ap);
    va_end(ap);
    n = strlen(err->text);
    snprintf(err->text + n, sizeof(err->text) - n, ": %s", old);
    return err->kind;
}

int err_hint(struct err *err, const char *fmt, ...)
{
    va_list ap;

    if (!err)
        return ERR_INTERNAL;
    if (!err->hint[0]) {
        va_start(ap, fmt);
        set_text(err->hint, sizeof(err->hint), fmt, ap);
        va_end(ap);
    }
    return err->kind;
}
