/* Signals by name, as people and image configs write them. signal(7). */
#pragma once

#include "base/err.h"

/* "SIGTERM", "term", "15", "RTMIN+3": the number. ERR_INVALID. */
int signal_parse(const char *text, int *ret, struct err *err);
