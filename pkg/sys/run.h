/* Another program's answer: run to its end with an input, its output collected. posix_spawn(3), memfd_create(2). */
#pragma once

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

struct run {
    const char *const *argv; /* ends with NULL; argv[0] is looked for in PATH */
    const char *file;        /* what is executed in its place; NULL: argv[0] */
    char *const *env;        /* all of its environment; NULL: ours */
    const char *dir;         /* where it starts; NULL: where we are */
    const void *input;       /* all of what it reads from standard input, which is never a terminal */
    size_t input_len;
    int64_t timeout_ms; /* then it is killed: ERR_NETWORK, for lack of a kind that says it took too long; 0: never */
    struct buf *output; /* its standard output is appended, to at most `max` bytes; beyond: killed, ERR_LIMIT */
    bool errors;        /* its standard error as well, */
    bool tail;          /* and of what is too long, the end is kept */
};

/* Its exit code, or 128 and the number of the signal that ended it. What it writes to standard error goes nowhere
 * unless it is collected. It has no other descriptors, and is killed with its process group. ERR_NOT_FOUND where there
 * is no such program; else a failure to run it. Errors name argv[0]. */
int run_program(const struct run *run, struct err *err);
