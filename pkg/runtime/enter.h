/* A further program in a container that runs: what `exec` and health checks start.
 *
 * It joins the container's namespaces and cgroup and has what the container's own process has, but for what is asked
 * for here. It ends with the container: with the first process of its PID namespace, or with its cgroup.
 */
#pragma once

#include "runtime/runtime.h"

struct runtime_enter {
    const struct oci_spec *spec; /* the container's */
    pid_t pid;                   /* its first process, */
    int pidfd;                   /* by which that is still the same */
    const char *cgroup;          /* the container's, as in its record; NULL or "": none */
    const char *seccomp_cache;   /* as in struct runtime_start */

    char *const *args;
    char *const *env;    /* NAME=VALUE, in place of the container's or beside it */
    const char *user;    /* "USER[:GROUP]", looked up in the container; NULL: the container's */
    const char *workdir; /* NULL: the container's */
    bool terminal;       /* its own: runtime_process.terminal */
    struct oci_console_size size;
    bool privileged; /* all capabilities, and no profile of AppArmor */
    int stdio[3];    /* where there is no terminal; -1: /dev/null */
    bool outlives;   /* does not die with the calling process, which has to reap it */
};

/* 0 once the program runs; the caller reaps it (proc_wait()), and releases `ret` after 0. ERR_NO_COMMAND, ERR_NO_EXEC;
 * ERR_NOT_FOUND where the container has ended. The calling process must have one thread. */
int runtime_enter(const struct runtime_enter *how, struct runtime_process *ret, struct err *err);
