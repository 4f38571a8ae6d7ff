/* Standing in for a container's standard streams, terminal and signals while it runs in the foreground. */
#pragma once

#include "base/err.h"
#include "sys/tty.h"

#include <stdbool.h>

/* Blocks the signals that will be passed on, so that none is lost before there is somebody to take it. */
void attach_block_signals(void);

/* The size of the user's terminal: our standard output's, or else our input's. */
struct tty_size attach_terminal_size(void);

/* Gives it to the terminal whose master this is. */
void attach_set_size(int terminal);

/* Follows a container to its end: `socket` is its monitor's. Signals go to it (all but those that mean this process);
 * what it writes goes to our standard output and errors, with `input` our standard input goes to it. With a terminal
 * our input becomes raw, and its size follows ours. The exit code, once all output has been passed on, or the error why
 * it could not be started. Our terminal is set back whatever happens. */
int attach_follow(int socket, bool input, struct err *err);

/* The same for a program that is a child of ours and has our own standard streams, or the terminal whose master is
 * `terminal` (else -1). Takes both descriptors over. */
int attach_child(int *pidfd, int *terminal, struct err *err);
