#include "base/time.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
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

/* ---- the calendar ---- */

/* The C library's timegm() and gmtime_r() read the host's time zone first, at every start. Years that begin in March
 * have the day that is not always there at their end; 400 of them have 146097 days. */

enum { DAYS_OF_400_YEARS = 146097, DAY = 86400, DAYS_TO_1970 = 719468 /* from 1 March of the year 0 */ };

static int64_t days_before_year(int64_t year)
{
    return year * 365 + year / 4 - year / 100 + year / 400;
}

/* Of a month that is counted from March. */
static int days_before_month(int month)
{
    return (153 * month + 2) / 5;
}

/* Seconds since 1970, for years from 0 on. */
static int64_t utc(const struct tm *tm)
{
    int month = (tm->tm_mon + 10) % 12;
    int64_t year = (int64_t)tm->tm_year + 1900 - (month >= 10);
    int64_t days = days_before_year(year) + days_before_month(month) + tm->tm_mday - 1 - DAYS_TO_1970;

    return days * DAY + tm->tm_hour * 3600 + tm->tm_min * 60 + tm->tm_sec;
}

static int days_of_month(const struct tm *tm)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = tm->tm_year + 1900;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return days[tm->tm_mon] + (tm->tm_mon == 1 && leap);
}

/* The date and time of seconds since 1970, from the year 0 on. */
static void date_of(int64_t seconds, struct tm *ret)
{
    int64_t days = seconds / DAY - (seconds % DAY < 0), second = seconds - days * DAY, year, day;
    int month;

    days += DAYS_TO_1970;
    year = days * 400 / DAYS_OF_400_YEARS + 1;
    while (days_before_year(year) > days)
        year--;
    day = days - days_before_year(year);
    month = (int)(5 * day + 2) / 153;
    *ret = (struct tm){
        .tm_year = (int)(year + (month >= 10) - 1900),
        .tm_mon = (month + 2) % 12,
        .tm_mday = (int)day - days_before_month(month) + 1,
        .tm_hour = (int)(second / 3600),
        .tm_min = (int)(second / 60 % 60),
        .tm_sec = (int)(second % 60),
    };
}

char *time_format(int64_t t, char out[TIME_TEXT_MAX])
{
    int64_t ns = t % SECOND;
    int64_t s = t / SECOND;
    struct tm tm;
    size_t n;

    if (ns < 0) {
        ns += SECOND;
        s--;
    }
    date_of(s, &tm);
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

/* How much of YYYY-MM-DDThh:mm:ss is there: the number of its fields, or 0 for something else, such as a day that its
 * month does not have. */
static int read_date(const char **s, struct tm *tm)
{
    struct {
        char before;
        int digits, min, max;
        int *field;
    } fields[] = {{0, 4, 0, 9999, &tm->tm_year}, {'-', 2, 1, 12, &tm->tm_mon}, {'-', 2, 1, 31, &tm->tm_mday},
                  {'T', 2, 0, 23, &tm->tm_hour}, {':', 2, 0, 59, &tm->tm_min}, {':', 2, 0, 59, &tm->tm_sec}};
    int n = 0;

    *tm = (struct tm){.tm_mon = 1, .tm_mday = 1};
    for (; n < (int)(sizeof(fields) / sizeof(*fields)); n++) {
        if (fields[n].before && !skip(s, fields[n].before))
            break;
        *fields[n].field = read_digits(s, fields[n].digits, fields[n].min, fields[n].max);
        if (*fields[n].field < 0)
            return 0;
    }
    tm->tm_year -= 1900;
    tm->tm_mon--;
    return tm->tm_mday <= days_of_month(tm) ? n : 0;
}

enum { DATE_DAY = 3, DATE_WHOLE = 6 };

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

    if (read_date(&p, &tm) != DATE_WHOLE || !read_fraction(&p, &ns) || !read_zone(&p, &zone) || *p)
        return err_set(err, ERR_INVALID, "\"%s\" is not a time such as 2006-01-02T15:04:05Z", s);
    t = ((__int128)utc(&tm) - zone) * SECOND + ns;
    if (t < INT64_MIN || t > INT64_MAX)
        return err_set(err, ERR_LIMIT, "time %s is before 1678 or behind 2261", s);
    *ret = (int64_t)t;
    return 0;
}

static const struct {
    const char *name;
    int64_t nanoseconds;
} units[] = {
    {"ns", 1},     {"us", 1000},       {"\u00b5s", 1000},    {"\u03bcs", 1000}, {"ms", SECOND / 1000},
    {"s", SECOND}, {"m", 60 * SECOND}, {"h", 3600 * SECOND},
};

/* One number with its unit, as "1.5h". */
static bool read_quantity(const char **s, __int128 *ret)
{
    const char *begin = *s;
    int64_t whole = 0, billionths;

    for (; **s >= '0' && **s <= '9'; ++*s) {
        if (whole > INT64_MAX / 100)
            return false;
        whole = whole * 10 + (**s - '0');
    }
    if (*s == begin || !read_fraction(s, &billionths))
        return false;
    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
        size_t n = strlen(units[i].name);

        /* A unit ends where the next number begins: "5ms" are no minutes. */
        if (strncmp(*s, units[i].name, n) != 0 || ((*s)[n] && !strchr("0123456789", (*s)[n])))
            continue;
        *s += n;
        *ret = (__int128)whole * units[i].nanoseconds + (__int128)billionths * units[i].nanoseconds / SECOND;
        return true;
    }
    return false;
}

int time_parse_duration(const char *s, int64_t *ret, struct err *err)
{
    const char *p = s;
    bool negative = skip(&p, '-');
    __int128 sum = 0, part;

    if (!negative)
        skip(&p, '+');
    *ret = 0;
    if (strcmp(p, "0") == 0)
        return 0;
    do {
        if (!read_quantity(&p, &part))
            return err_set(err, ERR_INVALID, "\"%s\" is not a duration such as 1h30m", s);
        sum += part;
        if (sum > INT64_MAX)
            return err_set(err, ERR_LIMIT, "duration %s is longer than 292 years", s);
    } while (*p);
    *ret = (int64_t)(negative ? -sum : sum);
    return 0;
}

/* Appends `n` units and what is left, `rest` of `unit`, as a fraction without zeros at its end. */
static size_t put_fraction(char *out, uint64_t n, uint64_t unit, const char *name)
{
    size_t len = (size_t)snprintf(out, TIME_TEXT_MAX, "%" PRIu64, n / unit);

    if (n % unit) {
        out[len++] = '.';
        for (uint64_t rest = n % unit; rest && unit > 1; rest %= unit) {
            unit /= 10;
            out[len++] = (char)('0' + rest / unit);
        }
    }
    return len + (size_t)snprintf(out + len, TIME_TEXT_MAX - len, "%s", name);
}

char *time_format_duration(int64_t nanoseconds, char out[TIME_TEXT_MAX])
{
    uint64_t n = nanoseconds < 0 ? 0 - (uint64_t)nanoseconds : (uint64_t)nanoseconds, minutes = n / SECOND / 60;
    char *p = out;

    if (nanoseconds < 0)
        *p++ = '-';
    if (n >= 3600 * (uint64_t)SECOND)
        p += snprintf(p, TIME_TEXT_MAX, "%" PRIu64 "h", minutes / 60);
    if (minutes)
        p += snprintf(p, TIME_TEXT_MAX, "%" PRIu64 "m", minutes % 60);
    if (n == 0 || n >= SECOND)
        put_fraction(p, n % (60 * (uint64_t)SECOND), SECOND, "s");
    else if (n >= 1000000)
        put_fraction(p, n, 1000000, "ms");
    else if (n >= 1000)
        put_fraction(p, n, 1000, "\u00b5s");
    else
        put_fraction(p, n, 1, "ns");
    return out;
}

/* Seconds since 1970, with a fraction. */
static bool read_unix(const char *s, int64_t *ret)
{
    const char *p = s;
    int64_t whole = 0, ns;

    while (*p >= '0' && *p <= '9' && p - s < 10)
        whole = whole * 10 + (*p++ - '0');
    if (p == s || !read_fraction(&p, &ns) || *p || whole > INT64_MAX / SECOND - 1)
        return false;
    *ret = whole * SECOND + ns;
    return true;
}

/* A date, perhaps without its end; without a zone it is the time on the wall. */
static bool read_point(const char *s, int64_t *ret)
{
    struct tm tm;
    int64_t ns = 0, zone = 0;
    int fields = read_date(&s, &tm);
    bool zoned;

    if (fields < DATE_DAY || tm.tm_year < 1678 - 1900 || tm.tm_year > 2261 - 1900 ||
        (fields == DATE_WHOLE && !read_fraction(&s, &ns)))
        return false;
    zoned = *s != 0;
    if (zoned && (!read_zone(&s, &zone) || *s))
        return false;
    tm.tm_isdst = -1;
    *ret = ((zoned ? utc(&tm) : mktime(&tm)) - zone) * SECOND + ns;
    return true;
}

int time_parse_point(const char *s, int64_t now, int64_t *ret, struct err *err)
{
    int64_t ago;

    if (strcmp(s, "0") != 0 && time_parse_duration(s, &ago, NULL) == 0) { /* 0 is 1970 in Docker as well */
        *ret = now - ago;
        return 0;
    }
    if (read_point(s, ret) || read_unix(s, ret))
        return 0;
    err_set(err, ERR_INVALID, "failed to parse value as time or duration: \"%s\"", s);
    return err_hint(err, "write a duration such as 24h, or a time such as 2006-01-02T15:04:05");
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
