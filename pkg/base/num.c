#include "base/num.h"

#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

int num_parse_i64(const char *s, int64_t min, int64_t max, int64_t *ret, struct err *err)
{
    const char *p = s + (*s == '-');
    char *end;
    intmax_t n;

    if (*p < '0' || *p > '9')
        return err_set(err, ERR_INVALID, "\"%s\" is not a number", s);
    errno = 0;
    n = strtoimax(s, &end, 10);
    if (*end)
        return err_set(err, ERR_INVALID, "\"%s\" is not a number", s);
    if (errno == ERANGE || n < min || n > max)
        return err_set(err, ERR_INVALID, "%s is not in the range %" PRId64 " to %" PRId64, s, min, max);
    *ret = n;
    return 0;
}

/* Reads digits[.digits] exactly, as whole part and fraction in billionths; returns where it stopped, NULL where there
 * is no number or it has more than nine decimals or 18 digits. */
static const char *parse_decimal(const char *s, int64_t *whole, int64_t *billionths)
{
    int digits = 0;
    int64_t unit = 1000000000;

    *whole = *billionths = 0;
    for (; *s >= '0' && *s <= '9'; s++) {
        if (++digits > 18)
            return NULL;
        *whole = *whole * 10 + (*s - '0');
    }
    if (*s == '.') {
        for (s++; *s >= '0' && *s <= '9'; s++, digits++) {
            unit /= 10;
            if (!unit)
                return NULL;
            *billionths += (*s - '0') * unit;
        }
    }
    return digits ? s : NULL;
}

static int parse_size(const char *s, int64_t base, int64_t *ret, struct err *err)
{
    static const char units[] = "bkmgtp";
    int64_t whole, billionths, scale = 1, n;
    const char *p = parse_decimal(s, &whole, &billionths);

    if (p && *p == ' ')
        p++;
    if (p && *p) {
        const char *unit = strchr(units, *p | 0x20);

        if (!unit)
            return err_set(err, ERR_INVALID, "\"%s\" is not a size: use a number and b, k, m, g, t or p", s);
        for (const char *u = units; u < unit; u++)
            scale *= base;
        p++;
        if (scale > 1 && (strcasecmp(p, "b") == 0 || strcasecmp(p, "ib") == 0))
            p += strlen(p);
    }
    if (!p || *p)
        return err_set(err, ERR_INVALID, "\"%s\" is not a size: use a number and b, k, m, g, t or p", s);
    if (__builtin_mul_overflow(whole, scale, &n) ||
        __builtin_add_overflow(n, (int64_t)((__int128)billionths * scale / 1000000000), &n))
        return err_set(err, ERR_INVALID, "size %s is too large", s);
    *ret = n;
    return 0;
}

int num_parse_size(const char *s, int64_t *ret, struct err *err)
{
    return parse_size(s, 1024, ret, err);
}

int num_parse_size_si(const char *s, int64_t *ret, struct err *err)
{
    return parse_size(s, 1000, ret, err);
}

/* `digits` significant ones, of which those before the point are never cut to an exponent. */
static char *format_scaled(int64_t bytes, double base, int digits, const char *const *units, size_t n,
                           char out[NUM_TEXT_MAX])
{
    double value = (double)bytes;
    size_t i = 0;

    while (value >= base && i + 1 < n) {
        value /= base;
        i++;
    }
    snprintf(out, NUM_TEXT_MAX, "%.*g%s", digits, value, units[i]);
    if (strchr(out, 'e'))
        snprintf(out, NUM_TEXT_MAX, "%.0f%s", value, units[i]);
    return out;
}

char *num_format_size(int64_t bytes, char out[NUM_TEXT_MAX])
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};

    return format_scaled(bytes, 1000, 3, units, ARRAY_SIZE(units), out);
}

char *num_format_size_iec(int64_t bytes, char out[NUM_TEXT_MAX])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

    return format_scaled(bytes, 1024, 4, units, ARRAY_SIZE(units), out);
}
