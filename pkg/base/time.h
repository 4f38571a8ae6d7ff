/* Points in time and durations. A time is nanoseconds since 1970 (realtime) in an int64_t: good from 1677 to 2262. */
#pragma once

#include "base/err.h"

#include <stdint.h>

enum { TIME_TEXT_MAX = 40 };

int64_t time_now(void);       /* CLOCK_REALTIME */
int64_t time_monotonic(void); /* CLOCK_MONOTONIC: for waiting and measuring */

/* RFC 3339 in UTC with the fraction's trailing zeros dropped (Go's RFC3339Nano), as image configs and Docker's inspect
 * have it; and its reading, with any zone offset. ERR_INVALID for anything else, ERR_LIMIT for a time that the 64 bits
 * cannot hold: Go's zero time, year 1, is one that images do carry. */
char *time_format(int64_t t, char out[TIME_TEXT_MAX]);
int time_parse(const char *s, int64_t *ret, struct err *err);

/* A duration as Go writes it: "300ms", "-1.5h", "1h30m"; units ns, us, ms, s, m, h. ERR_INVALID, ERR_LIMIT. */
int time_parse_duration(const char *s, int64_t *ret, struct err *err);

/* The same backwards, as Go's Duration.String writes it: "1m30s", "1.5s", "250ms", "0s". */
char *time_format_duration(int64_t nanoseconds, char out[TIME_TEXT_MAX]);

/* A point in time as Docker's filters take it: a duration before `now`; a date, "2006-01-02" or more of
 * "2006-01-02T15:04:05.9", in local time unless a zone follows; or seconds since 1970. ERR_INVALID. */
int time_parse_point(const char *s, int64_t now, int64_t *ret, struct err *err);

/* A duration as `docker ps` says it: "Less than a second", "5 seconds", "About a minute", "3 weeks". */
char *time_format_age(int64_t nanoseconds, char out[TIME_TEXT_MAX]);
