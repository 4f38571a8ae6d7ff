/* Numbers and quantities as people write them, with Docker's units. */
#pragma once

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* A whole decimal number in [min, max], nothing before or behind it; ERR_INVALID says what is wrong with it. */
int num_parse_i64(const char *s, int64_t min, int64_t max, int64_t *ret, struct err *err);

/* A memory size in bytes as docker's --memory takes it (docker/go-units RAMInBytes): a number, with a decimal fraction
 * where a unit follows, then b, k, m, g, t or p with an optional "b" or "ib", in either case, in powers of 1024. */
int num_parse_size(const char *s, int64_t *ret, struct err *err);

/* The same in powers of 1000, as docker's max-size of logs has it (docker/go-units FromHumanSize). */
int num_parse_size_si(const char *s, int64_t *ret, struct err *err);

/* A number of CPUs such as 1.5, -1, 1e-1 or 3/2 in billionths, in the forms that docker's --cpus takes (num_nano.c);
 * ERR_INVALID where it does not come to whole ones, or is beyond 2^63 of them. */
int num_parse_nano(const char *s, int64_t *ret, struct err *err);

/* "7.05MB" (powers of 1000, three significant digits, as `docker images`) and "1.944GiB" (powers of 1024, as
 * `docker info`), written to `out`, which is returned. */
enum { NUM_TEXT_MAX = 24 };
char *num_format_size(int64_t bytes, char out[NUM_TEXT_MAX]);
char *num_format_size_iec(int64_t bytes, char out[NUM_TEXT_MAX]);
