/* What the parts of RUN share. */
#pragma once

#include "build/run.h"

/* The program's host name, whatever the machine's: it must not get into what a step makes. */
#define BUILD_RUN_HOSTNAME "cbox-build"

/* What is asked of the container (run_options.c), but for its mounts: plain data. The caller releases `ret` in any
 * case. */
int build_run_options(const struct build_run_job *job, struct engine_options *ret, struct err *err);

/* Follows a container that was just started to its end (run_follow.c): `socket` is its monitor's, attached to both
 * outputs. */
struct monitor_end;
int build_run_follow(const struct build_run_job *job, int socket, struct monitor_end *ret, struct err *err);

/* Lets go of job->lock, for every process that has a copy of it. */
void build_run_unlock(const struct build_run_job *job);

/* Takes away what was made in `tree` to mount on, as `made` (runtime_start.made) has it, where nothing came into it. */
int build_run_clear(int tree, int made, struct err *err);
