/* Whole numbers from 2^63 to 2^64-1, which jansson does not read and documents of the runtime do hold (RLIM_INFINITY,
 * masks of system call arguments). Before parsing each is replaced by a fraction that stands for it; whoever reads a
 * field that may be so large asks back. Not for use outside of json/.
 */
#pragma once

#include "base/buf.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_wide {
    struct buf text; /* the document with what stands for them; empty where there are none */
    VEC(uint64_t) numbers;
};

void json_wide_replace(const char *text, size_t len, struct json_wide *ret);

/* Whether `real`, which was read from the text, stands for a number. */
bool json_wide_find(const struct json_wide *wide, double real, uint64_t *ret);

void json_wide_release(struct json_wide *wide);
