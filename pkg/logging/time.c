/* The times of log lines, which are many. */
#include "logging/internal.h"

#include "base/time.h"

#define SECOND INT64_C(1000000000)

/* A number of two digits, or -1. */
static int two(const char *p)
{
    unsigned tens = (unsigned)(p[0] - '0'), ones = (unsigned)(p[1] - '0');

    return tens > 9 || ones > 9 ? -1 : (int)(tens * 10 + ones);
}

/* Days from 1970-01-01 to a day of the Gregorian calendar, whose year is counted from March on: leap days are last. */
static int64_t days(int year, int month, int day)
{
    int y = year - (month <= 2), era = y / 400, of_era = y % 400;
    int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return (int64_t)era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* 2006-01-02T15:04:05 and what the caller looks at behind it. */
static bool read_seconds(const char *p, int64_t *ret)
{
    int century = two(p), year = two(p + 2), month = two(p + 5), day = two(p + 8);
    int hour = two(p + 11), minute = two(p + 14), second = two(p + 17);

    if (p[4] != '-' || p[7] != '-' || p[10] != 'T' || p[13] != ':' || p[16] != ':' || century < 17 || century > 22 ||
        year < 0 || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 23 || minute < 0 ||
        minute > 59 || second < 0 || second > 59 || (century == 22 && year > 61))
        return false;
    *ret = ((days(century * 100 + year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    return true;
}

static bool parse_usual(const char *p, size_t len, int64_t *ret)
{
    enum { SECONDS = 19 };
    int64_t seconds, nanoseconds = 0, unit = SECOND / 10;
    size_t i = SECONDS;

    if (len <= SECONDS || p[len - 1] != 'Z' || !read_seconds(p, &seconds))
        return false;
    if (p[i] == '.')
        for (i++; i < len - 1 && p[i] >= '0' && p[i] <= '9' && unit; i++, unit /= 10)
            nanoseconds += (p[i] - '0') * unit;
    *ret = seconds * SECOND + nanoseconds;
    return i == len - 1;
}

bool logging_time_parse(const char *text, size_t len, int64_t *ret)
{
    _cleanup_free_ char *copy = NULL;

    if (parse_usual(text, len, ret))
        return true;
    copy = len < TIME_TEXT_MAX ? str_ndup(text, len) : NULL;
    return copy && time_parse(copy, ret, NULL) == 0;
}
