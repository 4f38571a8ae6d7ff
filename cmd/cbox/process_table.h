/* Processes of a container as ps(1) shows them. */
#pragma once

#include "runtime/cgroup.h"

/* Runs ps(1) with these options (none: -ef), and hands over its heading and the lines of these processes, in its order.
 * Without a ps(1) and without options the table is made here. ERR_INVALID: it does not like the options, or shows no
 * column PID; ERR_NOT_FOUND where it is missing. */
int process_table(const cgroup_pid_list *pids, char *const *ps_options, void (*line)(const char *text, void *data),
                  void *data, struct err *err);

/* How many words a line has, and the one with this number, from 0; NULL if it has fewer. */
int process_table_words(const char *line);
const char *process_table_word(const char *line, int n);
