/* The monitor: the one process that stays with a container.
 *
 * It is forked by whoever starts the container, in a session of its own, and inherits the lock on the container's
 * directory, which it holds as long as it lives. It makes the cgroup, starts the container, writes down how that went,
 * waits, and cleans up; the caller hears of it over a socket and may go away at any time. When the monitor itself is
 * killed, the container's first process dies with it, and the next command finds the lock free and finishes the rest.
 *
 * The program's standard streams are a terminal or pipes made here, never the caller's own: what stands open in a
 * container can be opened again through /proc/self/fd, whatever the caller opened it for, and changed in its mode.
 */
#pragma once

#include "oci/spec.h"
#include "runtime/runtime.h"
#include "store/container.h"

/* Frames from the monitor (sys/frame.h), in this order. */
enum monitor_message {
    MONITOR_STARTED = 1, /* the program runs; descriptors: its pidfd, then the master of its terminal, or without one
                            the other ends of its output, its errors and, where it has one, its input */
    MONITOR_FAILED,      /* it could not be started: the error; nothing follows */
    MONITOR_ENDED,       /* its exit code, an int32_t; cgroup and, with --rm, the container are gone */
};

struct monitor_job {
    struct store *store;
    struct store_container *dir; /* locked */
    struct store_container_record *record;
    const struct oci_spec *spec;
    const struct runtime_overlay *overlay;
    bool input;                            /* without a terminal: somebody will write to its standard input */
    void (*housekeeping)(struct store *s); /* called once the program runs; may be NULL */
};

/* Forks the monitor; the socket on which it reports is the caller's. The calling process must have one thread; it
 * closes its own descriptor of the container's directory afterwards, so that the lock is the monitor's alone. ERR_IO.
 */
int monitor_fork(const struct monitor_job *job, int *ret_socket, struct err *err);
