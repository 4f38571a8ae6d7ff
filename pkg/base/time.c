#include "base/time.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#define SECOND INT64_C(1000000000)

static int64_t clock_read(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * SECOND + ts.tv_nsec;
}

int64_t time_now(void)
{
    return clock_read(CLOCK_REALTIME);
}

int64_t time_monotonic(void)
{
    return clock_read(CLOCK_MONOTONIC);
}

char *time_format(int64_t t, char out[TIME_TEXT_MAX])
{
    int64_t ns = t % SECOND;
    time_t s = (time_t)(t / SECOND);
    struct tm tm;
    size_t n;

    if (ns < 0) {
        ns += SECOND;
        s--;
    }
    gmtime_r(&s, &tm);
    n = strftime(out, TIME_TEXT_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
    if (ns) {
        n += (size_t)snprintf(out + n, TIME_TEXT_MAX - n, ".%09" PRId64, ns);
        while (out[n - 1] == '0')
            n--;
    }
    out[n++] = 'Z';
    out[n] = 0;
    return out;
}

/* A number of exactly `n` digits; moves `*s` behind it. -1 where there is none or it is not in [min, max]. */
static int read_digits(const char **s, int n, int min, int max)
{
    int value = 0;

    for (; n > 0; n--, (*s)++) {
        if (**s < '0' || **s > '9')
            return -1;
        value = value * 10 + (**s - '0');
    }
    return value >= min && value <= max ? value : -1;
}

static bool skip(const char **s, char c)
{
    if (**s != c)
        return false;
    ++*s;
    return true;
}

/* YYYY-MM-DDThh:mm:ss; a day that its month does not have is refused. */
static bool read_date(const char **s, struct tm *tm)
{
    struct tm same;

    *tm = (struct tm){0};
    tm->tm_year = read_digits(s, 4, 0, 9999) - 1900;
    if (tm->tm_year < -1900 || !skip(s, '-'))
        return false;
    tm->tm_mon = read_digits(s, 2, 1, 12) - 1;
    if (tm->tm_mon < 0 || !skip(s, '-'))
        return false;
    tm->tm_mday = read_digits(s, 2, 1, 31);
    if (tm->tm_mday < 0 || !skip(s, 'T'))
        return false;
    tm->tm_hour = read_digits(s, 2, 0, 23);
    if (tm->tm_hour < 0 || !skip(s, ':'))
        return false;
    tm->tm_min = read_digits(s, 2, 0, 59);
    if (tm->tm_min < 0 || !skip(s, ':'))
        return false;
    tm->tm_sec = read_digits(s, 2, 0, 59);
    same = *tm;
    timegm(&same);
    return tm->tm_sec >= 0 && same.tm_mday == tm->tm_mday;
}

/* ".123" in nanoseconds, cut behind the ninth digit; nothing is 0. */
static bool read_fraction(const char **s, int64_t *ret)
{
    int64_t unit = SECOND / 10;

    *ret = 0;
    if (!skip(s, '.'))
        return true;
    if (**s < '0' || **s > '9')
        return false;
    for (; **s >= '0' && **s <= '9'; ++*s, unit /= 10)
        *ret += (**s - '0') * unit;
    return true;
}

/* "Z" or "+hh:mm", in seconds. */
static bool read_zone(const char **s, int64_t *ret)
{
    int sign, h, m;

    *ret = 0;
    if (skip(s, 'Z'))
        return true;
    sign = skip(s, '-') ? -1 : skip(s, '+') ? 1 : 0;
    h = read_digits(s, 2, 0, 23);
    if (!sign || h < 0 || !skip(s, ':'))
        return false;
    m = read_digits(s, 2, 0, 59);
    *ret = sign * (h * 3600 + m * 60);
    return m >= 0;
}

int time_parse(const char *s, int64_t *ret, struct err *err)
{
    struct tm tm;
    const char *p = s;
    int64_t ns, zone;
    __int128 t;

    if (!read_date(&p, &tm) || !read_fraction(&p, &ns) || !read_zone(&p, &zone) || *p)
        return err_set(err, ERR_INVALID, "\"%s\" is not a time such as 2006-01-02T15:04:05Z", s);
    t = ((__int128)timegm(&tm) - zone) * SECOND + ns;
    if (t < INT64_MIN || t > INT64_MAX)
        return err_set(err, ERR_LIMIT, "time %s is before 1678 or behind 2261", s);
    *ret = (int64_t)t;
    return 0;
}

char *time_format_age(int64_t nanoseconds, char out[TIME_TEXT_MAX])
{
    int64_t s = nanoseconds / SECOND, m = s / 60, h = (s + 1800) / 3600;

    /* docker/go-units HumanDuration, step for step */
    if (s < 1)
        snprintf(out, TIME_TEXT_MAX, "Less than a second");
    else if (s == 1)
        snprintf(out, TIME_TEXT_MAX, "1 second");
    else if (s < 60)
        snprintf(out, TIME_TEXT_MAX, "%" PRId64 " seconds", s);
    else if (m == 1)
        snprintf(out, TIME_TEXT_MAX, "About a minute");
    else if (m < 60)
        snprintf(out, TIME_TEXT_MAX, "%" PRId64 " minutes", m);
    else if (h == 1)
        snprintf(out, TIME_TEXT_MAX, "About an hour");
    else if (h < 48)
        snprintf(out, TIME_TEXT_MAX, "%" PRId64 " hours", h);
    else if (h < 24 * 7 * 2)
        snprintf(out, TIME_TEXT_MAX, "%" PRId64 " days", h / 24);
    else if (h < 24 * 30 * 2)
        snprintf(out, TIME_TEXT_MAX, "%" PRId64 " weeks", h / 24 / 7);
    else if (h < 24 * 365 * 2)
        snprintf(out, TIME_TEXT_MAX, "%" PRId64 " months", h / 24 / 30);
    else
        snprintf(out, TIME_TEXT_MAX, "%" PRId64 " years", h / 24 / 365);
    return out;
}
