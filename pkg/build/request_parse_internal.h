/* Between the parts of parsing a request: not for use elsewhere. */
#pragma once

#include "base/err.h"
#include "base/strv.h"

#include <stdbool.h>
#include <stddef.h>

/* KEY=VALUE: into a string, or what `take` does with it. */
struct request_key {
    const char *name;
    size_t offset;
    int (*take)(void *to, const char *value, struct err *err);
};

/* Keys in any case, the last of equals. `invalid field …`, `unexpected key …`. */
int request_take_fields(char *const *fields, const struct request_key *keys, size_t n_keys, void *to, struct err *err);

/* For a key that has no meaning here, and does no harm. */
int request_ignore(void *to, const char *value, struct err *err);

/* Go's ParseBool. */
int request_truth(const char *value, bool *ret, struct err *err);
