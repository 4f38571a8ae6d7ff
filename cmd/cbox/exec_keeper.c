#include "exec_keeper.h"

#include "base/log.h"
#include "sys/fd.h"
#include "sys/frame.h"
#include "sys/proc.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

/* From the keeper, as types of frames. */
enum { KEEPER_STARTED = 1 /* with the pidfd, and the terminal */, KEEPER_FAILED, KEEPER_ENDED /* the exit code */ };

/* ---- the keeper ---- */

/* What goes to a terminal that nobody looks at is lost, and holds nobody up. */
static void discard(struct pollfd *terminal)
{
    char bytes[4096];
    ssize_t n = read(terminal->fd, bytes, sizeof(bytes));

    if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
        terminal->fd = -1;
}

static int wait_for(struct container_execed *e, int socket)
{
    struct pollfd fds[] = {
        {.fd = e->process.pidfd, .events = POLLIN}, {.fd = socket, .events = POLLIN}, {.fd = -1, .events = POLLIN}};

    while (!fds[0].revents && (poll(fds, ARRAY_SIZE(fds), -1) >= 0 || errno == EINTR)) {
        if (fds[1].revents) { /* nobody follows it any more */
            fds[1].fd = -1;
            fds[2].fd = e->process.terminal;
        }
        if (fds[2].fd >= 0 && fds[2].revents)
            discard(&fds[2]);
    }
    return proc_wait(e->process.pidfd);
}

/* Nothing of the caller's stays open in it, nor is its directory kept. */
static void let_go(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int i = 0; i < 3 && null >= 0; i++)
        dup2(null, i);
    fd_close(null);
    fd_close_inherited();
    if (chdir("/") < 0)
        log_debug("/: %s", strerror(errno));
}

static _Noreturn void keep(struct store *s, const struct container_view *v, const struct container_exec *how,
                           int socket)
{
    _cleanup_execed_ struct container_execed e = CONTAINER_EXECED_NONE;
    struct err err = ERR_INIT;
    int32_t code;
    int fds[2];

    setsid();
    if (container_exec(s, v, how, &e, &err) < 0) {
        frame_send_error(socket, KEEPER_FAILED, &err);
        _exit(1);
    }
    fds[0] = e.process.pidfd;
    fds[1] = e.process.terminal;
    frame_send(socket, KEEPER_STARTED, e.id, sizeof(e.id), fds, fds[1] >= 0 ? 2 : 1);
    let_go();
    code = wait_for(&e, socket);
    container_exec_tell_end(s, v, e.id, code);
    frame_send(socket, KEEPER_ENDED, &code, sizeof(code), NULL, 0);
    _exit(0);
}

/* ---- whoever starts it ---- */

static int take_start(int socket, struct container_execed *ret, struct err *err)
{
    struct frame frame;
    int r = frame_receive(socket, &frame);

    if (r <= 0)
        return r < 0 ? err_errno(err, -r, "starting a process") : err_set(err, ERR_IO, "the process was killed");
    if (frame.type == KEEPER_STARTED && frame.len == sizeof(ret->id)) {
        memcpy(ret->id, frame.data, sizeof(ret->id));
        ret->process.pidfd = steal_fd(&frame.fds[0]);
        if (frame.n_fds > 1)
            ret->process.terminal = steal_fd(&frame.fds[1]);
        r = 0;
    } else {
        r = frame_take_error(&frame, err);
    }
    frame_release(&frame);
    return r;
}

int exec_keeper_start(struct store *s, const struct container_view *v, const struct container_exec *how,
                      struct container_execed *ret, int *ret_socket, struct err *err)
{
    int pair[2], r = frame_pair(pair);
    pid_t pid;

    if (r < 0)
        return err_errno(err, -r, "making a pair of sockets");
    pid = fork();
    if (pid == 0) {
        fd_close(pair[0]);
        keep(s, v, how, pair[1]);
    }
    fd_close(pair[1]);
    *ret = CONTAINER_EXECED_NONE;
    r = pid < 0 ? err_errno(err, errno, "starting a process") : take_start(pair[0], ret, err);
    if (r < 0)
        fd_close(pair[0]);
    else
        *ret_socket = pair[0];
    return r;
}

int exec_keeper_end(int socket, struct err *err)
{
    struct frame frame;
    int32_t code = -1;
    int r = frame_receive(socket, &frame);

    if (r > 0 && frame.type == KEEPER_ENDED && frame.len == sizeof(code))
        memcpy(&code, frame.data, sizeof(code));
    if (r > 0)
        frame_release(&frame);
    return code >= 0 ? code : err_set(err, ERR_IO, "the process that waits for the program was killed");
}
