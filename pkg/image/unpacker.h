/* The process that unpacks one layer: forked, confined (layer/sandbox.h), and trusted with nothing but its tree.
 *
 * It reads the compressed layer from a file, which may still be growing, and reports over a socket: how far it came,
 * and at the end what it unpacked or why not.
 */
#pragma once

#include "layer/apply.h"

#include <sys/types.h>

struct unpacker {
    pid_t pid;  /* 0: none */
    int socket; /* becomes readable when there is something to know */
    int notice; /* to announce bytes of a growing file on; -1 for a complete one */
};

#define UNPACKER_NONE ((struct unpacker){.socket = -1, .notice = -1})

/* Starts it. layer_open_libraries() was called before. `blob_fd` is read by the child through a descriptor of its own
 * file position; all descriptors stay the caller's. With `growing` the file is read as far as is announced. SIGPIPE is
 * ignored by the caller. */
int unpacker_start(int blob_fd, bool growing, int tree_fd, int manifest_fd, struct unpacker *ret, struct err *err);

/* Announces bytes, from the start of the file; `last` when they are all and verified. A reader that is gone is no
 * error here: its end is told by unpacker_read(). */
void unpacker_announce(struct unpacker *u, int64_t total, bool last);

enum unpacker_news {
    UNPACKER_NOTHING,
    UNPACKER_PROGRESS, /* `ret_consumed` */
    UNPACKER_FINISHED, /* `ret_applied`; the process has ended */
};

/* Reads one report; `socket` was ready. A failure is the unpacker's: its error, or that it died. The process has ended
 * and was waited for then. */
int unpacker_read(struct unpacker *u, int64_t *ret_consumed, struct layer_applied *ret_applied, struct err *err);

/* Kills it where it still runs, waits for it, closes what is its. */
void unpacker_end(struct unpacker *u);
