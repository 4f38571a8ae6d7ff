/* Another program's answer: run to its end with an input, its output collected. posix_spawn(3), memfd_create(2). */
#pragma once

#include "base/buf.h"

struct run {
    const char *const *argv; /* ends with NULL; argv[0] is looked for in PATH */
    const void *input;       /* all of what it reads from standard input, which is never a terminal */
    size_t input_len;
    int timeout_ms;     /* then it is killed: ERR_NETWORK, for lack of a kind that says it took too long */
    struct buf *output; /* its standard output is appended, to at most `max` bytes; beyond: killed, ERR_LIMIT */
};

/* Its exit code, or 128 and the number of the signal that ended it. What it writes to standard error goes nowhere.
 * ERR_NOT_FOUND where there is no such program; else a failure to run it. Errors name argv[0]. */
int run_program(const struct run *run, struct err *err);
