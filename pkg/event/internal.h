/* The journal's files, between who writes and who reads; not for use elsewhere. */
#pragma once

#include "base/err.h"

/* Opens <state>/events, making it where it is missing; the descriptor holds its lock, shared: it is not cut as long as
 * nobody gives that up with flock(2). */
int event_journal_open(const char *state, int *ret_fd, struct err *err);

/* <state>/events.1, or -1 where there is none. */
int event_journal_open_old(const char *state);
