/* Rational numbers as Docker's --cpus takes them (Go's big.Rat.SetString): 1.5, 1e-1, 3/2, 0x1p-1, 1_000.25. */
#include "base/num.h"

#include <stdbool.h>
#include <string.h>

typedef unsigned __int128 wide;

/* value * base^scale: zeros at the end are in the scale, so that any number of them may be written. */
struct scanned {
    wide value;
    unsigned base;
    int64_t scale;
    bool too_large;
};

/* value * 2^twos * 5^fives */
struct product {
    wide value;
    int64_t twos, fives;
};

static unsigned digit_of(char c)
{
    unsigned letter = (unsigned)(c | 0x20) - 'a';

    return c >= '0' && c <= '9' ? (unsigned)(c - '0') : letter < 26 ? letter + 10 : 99;
}

static void append(struct scanned *n, unsigned digit)
{
    if (!digit) {
        n->scale += n->value != 0;
        return;
    }
    for (n->scale++; n->scale > 0; n->scale--)
        n->too_large |= __builtin_mul_overflow(n->value, n->base, &n->value);
    n->too_large |= __builtin_add_overflow(n->value, digit, &n->value);
}

/* Underscores part digits. `last` is what stood before: a digit ('0'), '_', or anything else ('.'). Where it ends, or
 * NULL where there is no digit, or an underscore in the wrong place. */
static const char *scan_digits(const char *s, bool point, char last, struct scanned *n)
{
    bool any = false, behind = false, wrong = false;
    int64_t places = 0;

    for (;; s++) {
        if (*s == '.' && point && !behind) {
            wrong |= last == '_';
            last = '.';
            behind = true;
        } else if (*s == '_') {
            wrong |= last != '0';
            last = '_';
        } else if (digit_of(*s) < n->base) {
            append(n, digit_of(*s));
            places += behind;
            any = true;
            last = '0';
        } else {
            break;
        }
    }
    n->scale -= places;
    return any && !wrong && last != '_' ? s : NULL;
}

/* A prefix says the base; of a whole number that may be octal, a 0 before other digits does too. */
static const char *scan_number(const char *s, bool point, struct scanned *ret)
{
    static const unsigned bases[26] = {['b' - 'a'] = 2, ['o' - 'a'] = 8, ['x' - 'a'] = 16};
    unsigned letter = (unsigned)(s[0] == '0' ? s[1] | 0x20 : 0) - 'a';

    *ret = (struct scanned){.base = letter < ARRAY_SIZE(bases) ? bases[letter] : 0};
    if (ret->base)
        return scan_digits(s + 2, point, '0', ret);
    ret->base = !point && *s == '0' ? 8 : 10;
    return scan_digits(s, point, '.', ret);
}

static const char *scan_sign(const char *s, bool *ret_negative)
{
    *ret_negative = *s == '-';
    return s + (*s == '-' || *s == '+');
}

/* Of ten behind an e, of two behind a p. One that is larger than any that comes to a number is cut. */
static const char *scan_exponent(const char *s, struct product *p)
{
    enum { MOST = 1 << 20 };
    struct scanned n = {.base = 10};
    bool binary = (*s | 0x20) == 'p', negative;
    int64_t exponent;

    if (!binary && (*s | 0x20) != 'e')
        return s;
    s = scan_digits(scan_sign(s + 1, &negative), false, '.', &n);
    for (; n.scale > 0 && n.value < MOST; n.scale--)
        n.value *= 10;
    exponent = n.too_large || n.value > MOST ? MOST : (int64_t)n.value;
    exponent = negative ? -exponent : exponent;
    p->twos += exponent;
    p->fives += binary ? 0 : exponent;
    return s;
}

/* 0, or -1 where it does not come out even, or 1 where it is too much. */
static int multiply(wide *value, unsigned factor, int64_t times)
{
    for (; times < 0; times++) {
        if (*value % factor)
            return -1;
        *value /= factor;
    }
    for (; times > 0; times--)
        if (__builtin_mul_overflow(*value, factor, value))
            return 1;
    return 0;
}

static int come_to(struct product p, wide *ret)
{
    int r = 0;

    if (p.value)
        r = multiply(&p.value, 5, MIN_OF(p.fives, 0));
    if (r == 0 && p.value)
        r = multiply(&p.value, 2, p.twos);
    if (r == 0 && p.value)
        r = multiply(&p.value, 5, MAX_OF(p.fives, 0));
    *ret = p.value;
    return r;
}

static void take(const struct scanned *n, struct product *p)
{
    static const struct {
        int64_t twos, fives;
    } of[] = {[2] = {1, 0}, [8] = {3, 0}, [10] = {1, 1}, [16] = {4, 0}};

    p->value = n->value;
    p->twos += of[n->base].twos * n->scale;
    p->fives += of[n->base].fives * n->scale;
}

static wide common_divisor(wide a, wide b)
{
    while (b) {
        wide rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

/* A whole number that a fraction is made of. */
static const char *scan_whole(const char *s, wide *ret, bool *ret_too_large)
{
    struct product p = {0};
    struct scanned n;

    s = scan_number(s, false, &n);
    if (!s)
        return NULL;
    take(&n, &p);
    *ret_too_large |= n.too_large || come_to(p, ret) != 0;
    return s;
}

/* As come_to(); -2: no number. */
static int read_fraction(const char *s, wide *ret)
{
    enum { NANO = 1000000000 };
    wide above = 0, below = 0, divisor;
    bool too_large = false;

    s = scan_whole(s, &above, &too_large);
    s = s && *s == '/' ? scan_whole(s + 1, &below, &too_large) : NULL;
    if (!s || *s || (!below && !too_large))
        return -2;
    if (too_large)
        return 1;
    divisor = common_divisor(above, below);
    if (NANO % (below / divisor))
        return -1;
    return __builtin_mul_overflow(above / divisor, NANO / (below / divisor), ret);
}

static int read_number(const char *s, wide *ret)
{
    struct product p = {.twos = 9, .fives = 9};
    struct scanned n;

    s = scan_number(s, true, &n);
    s = s ? scan_exponent(s, &p) : NULL;
    if (!s || *s)
        return -2;
    if (n.too_large)
        return 1;
    take(&n, &p);
    return come_to(p, ret);
}

int num_parse_nano(const char *s, int64_t *ret, struct err *err)
{
    bool negative;
    const char *p = scan_sign(s, &negative);
    wide value = 0;
    int r = (strchr(p, '/') ? read_fraction : read_number)(p, &value);

    if (r == -2)
        return err_set(err, ERR_INVALID, "failed to parse %.200s as a rational number", s);
    if (r == -1)
        return err_set(err, ERR_INVALID, "value is too precise");
    if (r > 0 || value > INT64_MAX)
        return err_set(err, ERR_INVALID, "%.200s is too large", s);
    *ret = negative ? -(int64_t)value : (int64_t)value;
    return 0;
}
