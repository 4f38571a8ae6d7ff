/* Rotation: NAME becomes NAME.1, that NAME.2, and so on; the oldest goes. */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct log_rotation {
    int dir;
    const char *name; /* borrowed */
    int64_t max_file; /* with the one that is written */
    bool compress;
    int child; /* a pidfd of who compresses at the moment, or -1 */
};

/* What fails is a debug line: the log goes on in the file that it has. */
void log_rotate(struct log_rotation *r);

/* When log_rotation_end() or log_rotate() should be called for the sake of a child that may have ended; 0: no child. */
int64_t log_rotation_wake(const struct log_rotation *r);

/* Waits for who compresses. */
void log_rotation_end(struct log_rotation *r);
