/* The gate at which a created container waits until somebody starts it.
 *
 * It stands in a directory of the host as two files: a socket, which has its name when all is ready, and a lock that
 * the container's process holds until it becomes its program. So whether a container waits is the kernel's word and not
 * a record's, and whoever starts it hears over the socket what became of the program: an error, or the end of the
 * connection, which execve(2) closes.
 *
 * unix(7); fcntl(2), "Open file description locks".
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>

struct gate {
    int listener, lock; /* both pass to the container's process */
};

#define GATE_NONE ((struct gate){-1, -1})

/* Makes the two files in `dirfd`, a directory, and locks. Nobody can start anything yet. The caller releases `ret`
 * after 0. ERR_IO. */
int gate_open(int dirfd, struct gate *ret, struct err *err);

/* From now on it can be started. ERR_IO. */
int gate_ready(int dirfd, struct err *err);
void gate_release(struct gate *gate);
#define _cleanup_gate_ _cleanup_(gate_release)

/* Whether a process holds the gate in `dirfd`: it waits there, or is on its way there and `*ret_ready` is false. */
bool gate_is_closed(int dirfd, bool *ret_ready);

/* For the container's process: waits until it is started; a connection to whoever does, or -errno. */
int gate_wait(const struct gate *gate);

/* Starts what waits at the gate in `dirfd`: 0 once its program runs, or its error. ERR_INVALID where nothing waits. */
int gate_pass(int dirfd, struct err *err);

/* Removes its files. */
void gate_remove(int dirfd);
