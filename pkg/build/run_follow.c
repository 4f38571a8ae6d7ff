/* A step's program from its start to its end: what it writes, and that it is to end. */
#include "build/run_internal.h"
#include "container/container.h"
#include "monitor/monitor.h"
#include "sys/fd.h"
#include "sys/frame.h"
#include "sys/proc.h"

#include <poll.h>
#include <signal.h>
#include <sys/file.h>

struct follow {
    const struct build_run_job *job;
    int socket;
    int pidfd;      /* -1 before it runs */
    int streams[2]; /* output and errors; -1 when one is over */
    bool stopping, ended;
    struct monitor_end end;
};

enum { CHUNK = 65536, AT_SOCKET = 0, AT_STREAMS, AT_STOP = AT_STREAMS + 2, WATCHED };

void build_run_unlock(const struct build_run_job *job)
{
    if (!job->lock || *job->lock < 0)
        return;
    flock(*job->lock, LOCK_UN);
    *job->lock = fd_close(*job->lock);
}

static void kill_it(const struct follow *f)
{
    if (f->stopping && f->pidfd >= 0)
        proc_signal(f->pidfd, SIGKILL);
}

static void take_streams(struct follow *f, struct frame *frame)
{
    _cleanup_monitor_fds_ struct monitor_fds got = MONITOR_FDS_NONE;

    monitor_take_fds(frame, &got);
    for (size_t i = 0; i < ARRAY_SIZE(f->streams); i++) {
        fd_close(f->streams[i]);
        f->streams[i] = steal_fd(&got.fds[MONITOR_OUTPUT + i]);
    }
}

static int take_frame(struct follow *f, struct frame *frame, struct err *err)
{
    switch (frame->type) {
    case MONITOR_STARTED:
        build_run_unlock(f->job);
        fd_close(f->pidfd);
        f->pidfd = steal_fd(&frame->fds[0]);
        kill_it(f);
        break;
    case MONITOR_DONE:
        take_streams(f, frame);
        break;
    case MONITOR_ENDED:
        monitor_take_end(frame, &f->end);
        f->ended = true;
        break;
    case MONITOR_FAILED:
    case MONITOR_REFUSED:
        return frame_take_error(frame, err);
    }
    return 0;
}

static int take_message(struct follow *f, struct err *err)
{
    struct frame frame;
    int r = frame_receive(f->socket, &frame);

    if (r < 0 && r != -ECONNRESET)
        return err_errno(err, -r, "listening to the container's monitor");
    if (r <= 0)
        return err_set(err, ERR_IO, "the container's monitor was killed");
    r = take_frame(f, &frame, err);
    frame_release(&frame);
    return r;
}

static void pass_on(struct follow *f, size_t i)
{
    char chunk[CHUNK];
    ssize_t n = read(f->streams[i], chunk, sizeof(chunk));

    if (n > 0 && f->job->output)
        f->job->output(f->job->data, (int)i + 1, chunk, (size_t)n);
    else if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
        f->streams[i] = fd_close(f->streams[i]);
}

static int step(struct follow *f, struct err *err)
{
    struct pollfd fds[WATCHED] = {
        [AT_SOCKET] = {.fd = f->ended ? -1 : f->socket, .events = POLLIN},
        [AT_STREAMS] = {.fd = f->streams[0], .events = POLLIN},
        [AT_STREAMS + 1] = {.fd = f->streams[1], .events = POLLIN},
        [AT_STOP] = {.fd = f->stopping ? -1 : f->job->stop_fd, .events = POLLIN},
    };
    int r = 0;

    if (poll(fds, WATCHED, -1) < 0)
        return errno == EINTR ? 0 : err_errno(err, errno, "poll");
    if (fds[AT_STOP].revents) {
        f->stopping = true;
        kill_it(f);
    }
    for (size_t i = 0; i < ARRAY_SIZE(f->streams); i++)
        if (fds[AT_STREAMS + i].revents)
            pass_on(f, i);
    if (fds[AT_SOCKET].revents)
        r = take_message(f, err);
    return r;
}

int build_run_follow(const struct build_run_job *job, int socket, struct monitor_end *ret, struct err *err)
{
    struct follow f = {.job = job, .socket = socket, .pidfd = -1, .streams = {-1, -1}};
    int r = 0;

    while (r == 0 && (!f.ended || f.streams[0] >= 0 || f.streams[1] >= 0))
        r = step(&f, err);
    fd_close(f.pidfd);
    fd_close(f.streams[0]);
    fd_close(f.streams[1]);
    if (r == 0 && f.stopping)
        r = err_set(err, ERR_INTERRUPTED, "interrupted");
    *ret = f.end;
    return r;
}
