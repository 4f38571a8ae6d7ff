/* Diagnostics for people who ask for them (--debug). pkg/ never prints: it hands lines to the sink that cmd/ installed,
 * and without one log_debug() costs a branch. Never pass a secret. */
#pragma once

#include "base/mem.h"

#include <stdbool.h>

typedef void (*log_sink)(const char *line);

/* NULL switches it off. */
void log_set_sink(log_sink sink);

bool log_enabled(void);
void log_debug(const char *fmt, ...) _printf_(1, 2);
