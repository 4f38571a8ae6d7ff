/* Bytes on their way from one descriptor to another, one direction; nothing here waits for either of them. */
#pragma once

#include "detach_keys.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

struct relay {
    int from, to;             /* borrowed; both -1 when it is over */
    bool whole;               /* `to` is a regular file, which takes everything at once */
    struct detach_keys *keys; /* typed into it, they are its end; NULL: there are none */
    bool detached;
    bool direct; /* between pipes and files the kernel moves the bytes by itself */
    bool full;   /* and `to` has no room for those that are there */
    size_t begin, end;
    char *bytes; /* from `begin` to `end`: read, and not written yet; NULL where the kernel moves all */
};

#define RELAY_NONE ((struct relay){.from = -1, .to = -1})

void relay_release(struct relay *r);

/* Begins. `from` should not block (or only be read when poll(2) says so); `to` may, and is then given no more at once
 * than a pipe has room for when poll(2) says that it has. */
void relay_begin(struct relay *r, int from, int to);

bool relay_is_over(const struct relay *r);

/* Whether something is there that `to` has had no room for. */
bool relay_is_pending(const struct relay *r);

/* What it waits for: room for what is pending, else something to read. Two entries, -1 where it waits for nothing. */
void relay_watch(const struct relay *r, struct pollfd fds[2]);

/* After poll(2): moves what can be moved. At the end of `from`, or when nobody takes what goes to `to`, it is over. */
void relay_move(struct relay *r, const struct pollfd fds[2]);
