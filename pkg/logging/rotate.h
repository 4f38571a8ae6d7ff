/* Rotation: NAME becomes NAME.1, that NAME.2, and so on; the oldest goes.
 *
 * With compression a child process makes NAME.I.gz of NAME.I. It writes into NAME.gz~, which gets its name from the
 * parent when the child has ended well: the file may have been rotated meanwhile. The time of change stays the old
 * file's, by which those who follow the log know the one by the other.
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct log_rotation {
    int dir;
    const char *name; /* borrowed */
    int64_t max_file; /* with the one that is written */
    bool compress;
    int child;      /* a pidfd of who compresses at the moment, or -1 */
    int64_t source; /* what it reads: NAME.source */
    bool failed;    /* it is tried again behind the next rotation */
};

/* What fails is a debug line: the log goes on in the file that it has. */
void log_rotate(struct log_rotation *r);

/* Looks after a child that may have ended, and starts the next one where a file is left to compress. */
void log_rotation_look(struct log_rotation *r);

/* Waits for the child; `rest`: and for others that compress what is left, as far as that takes no long time. */
void log_rotation_end(struct log_rotation *r, bool rest);

/* When that is due, in time_monotonic()'s time; 0: no child. */
int64_t log_rotation_wake(const struct log_rotation *r);
