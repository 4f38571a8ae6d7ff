/* One run of a container's program: its cgroup and its first process. */
#pragma once

#include "monitor/streams.h"

struct program {
    struct cgroup *cgroup; /* NULL: none was made, or it is gone */
    struct runtime_process process;
};

#define PROGRAM_NONE ((struct program){.process = RUNTIME_PROCESS_INIT})

/* Makes the cgroup and starts the program with its streams, which have begun then. `meanwhile` is called while the
 * process is on its way. Whatever happens, program_clean_up() follows. */
int program_start(const struct monitor_job *job, struct streams *streams, struct program *ret,
                  int (*meanwhile)(void *data, struct err *err), void *data, struct err *err);

/* Reaps the first process: its exit code. Others that outlive it are killed. */
int program_reap(const struct monitor_job *job, struct program *p);

/* Whether the kernel killed one of its processes for the memory that it took. */
bool program_oom_killed(const struct program *p);

/* Removes the cgroup, and all that is in it. */
int program_clean_up(struct program *p, struct err *err);
