/* Terminals: the mode and size of the user's, and pseudo-terminals for containers. termios(3), pty(7), ioctl_tty(2). */
#pragma once

#include "base/buf.h"

#include <stdint.h>

struct tty_size {
    uint16_t rows, columns;
};

/* Both 0 where `fd` is no terminal. */
struct tty_size tty_size_get(int fd);
int tty_size_set(int fd, struct tty_size size); /* 0 or -errno */

/* Passes each byte on as it is typed: no echo, no line editing, no signals from keys. The terminal is set back by
 * tty_raw_end(), at exit(3), and when the process dies by a fault or by abort(3); one terminal at a time. Signals that
 * end the process by default are the caller's to catch. ERR_IO. */
int tty_raw_begin(int fd, struct err *err);

/* Sets it back; without tty_raw_begin() it does nothing. */
void tty_raw_end(void);

/* Reads a line that is not shown while it is typed, without its end; `out` has a limit. The terminal is set back
 * whatever happens, also when a signal ends the process meanwhile (Ctrl-C does). ERR_IO, ERR_LIMIT; ERR_INTERRUPTED at
 * the end of the input. */
int tty_read_secret(int fd, struct buf *out, struct err *err);

/* A new pseudo-terminal from the multiplexer `ptmx` (a descriptor of /dev/ptmx or of pts/ptmx in any devpts): its
 * other side, opened without becoming anybody's controlling terminal, or -errno. `ptmx` becomes the master. */
int tty_open_slave(int ptmx);

/* Makes `fd` the controlling terminal of the calling process, in a new session; 0 or -errno. */
int tty_take_control(int fd);
