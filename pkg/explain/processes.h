/* The processes of a container, with their numbers inside and outside. pid_namespaces(7) */
#pragma once

#include "explain/explain.h"

enum {
    EXPLAIN_PROCESSES_READ = 4096, /* beyond so many they are only counted */
    EXPLAIN_PROCESSES_SHOWN = 50,
    EXPLAIN_COMMAND_MAX = 200, /* bytes of a command line */
};

struct explain_process {
    int64_t outside, parent; /* as we see them */
    int64_t inside;          /* 0: it is seen by nobody inside */
    int64_t uid;             /* on the host */
    char *user, *command;    /* printable */
    const char *by;          /* what put it there from outside: "exec", "health check"; NULL: it was started inside */
};
typedef VEC(struct explain_process) explain_process_list;
void explain_processes_release(explain_process_list *list);

/* As a tree, cut at `shown`. `all`: how many there are; `source` where that was counted. */
void explain_processes_add(const explain_process_list *list, size_t all, size_t shown, const char *source,
                           explain_facts *to);

/* What /proc/PID/cmdline says, as one line that is not longer than EXPLAIN_COMMAND_MAX; "[name]" where it says nothing.
 * The caller frees it. */
char *explain_command_line(const char *text, size_t len, const char *name);
