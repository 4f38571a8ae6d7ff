/* Work in a forked process of its own, which says how it ended: for what must not happen in this one, be it for
 * threads, for mounts, or because it reads foreign bytes and confines itself first.
 *
 * What the process says is an error or an answer of fixed size, and before that whatever it likes. It may have been
 * taken over: what comes from it is looked at like anything foreign.
 */
#pragma once

#include "base/err.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct aside {
    /* In the process: 0, or an error. What it leaves in `answer` is the answer; `socket` is for aside_tell(), and the
     * one descriptor that it has to keep. It may confine itself. */
    int (*work)(void *data, int socket, struct err *err);
    void *data;
    void *answer; /* copied back from the process when it ended well; NULL: nothing is */
    size_t answer_len;

    /* In this process: each message of aside_tell(). May be NULL. */
    void (*hear)(void *data, const void *message, size_t len);

    /* Once it is not 0 the process gets SIGTERM until it ends. May be NULL. */
    const volatile sig_atomic_t *stop;

    /* It runs other programs: whatever they start ends with it (pid_namespaces(7)), whose number is another to itself
     * then, and `stop` kills it. */
    bool with_all;
};

/* Runs it to its end: 0, the error of the work, ERR_INTERRUPTED where `stop` ended it, ERR_IO where it was killed. The
 * process ends with this one. */
int aside(const struct aside *a, struct err *err);

/* Says something to the process that waits, if it listens. */
void aside_tell(int socket, const void *message, size_t len);

/* The first step of a forked process that works for this one: it ends with `parent`, at once by the signals that ask
 * for an end unless they are ignored, and where `parent` has ended already. */
void aside_begin(pid_t parent);
