#include "sys/loop.h"

#include "base/time.h"
#include "sys/fd.h"

#include <limits.h>

int loop_open(struct loop *ret, struct err *err)
{
    *ret = LOOP_NONE;
    ret->epoll = epoll_create1(EPOLL_CLOEXEC);
    return ret->epoll < 0 ? err_errno(err, errno, "epoll_create1") : 0;
}

void loop_close(struct loop *l)
{
    l->epoll = fd_close(l->epoll);
}

void loop_watch(struct loop *l, struct loop_watch *w, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = w};
    int operation = !events ? EPOLL_CTL_DEL : w->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

    if (events == w->events)
        return;
    w->events = events;
    if (epoll_ctl(l->epoll, operation, w->fd, &event) < 0)
        abort();
}

void loop_set_timer(struct loop *l, struct loop_timer *t, int64_t at)
{
    struct loop_timer **place = &l->timers;

    while (*place && *place != t)
        place = &(*place)->next;
    if (*place)
        *place = t->next;
    t->at = at;
    if (!at)
        return;
    for (place = &l->timers; *place && (*place)->at <= at;)
        place = &(*place)->next;
    t->next = *place;
    *place = t;
}

static int milliseconds_left(const struct loop *l)
{
    int64_t left = l->timers ? l->timers->at - time_monotonic() : -1;

    if (!l->timers)
        return -1;
    return left <= 0 ? 0 : (int)MIN_OF((left + 999999) / 1000000, (int64_t)INT_MAX);
}

int loop_step(struct loop *l, struct err *err)
{
    struct epoll_event event;
    int n = epoll_wait(l->epoll, &event, 1, milliseconds_left(l));

    if (n < 0)
        return errno == EINTR ? 0 : err_errno(err, errno, "epoll_wait");
    if (n > 0) {
        struct loop_watch *w = event.data.ptr;

        w->ready(w, event.events);
    }
    /* A busy descriptor holds up no time. */
    if (l->timers && l->timers->at <= time_monotonic()) {
        struct loop_timer *t = l->timers;

        loop_set_timer(l, t, 0);
        t->due(t);
    }
    return 0;
}
