/* What happens to a living container: the kernel kills for want of memory, the container ends.
 *
 * v1 counts a descriptor up (eventfd(2), cgroup.event_control), v2 says that memory.events changed (inotify(7)). In
 * both the count of kills decides what there is to tell: v1 also wakes whoever waits when the cgroup is removed.
 */
#pragma once

#include "runtime/cgroup.h"

struct events {
    const struct cgroup *cg; /* borrowed */
    int process;             /* pidfd of the container's first process; borrowed */
    int notice;              /* -1: there is no memory controller to ask */
    uint64_t oom_kills;      /* as far as they were told */
    int64_t suspect_until;   /* time_monotonic(): something is wrong, and may yet come to a kill; 0: nothing is */
};

enum events_what {
    EVENTS_NONE, /* nothing to tell: the time is up, or the kernel woke for something else */
    EVENTS_OOM,
    EVENTS_END,
};

/* The caller releases `ret` after 0, before what it borrows. */
int events_open(const struct cgroup *cg, int process, struct events *ret, struct err *err);
void events_release(struct events *e);
#define _cleanup_events_ _cleanup_(events_release)

/* Waits until something happens, at most `timeout_ms` (-1: for ever). What the kernel killed before the end is told
 * before the end. */
int events_wait(struct events *e, int timeout_ms, enum events_what *ret, struct err *err);
