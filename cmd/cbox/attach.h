/* Standing in for a container's standard streams, terminal and signals while it runs in the foreground. */
#pragma once

#include "base/err.h"
#include "detach_keys.h"
#include "sys/tty.h"

#include <stdbool.h>

/* Blocks the signals that will be passed on, so that none is lost before there is somebody to take it. */
void attach_block_signals(void);

/* The size of the user's terminal: our standard output's, or else our input's. */
struct tty_size attach_terminal_size(void);

/* Gives it to the terminal whose master this is. */
void attach_set_size(int terminal);

struct attach_options {
    bool input;                /* our standard input goes to it */
    bool own_signals;          /* signals that end a process end this one (--sig-proxy=false) */
    struct detach_keys detach; /* typed into a terminal */
};

/* The streams that this follows, bits as of MONITOR_ATTACH; and asking a monitor for them. */
unsigned attach_streams(const struct attach_options *options);
int attach_ask(int socket, const struct attach_options *options, struct err *err);

/* Follows a container to its end: `socket` is a connection to its monitor which is, or is about to be, attached to its
 * streams. Signals go to it (all but those that mean this process); what it writes goes to our standard output and
 * errors. With a terminal our input becomes raw, and its size follows ours. The exit code, once all output has been
 * passed on, or the error why it could not be started; `*ret_detached`: somebody typed the keys, and it goes on. Our
 * terminal is set back whatever happens. */
int attach_follow(int socket, struct attach_options *options, bool *ret_detached, struct err *err);

/* The same for a program that is a child of ours and has our own standard streams, or the terminal whose master is
 * `terminal` (else -1). Takes both descriptors over. */
int attach_child(int *pidfd, int *terminal, struct err *err);

/* The same for one that has no streams of ours: `streams` are our ends of its input, output and errors, each -1 where
 * it has none. `keeper`: of whom it is a child in our place (exec_keeper.h), or -1. Takes all descriptors over but
 * that. */
int attach_program(int *pidfd, int *terminal, int streams[3], int keeper, struct attach_options *options,
                   bool *ret_detached, struct err *err);

/* Tells that somebody detached from a container, by name or id. */
struct store;
void attach_tell_detached(struct store *s, const char *name);
