/* Signals to a living container, and what follows from them. */
#include "base/time.h"
#include "container/internal.h"
#include "monitor/monitor.h"
#include "sys/fd.h"
#include "sys/proc.h"
#include "sys/signal_name.h"

#include <signal.h>
#include <stdio.h>

enum { STOP_SECONDS = 10 };
static const int64_t second = 1000000000, kill_wait = 10000000000; /* ns */

/* How a container is stopped. */
struct stop {
    int signal;
    int64_t until; /* time_monotonic(), then it is killed; 0: never */
};

/* What was not said is the container's own. */
static int read_stop(struct store *s, const char *id, const char *signal, int64_t seconds, struct stop *ret,
                     struct err *err)
{
    _cleanup_engine_options_ struct engine_options o = {0};
    int r = container_read_options(s, id, &o, err);

    if (r < 0)
        return r;
    if (str_empty(signal))
        signal = str_given(o.config.config.stop_signal);
    if (seconds == CONTAINER_OWN_TIMEOUT)
        seconds = o.config.stop_timeout ? *o.config.stop_timeout : STOP_SECONDS;
    r = signal ? signal_parse(signal, &ret->signal, err) : 0;
    if (!signal)
        ret->signal = SIGTERM;
    ret->until = seconds < 0 ? 0 : time_monotonic() + MIN_OF(seconds, INT64_MAX / second / 2) * second;
    return r;
}

static int send(struct store *s, const struct container_view *v, int pidfd, int signal, struct err *err)
{
    char number[16];
    int r = proc_signal(pidfd, signal);

    if (r == -ESRCH) /* it has just ended */
        return 0;
    if (r < 0)
        return err_errno(err, -r, "sending it signal %d", signal);
    snprintf(number, sizeof(number), "%d", signal);
    monitor_tell(s, &v->record, "kill", "signal", number);
    return 0;
}

/* Sends a signal that may be the last: what is frozen could not follow it. */
static int send_last(struct store *s, const struct container_view *v, int pidfd, int signal, struct err *err)
{
    int r = send(s, v, pidfd, signal, err);

    return r == 0 && v->record.status == STORE_CONTAINER_PAUSED ? container_freeze_cgroup(v->record.cgroup, false, err)
                                                                : r;
}

/* Waits for an end; `again`: one that is followed by a start will do. 0 where the time came first. */
static int await(const struct container_view *v, int64_t until, bool again, struct err *err)
{
    struct monitor_end end;
    int r;

    do {
        r = monitor_await_end(v->monitor, until, &end, err);
    } while (r > 0 && end.again && !again);
    return r;
}

/* Asks for its end, sees to it, and waits until all is over. A monitor that is gone has ended what it watched. */
static int end(struct store *s, const struct container_view *v, enum monitor_message how, const struct stop *stop,
               struct err *err)
{
    _cleanup_monitor_fds_ struct monitor_fds got = MONITOR_FDS_NONE;
    int pidfd, r = monitor_ask(v->monitor, how, NULL, 0, &got, err);
    bool again = how == MONITOR_RESTART;

    if (r < 0)
        return r;
    pidfd = got.fds[MONITOR_PROGRAM];
    if (pidfd < 0) /* between two runs */
        return again ? 0 : await(v, 0, false, err);
    r = send_last(s, v, pidfd, stop->signal, err);
    if (r == 0)
        r = await(v, stop->until, again, err);
    if (r != 0)
        return r;
    r = send_last(s, v, pidfd, SIGKILL, err);
    if (r == 0)
        r = await(v, time_monotonic() + kill_wait, again, err);
    return r == 0 ? err_set(err, ERR_BUSY, "container %.12s does not end", v->id) : r;
}

int container_stop(struct store *s, const char *name, const char *signal, int64_t seconds, struct err *err)
{
    _cleanup_container_view_ struct container_view v = CONTAINER_VIEW_NONE;
    struct stop stop;
    int r = container_view(s, name, &v, err);

    if (r < 0 || v.monitor < 0)
        return r;
    r = read_stop(s, v.id, signal, seconds, &stop, err);
    if (r == 0)
        r = end(s, &v, MONITOR_STOPPING, &stop, err);
    if (r == ERR_NOT_FOUND) /* somebody else was faster */
        return 0;
    if (r >= 0)
        monitor_tell(s, &v.record, "stop", NULL, NULL);
    return r < 0 ? err_wrap(err, "cannot stop container: %s", name) : 0;
}

static int restart(struct store *s, const struct config *config, const struct container_view *v, const char *signal,
                   int64_t seconds, struct err *err)
{
    struct err why = ERR_INIT;
    struct stop stop;
    int r = v->monitor < 0 ? ERR_NOT_FOUND : read_stop(s, v->id, signal, seconds, &stop, err);

    if (r == 0)
        r = end(s, v, MONITOR_RESTART, &stop, &why);
    if (r >= 0)
        return container_await_start(v->monitor, err);
    if (r == ERR_NOT_FOUND) /* there was none, or it was killed meanwhile */
        return container_start_alone(s, config, v->id, err);
    if (why.kind && err)
        *err = why;
    return r;
}

int container_restart(struct store *s, const struct config *config, const char *name, const char *signal,
                      int64_t seconds, struct err *err)
{
    _cleanup_container_view_ struct container_view v = CONTAINER_VIEW_NONE;
    int r = container_view(s, name, &v, err);

    if (r < 0)
        return r;
    r = restart(s, config, &v, signal, seconds, err);
    if (r == 0)
        monitor_tell(s, &v.record, "restart", NULL, NULL);
    return r < 0 ? err_wrap(err, "cannot restart container %s", name) : 0;
}

static int send_signal(struct store *s, const struct container_view *v, const char *signal, struct err *err)
{
    struct stop own, stop = {.signal = SIGKILL, .until = time_monotonic() + kill_wait};
    int r = str_empty(signal) ? 0 : signal_parse(signal, &stop.signal, err);

    if (r == 0 && v->monitor < 0)
        r = err_set(err, ERR_INVALID, "container %s is not running", v->id);
    if (r == 0)
        r = read_stop(s, v->id, NULL, 0, &own, err);
    if (r < 0)
        return r;
    if (stop.signal == SIGKILL) {
        r = end(s, v, MONITOR_STOPPING, &stop, err);
        return r == ERR_NOT_FOUND ? 0 : MIN_OF(r, 0);
    }
    if (stop.signal != own.signal)
        return v->pidfd >= 0 ? send(s, v, v->pidfd, stop.signal, err) : 0;
    r = monitor_ask(v->monitor, MONITOR_STOPPING, NULL, 0, NULL, err);
    return r == 0 && v->pidfd >= 0 ? send_last(s, v, v->pidfd, stop.signal, err) : r;
}

int container_kill(struct store *s, const char *name, const char *signal, struct err *err)
{
    _cleanup_container_view_ struct container_view v = CONTAINER_VIEW_NONE;
    int r = container_view(s, name, &v, err);

    if (r < 0)
        return r;
    r = send_signal(s, &v, signal, err);
    return r < 0 ? err_wrap(err, "cannot kill container: %s", name) : 0;
}
