/* Waiting for descriptors and for times, many at once, in a process that sleeps otherwise. epoll(7).
 *
 * One event is handled at a time, so whatever is called may stop watching, close and free anything, itself included.
 */
#pragma once

#include "base/err.h"

#include <stdint.h>
#include <sys/epoll.h>

struct loop_watch {
    int fd;
    void (*ready)(struct loop_watch *w, uint32_t events); /* EPOLLIN, EPOLLOUT; EPOLLERR and EPOLLHUP come unasked */
    void *data;
    uint32_t events; /* what is waited for; 0: nothing, not even its end */
};

struct loop_timer {
    int64_t at; /* time_monotonic(); 0: it is not set */
    void (*due)(struct loop_timer *t);
    void *data;
    struct loop_timer *next;
};

struct loop {
    int epoll;
    struct loop_timer *timers;
};

#define LOOP_NONE ((struct loop){.epoll = -1})

int loop_open(struct loop *ret, struct err *err);
void loop_close(struct loop *l);

/* Waits for other events of `w->fd` than before; 0 before it is closed. A failure (no memory) ends the process as that
 * of an allocation does. */
void loop_watch(struct loop *l, struct loop_watch *w, uint32_t events);

/* Calls `t->due` once at that time; 0: no more. */
void loop_set_timer(struct loop *l, struct loop_timer *t, int64_t at);

/* Waits for one event, or the time that comes first, and calls for it. ERR_IO. */
int loop_step(struct loop *l, struct err *err);
