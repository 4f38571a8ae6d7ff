/* Shared by the stats*.c files; not for use elsewhere. */
#pragma once

#include "runtime/cgroup_internal.h"
#include "runtime/stats.h"

/* One number of a file, "max" as UINT64_MAX; 0 where there is no such file. 0 or an error. */
int stats_number(const struct cgroup_member *m, const char *file, uint64_t *ret, struct err *err);

/* The content of a file; false without an error where there is none. */
int stats_text(const struct cgroup_member *m, const char *file, struct buf *ret, bool *ret_there, struct err *err);

/* The line from `*p` on, as a string that the caller frees, and `*p` behind it; NULL at the end. */
char *stats_line(const char **p);

int stats_pressure_read(const struct cgroup_member *m, const char *file, struct stats_pressure *ret, struct err *err);

/* Parts of a reading; a host without the controller leaves it all 0. */
int stats_read_memory(const struct cgroup *cg, struct stats *s, struct err *err);
int stats_read_io(const struct cgroup *cg, struct stats *s, struct err *err);
int stats_read_network(pid_t pid, struct stats *s, struct err *err);
