/* What is no error, and worth a line: warnings, and diagnostics for people who ask for them (--debug). pkg/ never
 * prints: it hands lines to the sinks that cmd/ installed, and without one a call costs a branch. Never pass a secret.
 */
#pragma once

#include "base/mem.h"

#include <stdbool.h>

typedef void (*log_sink)(const char *line);

/* NULL switches it off. */
void log_set_sink(log_sink sink);
void log_set_warning_sink(log_sink sink);

bool log_enabled(void);
void log_debug(const char *fmt, ...) _printf_(1, 2);

/* What was asked for and is not done, where a specification or a peer goes on as well. */
void log_warning(const char *fmt, ...) _printf_(1, 2);
