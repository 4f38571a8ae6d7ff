/* The other end of a monitor's connections. */
#include "base/time.h"
#include "monitor/monitor.h"
#include "sys/fd.h"
#include "sys/frame.h"

#include <limits.h>
#include <poll.h>

void monitor_fds_release(struct monitor_fds *fds)
{
    for (size_t i = 0; i < MONITOR_STREAMS; i++)
        fds->fds[i] = fd_close(fds->fds[i]);
}

void monitor_take_fds(struct frame *done, struct monitor_fds *ret)
{
    unsigned mask = done->len ? (unsigned char)*done->data : 0;
    size_t n = 0;

    *ret = MONITOR_FDS_NONE;
    for (size_t i = 0; i < MONITOR_STREAMS && n < done->n_fds; i++)
        if (mask & 1U << i)
            ret->fds[i] = steal_fd(&done->fds[n++]);
}

void monitor_take_end(const struct frame *ended, struct monitor_end *ret)
{
    *ret = (struct monitor_end){0};
    memcpy(ret, ended->data, MIN_OF(ended->len, sizeof(*ret))); /* an older monitor says less */
}

static int receive(int socket, struct frame *frame, struct err *err)
{
    int r = frame_receive(socket, frame);

    if (r < 0)
        return err_errno(err, -r, "listening to the container's monitor");
    return r == 0 ? err_set(err, ERR_NOT_FOUND, "the container's monitor is gone") : 0;
}

int monitor_ask(int socket, enum monitor_message request, const void *data, size_t len, struct monitor_fds *ret,
                struct err *err)
{
    struct frame frame;
    int r = frame_send(socket, request, data, len, NULL, 0);

    if (r == -EPIPE || r == -ECONNRESET)
        return err_set(err, ERR_NOT_FOUND, "the container's monitor is gone");
    if (r < 0)
        return err_errno(err, -r, "asking the container's monitor");
    for (;;) {
        r = receive(socket, &frame, err);
        if (r < 0)
            return r;
        if (frame.type == MONITOR_DONE || frame.type == MONITOR_REFUSED)
            break;
        frame_release(&frame);
    }
    if (frame.type == MONITOR_REFUSED)
        r = frame_take_error(&frame, err);
    else if (ret)
        monitor_take_fds(&frame, ret);
    frame_release(&frame);
    return r;
}

/* Whether something is there to be read before the time is over. */
static bool wait_until(int socket, int64_t until)
{
    struct pollfd poll_fd = {.fd = socket, .events = POLLIN};
    int n;

    do {
        int64_t left = until ? MAX_OF(until - time_monotonic(), 0) : -1;

        n = poll(&poll_fd, 1, left < 0 ? -1 : (int)MIN_OF((left + 999999) / 1000000, (int64_t)INT_MAX));
    } while ((n < 0 && errno == EINTR) || (n == 0 && until && time_monotonic() < until));
    return n > 0;
}

int monitor_await_end(int socket, int64_t until, struct monitor_end *ret, struct err *err)
{
    for (;;) {
        struct frame frame;
        uint32_t type;
        int r;

        if (!wait_until(socket, until))
            return 0;
        r = receive(socket, &frame, err);
        if (r < 0)
            return r;
        type = frame.type;
        if (type == MONITOR_FAILED)
            r = frame_take_error(&frame, err);
        else if (type == MONITOR_ENDED)
            monitor_take_end(&frame, ret);
        frame_release(&frame);
        if (r < 0)
            return r;
        if (type == MONITOR_ENDED)
            return 1;
    }
}
