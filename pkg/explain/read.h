/* Where statements come from. */
#pragma once

#include "explain/explain.h"

/* A file of a process, "status" for /proc/PID/status, appended to `ret`: at most a mebibyte of it, ERR_LIMIT.
 * ERR_NOT_FOUND where it has ended. */
int explain_read(pid_t pid, const char *file, struct buf *ret, struct err *err);

/* Opens what a container that runs has at `path`, which is resolved beneath its root: path_open_in_root() of
 * sys/path.h. -errno. */
int explain_open_inside(const struct explain_subject *subject, const char *path, int flags);

/* What is told of a container that does not run: that file would say it. */
#define EXPLAIN_SOURCE_IMAGE "the specification that a run would make"

/* Where that is read: "/proc/PID/FILE" of one that runs, the specification of one that does not. The caller frees it.
 */
char *explain_source(const struct explain_subject *subject, const char *file);

/* The specification, of one that runs as well, for what the kernel does not tell. The same. */
char *explain_spec_source(const struct explain_subject *subject);

/* Says that something cannot be told, and why. */
void explain_unread(explain_facts *to, const char *name, const struct err *why);
