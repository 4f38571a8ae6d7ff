/* The runtime: a specification and a root file system become a running process.
 *
 * What is to be done is first compiled into a plan (runtime/plan.h), then a cloned child carries it out in its own
 * namespaces and becomes the container's program. It tells how that went over a socket that closes at the execve(2):
 * whatever fails on the way arrives as an error here.
 *
 * Nothing that the child does can be seen outside of its namespaces, so there is nothing to undo when it dies halfway:
 * the root is mounted in its mount namespace alone. It dies with its parent (until its program gains privileges by
 * execve(2), which takes that away: what is left then is found by its cgroup).
 *
 * The calling process must have one thread.
 */
#pragma once

#include "oci/spec.h"
#include "oci/state.h"
#include "runtime/cgroup.h"
#include "runtime/gate.h"

#include <stdbool.h>
#include <sys/types.h>

/* A root file system made of layers. Paths are relative to `dir`, which keeps them short: the kernel takes no option
 * longer than 255 bytes. `dir` itself is absolute, and no descriptor: the child has to reach it in its own mount
 * namespace. */
struct runtime_overlay {
    const char *dir;
    char **lower;       /* the topmost first, at least one */
    char *upper, *work; /* NULL: it can only be read; `lower` are two at least then */
    bool discard;       /* `upper` will not be used again: what is written need not reach the disk */
};

struct runtime_start {
    const struct oci_spec *spec;
    const struct runtime_overlay *overlay; /* mounted on the spec's root.path; NULL: the directory is the root itself */
    const char *bundle; /* what relative paths of root and mounts begin in; absolute, or NULL where there are none */
    const struct cgroup_host *host;
    const struct cgroup *cgroup; /* to be joined, or NULL */
    int stdio[3];                /* become 0, 1, 2 where there is no terminal; -1: /dev/null */
    unsigned preserve_fds;       /* so many of the caller's descriptors, from 3 on, are the program's as well */

    const struct gate *gate;       /* it waits there before its program runs; NULL: it does not wait */
    const struct oci_state *state; /* what hooks are told, and where the bundle is; NULL: neither */
    bool outlives;                 /* does not die with the calling process */
    bool no_pivot;                 /* the root cannot be changed by pivot_root(2), as on a ramdisk */
    bool no_keyring;               /* keeps the session keyring of the caller */
    bool init;                     /* a process of ours stays in front of the program (child_init.c) */
    int made;                      /* a file that gets the path of each directory and file of the root that is made to
                                      mount on, with a NUL behind it, parents first; 0: none */
    const char *seccomp_cache;     /* a directory for compiled filters (runtime/seccomp.h); NULL: none */

    /* A program for a container that runs, in place of a new container: the process whose namespaces are joined; else
     * 0, and its pidfd, by which it is still the same. Of the spec counts what belongs to a program alone. */
    pid_t enter;
    int enter_pidfd;
};

struct runtime_process {
    pid_t pid;
    int pidfd;    /* as the other descriptors owned by the caller; runtime_process_release() */
    int terminal; /* the master of its terminal once it has started, or -1 */
    int sync;     /* runtime_await() */
};

#define RUNTIME_PROCESS_INIT ((struct runtime_process){.pid = -1, .pidfd = -1, .terminal = -1, .sync = -1})

/* Compiles the plan and clones the child. The caller reaps it (proc_wait()). ERR_INVALID and ERR_UNSUPPORTED for what
 * the spec asks and cannot be, ERR_PERMISSION, ERR_IO. */
int runtime_start(const struct runtime_start *start, struct runtime_process *ret, struct err *err);

enum runtime_event {
    RUNTIME_RUNS = 0, /* its program runs */
    RUNTIME_HOOKS,    /* `state`: everything is mounted, the root is not changed; waits for runtime_go_on() */
    RUNTIME_WAITS,    /* `gate`: only startContainer's hooks and the program are left; waits for runtime_go_on(), and
                         then at its gate */
};

/* Waits for the next of these events, or the child's error (ERR_NO_COMMAND, ERR_NO_EXEC and all others): it is about to
 * end then. */
int runtime_await(struct runtime_process *process, struct err *err);

/* Lets it go on. Without this it ends when the caller does. */
int runtime_go_on(struct runtime_process *process, struct err *err);

/* Closes the descriptors. What waits for runtime_go_on() ends. */
void runtime_process_release(struct runtime_process *process);
#define _cleanup_process_ _cleanup_(runtime_process_release)
