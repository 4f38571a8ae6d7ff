/* Signals that ask for the end of something long, for whatever talks to registries: not for use elsewhere.
 *
 * One at a time in a process: a handler can reach nothing but what is global.
 */
#pragma once

#include "base/err.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct image_signals {
    struct sigaction old[3], old_pipe;
    int wake[2]; /* the first becomes readable when a signal came */
};

/* Non-zero since a signal came: what registry_new() wants. */
extern volatile sig_atomic_t image_interrupted;

/* Watches for SIGINT, SIGTERM and SIGHUP (unless that is ignored, as by nohup(1)), and ignores SIGPIPE, until the end.
 */
int image_signals_begin(struct image_signals *s, struct err *err);
void image_signals_end(struct image_signals *s);

/* ERR_INTERRUPTED since a signal came, else 0. */
int image_signals_check(struct err *err);
