/* File descriptors: ownership, whole reads and writes.
 *
 * Every descriptor is opened with O_CLOEXEC. -1 is "none" everywhere.
 */
#pragma once

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

/* Closes a descriptor unless it is -1; keeps errno; returns -1, so `fd = fd_close(fd)` forgets it. */
int fd_close(int fd);

static inline void fd_close_cleanup(int *fd)
{
    *fd = fd_close(*fd);
}
#define _cleanup_fd_ _cleanup_(fd_close_cleanup)

static inline int steal_fd(int *fd)
{
    int stolen = *fd;

    *fd = -1;
    return stolen;
}

/* After a read (POLLIN) or a write (POLLOUT) that failed: whether it is to be tried again. What another program shares
 * may have been made non-blocking by that (standard input and output are): then it is waited for. Sets errno otherwise.
 */
bool fd_again(int fd, short events);

/* Writes all of it (a short write goes on, fd_again() too); 0 or -errno. Names nothing: the caller knows the object. */
int fd_write_all(int fd, const void *data, size_t len);

/* Reads until `len` bytes or the end; the count, or -errno. */
ssize_t fd_read_all(int fd, void *data, size_t len);
ssize_t fd_pread_all(int fd, void *data, size_t len, int64_t offset);

/* The rest of `fd` appended to `b`, whose `max` bounds it: ERR_LIMIT beyond. `what` names the object in errors. */
int fd_read_rest(int fd, const char *what, struct buf *b, struct err *err);

/* A whole file, relative to `dirfd` (AT_FDCWD). Only regular files and what /proc and /sys offer; never follows a
 * symbolic link in the last component. */
int fd_read_file(int dirfd, const char *path, struct buf *b, struct err *err);

/* The same for a file that the user or the system names, and may have made a symbolic link: configuration,
 * credentials, certificates. */
int fd_read_user_file(const char *path, struct buf *b, struct err *err);

/* One small text into an existing file (as /proc, /sys and cgroup files want it: in a single write); 0 or -errno. */
int fd_write_text(int dirfd, const char *path, const char *text);

/* Sets or clears O_NONBLOCK; 0 or -errno. */
int fd_set_nonblock(int fd, int on);

/* For a process that goes on when the command that forked it is over: closes what that was started with beside 0, 1 and
 * 2, for somebody may wait for its end. What cbox opens itself is close-on-exec, which tells the two apart. */
void fd_close_inherited(void);

/* For the start of a program: what was started with 0, 1 or 2 closed would get a file of its own under that number, and
 * write into it what was meant for the user. Ends the process where it cannot be helped. */
void fd_hold_stdio(void);
