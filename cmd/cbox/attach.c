#include "attach.h"

#include "monitor/monitor.h"
#include "relay.h"
#include "sys/fd.h"
#include "sys/frame.h"
#include "sys/proc.h"
#include "sys/tty.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

struct attach {
    int socket;     /* the monitor's, or -1: the container is a child of ours */
    int signals;    /* signalfd */
    int pidfd;      /* the container, or -1 before it runs */
    uint64_t early; /* signals that came before it did: bit n - 1 is signal n */
    int terminal;   /* its master, or -1 */
    int streams[3]; /* ours of its standard input, output and errors, each -1 when it is over */
    struct relay relays[3];
    bool input; /* our standard input goes to it */
    bool ended;
    bool quit; /* nobody wants to see the rest of the output */
    int code;
};

/* Signals that mean this process, or nothing to anybody else. */
static const int own[] = {SIGCHLD, SIGPIPE, SIGURG, SIGTTIN, SIGTTOU, SIGSEGV,
                          SIGBUS,  SIGFPE,  SIGILL, SIGABRT, SIGSYS,  SIGTRAP};

static void passed_on(sigset_t *set)
{
    sigfillset(set);
    for (size_t i = 0; i < ARRAY_SIZE(own); i++)
        sigdelset(set, own[i]);
}

void attach_block_signals(void)
{
    sigset_t set;

    passed_on(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

struct tty_size attach_terminal_size(void)
{
    struct tty_size size = tty_size_get(STDOUT_FILENO);

    return size.rows && size.columns ? size : tty_size_get(STDIN_FILENO);
}

void attach_set_size(int terminal)
{
    struct tty_size size = attach_terminal_size();

    if (size.rows && size.columns)
        tty_size_set(terminal, size);
}

static void take_signal(struct attach *a)
{
    struct signalfd_siginfo info;

    if (read(a->signals, &info, sizeof(info)) != sizeof(info))
        return;
    if (info.ssi_signo == SIGWINCH && a->terminal >= 0) {
        attach_set_size(a->terminal);
    } else if (a->ended) {
        a->quit = info.ssi_signo != SIGWINCH;
    } else if (a->pidfd >= 0) {
        proc_signal(a->pidfd, (int)info.ssi_signo);
    } else {
        a->early |= (uint64_t)1 << (info.ssi_signo - 1);
    }
}

/* A program may run, and be known to run, before its monitor's message is read. */
static void pass_on_early(struct attach *a)
{
    for (int signal = 1; signal <= 64; signal++)
        if (a->early & (uint64_t)1 << (signal - 1))
            proc_signal(a->pidfd, signal);
    a->early = 0;
}

static int begin_terminal(struct attach *a, int terminal, struct err *err)
{
    a->terminal = terminal;
    fd_set_nonblock(terminal, 1);
    attach_set_size(a->terminal); /* it may have changed since the container was described */
    relay_begin(&a->relays[1], terminal, STDOUT_FILENO);
    if (!a->input)
        return 0;
    relay_begin(&a->relays[0], STDIN_FILENO, terminal);
    return isatty(STDIN_FILENO) ? tty_raw_begin(STDIN_FILENO, err) : 0;
}

static void begin_streams(struct attach *a, struct frame *frame)
{
    for (size_t i = 0; i < 3 && i + 1 < frame->n_fds; i++) {
        size_t stream = (i + 1) % 3; /* they come as output, errors, input */
        int fd = a->streams[stream] = steal_fd(&frame->fds[i + 1]);

        fd_set_nonblock(fd, 1);
        if (stream)
            relay_begin(&a->relays[stream], fd, (int)stream);
        else
            relay_begin(&a->relays[stream], STDIN_FILENO, fd);
    }
}

/* The program is to learn at once that nobody reads any more, or that its input is at its end. */
static void close_what_is_over(struct attach *a)
{
    for (size_t i = 0; i < 3; i++)
        if (relay_is_over(&a->relays[i]))
            a->streams[i] = fd_close(a->streams[i]);
    if (a->terminal >= 0 && relay_is_over(&a->relays[1])) {
        a->terminal = fd_close(a->terminal);
        a->relays[0] = RELAY_NONE;
    }
}

static int take_message(struct attach *a, struct err *err)
{
    struct frame frame;
    int32_t code;
    int r = frame_receive(a->socket, &frame);

    if (r < 0)
        return err_errno(err, -r, "listening to the container's monitor");
    if (r == 0) {
        err_set(err, ERR_IO, "the container's monitor was killed");
        return err_hint(err, "the next command cleans up what is left of the container");
    }
    if (frame.type == MONITOR_STARTED && frame.n_fds >= 2) {
        a->pidfd = steal_fd(&frame.fds[0]);
        r = 0;
        if (frame.n_fds == 2)
            r = begin_terminal(a, steal_fd(&frame.fds[1]), err);
        else
            begin_streams(a, &frame);
        pass_on_early(a);
    } else if (frame.type == MONITOR_ENDED && frame.len == sizeof(code)) {
        memcpy(&code, frame.data, sizeof(code));
        a->code = code;
        a->ended = true;
        a->relays[0] = RELAY_NONE;
        r = 0;
    } else {
        r = frame.type == MONITOR_FAILED ? frame_take_error(&frame, err) : 0;
    }
    frame_release(&frame);
    return MIN_OF(r, 0);
}

static void take_end(struct attach *a)
{
    a->code = proc_wait(a->pidfd);
    a->ended = true;
    a->relays[0] = RELAY_NONE;
}

static bool is_pending(const struct attach *a)
{
    return relay_is_pending(&a->relays[1]) || relay_is_pending(&a->relays[2]);
}

/* Until it has ended, and what it wrote before has been passed on. A process elsewhere that was handed its output is
 * not waited for. */
static int follow(struct attach *a, struct err *err)
{
    while (!a->quit) {
        struct pollfd fds[8] = {
            {.fd = a->ended         ? -1
                   : a->socket >= 0 ? a->socket
                                    : a->pidfd,
             .events = POLLIN},
            {.fd = a->signals, .events = POLLIN},
        };
        int n;

        for (size_t i = 0; i < 3; i++)
            relay_watch(&a->relays[i], &fds[2 + 2 * i]);
        n = poll(fds, ARRAY_SIZE(fds), a->ended && !is_pending(a) ? 0 : -1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, errno, "poll");
        if (n == 0)
            break;
        for (size_t i = 0; i < 3; i++)
            relay_move(&a->relays[i], &fds[2 + 2 * i]);
        close_what_is_over(a);
        if (fds[1].revents)
            take_signal(a);
        if (fds[0].revents && a->socket < 0) {
            take_end(a);
        } else if (fds[0].revents) {
            int r = take_message(a, err);

            if (r < 0)
                return r;
        }
    }
    return a->code;
}

static int attach_begin(struct attach *a, struct err *err)
{
    sigset_t set;

    signal(SIGPIPE, SIG_IGN); /* or the terminal would stay as it is when nobody reads our output any more */
    passed_on(&set);
    a->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return a->signals < 0 ? err_errno(err, errno, "signalfd") : 0;
}

static void attach_end(struct attach *a)
{
    tty_raw_end();
    for (size_t i = 0; i < 3; i++)
        fd_close(a->streams[i]);
    fd_close(a->signals);
    fd_close(a->pidfd);
    fd_close(a->terminal);
}

#define ATTACH_INIT \
    .pidfd = -1, .terminal = -1, .signals = -1, .streams = {-1, -1, -1}, .relays = {RELAY_NONE, RELAY_NONE, RELAY_NONE}

int attach_follow(int socket, bool input, struct err *err)
{
    struct attach a = {.socket = socket, .input = input, ATTACH_INIT};
    int r = attach_begin(&a, err);

    if (r == 0)
        r = follow(&a, err);
    attach_end(&a);
    return r;
}

int attach_child(int *pidfd, int *terminal, struct err *err)
{
    struct attach a = {.socket = -1, .input = true, ATTACH_INIT};
    int r = attach_begin(&a, err);

    a.pidfd = steal_fd(pidfd);
    if (r == 0 && *terminal >= 0)
        r = begin_terminal(&a, steal_fd(terminal), err);
    if (r == 0)
        r = follow(&a, err);
    attach_end(&a);
    return r;
}
