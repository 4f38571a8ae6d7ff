#include "attach.h"

#include "monitor/monitor.h"
#include "sys/fd.h"
#include "sys/frame.h"
#include "sys/proc.h"
#include "sys/tty.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

struct attach {
    int socket;       /* the monitor's */
    int signals;      /* signalfd */
    int pidfd;        /* the container, or -1 before it runs */
    uint64_t early;   /* signals that came before it did: bit n - 1 is signal n */
    int terminal;     /* its master, or -1 */
    bool input;       /* our standard input goes to the terminal */
    char typed[4096]; /* what the terminal has not taken yet */
    size_t n_typed;
    bool ended;
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

static void take_size(struct attach *a)
{
    struct tty_size size = attach_terminal_size();

    if (size.rows && size.columns)
        tty_size_set(a->terminal, size);
}

static void take_signal(struct attach *a)
{
    struct signalfd_siginfo info;

    if (read(a->signals, &info, sizeof(info)) != sizeof(info))
        return;
    if (info.ssi_signo == SIGWINCH && a->terminal >= 0) {
        take_size(a);
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

static int begin_terminal(struct attach *a, struct err *err)
{
    fd_set_nonblock(a->terminal, 1);
    take_size(a); /* it may have changed since the container was described */
    return a->input ? tty_raw_begin(STDIN_FILENO, err) : 0;
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
    if (frame.type == MONITOR_STARTED && frame.n_fds >= 1) {
        a->pidfd = steal_fd(&frame.fds[0]);
        a->terminal = frame.n_fds == 2 ? steal_fd(&frame.fds[1]) : -1;
        r = a->terminal >= 0 ? begin_terminal(a, err) : 0;
        pass_on_early(a);
    } else if (frame.type == MONITOR_ENDED && frame.len == sizeof(code)) {
        memcpy(&code, frame.data, sizeof(code));
        a->code = code;
        a->ended = true;
        r = 0;
    } else {
        r = frame.type == MONITOR_FAILED ? frame_take_error(&frame, err) : 0;
    }
    frame_release(&frame);
    return MIN_OF(r, 0);
}

/* From the terminal to our standard output; false at its end: nobody has the other side open any more. */
static bool relay_output(struct attach *a)
{
    char bytes[16384];
    ssize_t n = read(a->terminal, bytes, sizeof(bytes));

    if (n < 0 && errno == EINTR)
        return true;
    if (n < 0 && errno == EAGAIN)
        return false;
    if (n <= 0 || fd_write_all(STDOUT_FILENO, bytes, (size_t)n) < 0) {
        a->terminal = fd_close(a->terminal);
        return false;
    }
    return true;
}

/* A program that does not read must not keep us from showing what it writes: nothing here waits for it. */
static void write_typed(struct attach *a)
{
    ssize_t n = write(a->terminal, a->typed, a->n_typed);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    n = n < 0 ? (ssize_t)a->n_typed : n; /* nobody is there to take it */
    a->n_typed -= (size_t)n;
    memmove(a->typed, a->typed + n, a->n_typed);
}

static void relay_input(struct attach *a)
{
    ssize_t n = read(STDIN_FILENO, a->typed, sizeof(a->typed));

    if (n > 0)
        a->n_typed = (size_t)n;
    else if (n == 0 || errno != EINTR)
        a->input = false;
}

/* What is still in the terminal after the program's end. */
static void drain(struct attach *a)
{
    while (a->terminal >= 0 && relay_output(a))
        ;
}

static int follow(struct attach *a, struct err *err)
{
    while (!a->ended) {
        struct pollfd fds[] = {
            {.fd = a->socket, .events = POLLIN},
            {.fd = a->signals, .events = POLLIN},
            {.fd = a->terminal, .events = (short)(POLLIN | (a->n_typed ? POLLOUT : 0))},
            {.fd = a->input && a->terminal >= 0 && !a->n_typed ? STDIN_FILENO : -1, .events = POLLIN},
        };
        int r;

        if (poll(fds, ARRAY_SIZE(fds), -1) < 0) {
            if (errno == EINTR)
                continue;
            return err_errno(err, errno, "poll");
        }
        if (fds[2].revents & ~POLLOUT)
            relay_output(a);
        if (fds[3].revents)
            relay_input(a);
        if (a->terminal >= 0 && a->n_typed)
            write_typed(a);
        if (fds[1].revents)
            take_signal(a);
        if (fds[0].revents) {
            r = take_message(a, err);
            if (r < 0)
                return r;
        }
    }
    drain(a);
    return a->code;
}

int attach_follow(int socket, bool input, struct err *err)
{
    struct attach a = {.socket = socket, .pidfd = -1, .terminal = -1, .input = input};
    sigset_t set;
    int r;

    signal(SIGPIPE, SIG_IGN); /* or the terminal would stay as it is when nobody reads our output any more */
    passed_on(&set);
    a.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    r = a.signals < 0 ? err_errno(err, errno, "signalfd") : follow(&a, err);
    tty_raw_end();
    fd_close(a.signals);
    fd_close(a.pidfd);
    fd_close(a.terminal);
    return r;
}
