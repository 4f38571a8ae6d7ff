/* SIGINT, SIGTERM and SIGHUP while an image is on its way: they ask for an end that tidies up, instead of ending the
 * process there and then. */
#pragma once

#include "base/err.h"

#include <signal.h>

/* Non-zero once one of them came. One thing runs at a time in a process; a handler can reach nothing else. */
extern volatile sig_atomic_t image_interrupted;

enum { IMAGE_END_SIGNALS = 3 };

struct image_signals {
    struct sigaction old[IMAGE_END_SIGNALS];
    struct sigaction old_pipe;
    int wake[2]; /* the first becomes readable when a signal came */
};

/* Begins to watch for them; system calls that wait are interrupted. Ignores SIGPIPE meanwhile. */
int image_signals_begin(struct image_signals *s, struct err *err);
void image_signals_end(struct image_signals *s);

/* ERR_INTERRUPTED once a signal came, else 0. */
int image_signals_check(struct err *err);
