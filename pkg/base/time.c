#include "base/time.h"

#include <inttypes.h>
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

static int two_digits(const char *s)
{
    if (s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9')
        return -1;
    return (s[0] - '0') * 10 + s[1] - '0';
}

/* The zone at `s` ("Z" or "+hh:mm") in seconds; false where it is none. */
static int parse_zone(const char *s, int64_t *ret)
{
    int h, m;

    if ((s[0] == 'Z' || s[0] == 'z') && !s[1]) {
        *ret = 0;
        return 1;
    }
    if (s[0] != '+' && s[0] != '-')
        return 0;
    h = two_digits(s + 1);
    if (h < 0 || h > 23 || s[3] != ':')
        return 0;
    m = two_digits(s + 4);
    if (m < 0 || m > 59 || s[6])
        return 0;
    *ret = (h * 3600 + m * 60) * (s[0] == '-' ? -1 : 1);
    return 1;
}

int time_parse(const char *s, int64_t *ret, struct err *err)
{
    struct tm tm = {0};
    const char *p = strptime(s, "%Y-%m-%dT%H:%M:%S", &tm);
    int64_t ns = 0, unit = SECOND / 10, zone, seconds;

    if (p && *p == '.') {
        for (p++; *p >= '0' && *p <= '9'; p++, unit /= 10)
            ns += (*p - '0') * unit;
    }
    if (!p || !parse_zone(p, &zone))
        return err_set(err, ERR_INVALID, "\"%s\" is not a time such as 2006-01-02T15:04:05Z", s);
    seconds = (int64_t)timegm(&tm) - zone;
    if (__builtin_mul_overflow(seconds, SECOND, &seconds) || __builtin_add_overflow(seconds, ns, ret))
        return err_set(err, ERR_INVALID, "time %s is out of range", s);
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
