/* Messages between two of our own processes: a type, a few bytes and a few descriptors, over a pair of sockets of type
 * SOCK_SEQPACKET, so that each arrives whole or not at all. unix(7).
 */
#pragma once

#include "base/err.h"

#include <stdint.h>
#include <sys/types.h>

enum { FRAME_MAX = 8192, FRAME_FDS_MAX = 4 };

struct frame {
    uint32_t type;
    uint32_t len;
    char data[FRAME_MAX];
    int fds[FRAME_FDS_MAX]; /* received: the caller's to close, -1 where there is none */
    size_t n_fds;
};

/* Two connected ends, close-on-exec; 0 or -errno. */
int frame_pair(int ret[2]);

/* Sends one message; the descriptors stay the caller's. 0 or -errno (EPIPE when the other end is gone). Never raises
 * SIGPIPE. */
int frame_send(int fd, uint32_t type, const void *data, size_t len, const int *fds, size_t n_fds);

/* Waits for a message: 1; 0 at the end, when the other end was closed; or -errno. Descriptors arrive close-on-exec. */
int frame_receive(int fd, struct frame *ret);

void frame_release(struct frame *f);

/* An error as a message, whole with kind, text and hint; and taking it out again (returns its kind). */
int frame_send_error(int fd, uint32_t type, const struct err *err);
int frame_take_error(const struct frame *f, struct err *err);
