/* What of a living container the kernel tells: its processes, and what it uses. */
#pragma once

#include "container/container.h"
#include "runtime/cgroup.h"

/* The processes of its cgroup (which is an event: "top"), as this process sees them. ERR_INVALID in Docker's words
 * where it does not run. The caller frees `ret->v` after 0. */
int container_processes(struct store *s, const struct container_view *v, cgroup_pid_list *ret, struct err *err);

/* The ids of the execs that run in it and that somebody waits for; NULL: none. The caller frees it. */
char **container_exec_ids(const struct store_container_record *record);

/* One reading. */
struct container_usage {
    uint64_t cpu, system; /* ns of CPU time: its own, and of the whole host */
    unsigned cpus;        /* of the host */
    uint64_t memory,
        memory_limit; /* bytes, without files that are not in use; the host's memory where there is no limit */
    uint64_t received, sent, read, written; /* bytes, from the network and from block devices */
    uint64_t pids;
};

/* Of one that does not run, or has ended meanwhile, all is 0. */
int container_usage(const struct store_container_record *record, struct container_usage *ret, struct err *err);

/* How many hundredths of a CPU it used between two readings. */
double container_usage_cpu(const struct container_usage *before, const struct container_usage *now);
double container_usage_memory(const struct container_usage *u); /* in percent of the limit */
