/* What one process may use, whatever its control group allows. getrlimit(2), proc_pid_limits(5) */
#pragma once

#include "explain/explain.h"

/* The lines of /proc/PID/limits as facts; those that make no sense are passed over. */
void explain_rlimits_add(const char *text, const char *source, explain_facts *to);
