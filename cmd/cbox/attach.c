#include "attach.h"

#include "container/container.h"
#include "exec_keeper.h"
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
    int socket;     /* the monitor's, or -1: the container is a child of ours, */
    int keeper;     /* or of this one, or -1 */
    int signals;    /* signalfd */
    int pidfd;      /* the container, or -1 before it runs */
    uint64_t early; /* signals that came before it did: bit n - 1 is signal n */
    int terminal;   /* its master, or -1 */
    int streams[3]; /* ours of its standard input, output and errors, each -1 when it is over */
    struct relay relays[3];
    struct attach_options *options; /* NULL: `input` is all */
    bool input;                     /* our standard input goes to it */
    bool begun, ended;
    bool quit; /* nobody wants to see the rest of the output */
    bool detached;
    int code;
};

/* Signals that mean this process, or nothing to anybody else. */
static const int own[] = {SIGCHLD, SIGPIPE, SIGURG, SIGTTIN, SIGTTOU, SIGSEGV,
                          SIGBUS,  SIGFPE,  SIGILL, SIGABRT, SIGSYS,  SIGTRAP};

/* Those that end a process which would not set its terminal back. */
static const int deadly[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};

static void taken_here(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGWINCH);
    for (size_t i = 0; i < ARRAY_SIZE(deadly); i++)
        sigaddset(set, deadly[i]);
}

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
    } else if (a->options && a->options->own_signals) {
        a->quit = info.ssi_signo != SIGWINCH;
        a->code = 128 + (int)info.ssi_signo;
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

/* Our input goes to `to`. A terminal of ours has the keys that detach from it. */
static int begin_input(struct attach *a, int to, bool terminal, struct err *err)
{
    relay_begin(&a->relays[0], STDIN_FILENO, to);
    if (!terminal)
        return 0;
    if (a->options)
        a->relays[0].keys = &a->options->detach;
    return isatty(STDIN_FILENO) ? tty_raw_begin(STDIN_FILENO, err) : 0;
}

/* A terminal: its output comes as `output`, or from itself. */
static int begin_terminal(struct attach *a, int terminal, int output, struct err *err)
{
    a->terminal = terminal;
    a->streams[1] = output;
    fd_set_nonblock(terminal, 1);
    attach_set_size(a->terminal); /* it may have changed since the container was described */
    relay_begin(&a->relays[1], output >= 0 ? output : terminal, STDOUT_FILENO);
    return a->input ? begin_input(a, terminal, true, err) : 0;
}

static void begin_stream(struct attach *a, int stream, int fd)
{
    a->streams[stream] = fd;
    if (fd >= 0)
        fd_set_nonblock(fd, 1);
    if (fd >= 0 && stream)
        relay_begin(&a->relays[stream], fd, stream);
}

static int begin(struct attach *a, struct frame *frame, struct err *err)
{
    _cleanup_monitor_fds_ struct monitor_fds got = MONITOR_FDS_NONE;

    a->begun = true;
    monitor_take_fds(frame, &got);
    fd_close(a->pidfd);
    a->pidfd = steal_fd(&got.fds[MONITOR_PROGRAM]);
    pass_on_early(a);
    begin_stream(a, 1, steal_fd(&got.fds[MONITOR_OUTPUT]));
    begin_stream(a, 2, steal_fd(&got.fds[MONITOR_ERRORS]));
    begin_stream(a, 0, steal_fd(&got.fds[MONITOR_INPUT]));
    if (got.fds[MONITOR_TERMINAL] >= 0)
        return begin_terminal(a, steal_fd(&got.fds[MONITOR_TERMINAL]), a->streams[1], err);
    return a->streams[0] >= 0 ? begin_input(a, a->streams[0], false, err) : 0;
}

/* The program is to learn at once that nobody reads any more, or that its input is at its end. */
static void close_what_is_over(struct attach *a)
{
    uint8_t over = 0;

    for (size_t i = 0; i < 3; i++)
        if (a->streams[i] >= 0 && relay_is_over(&a->relays[i])) {
            a->streams[i] = fd_close(a->streams[i]);
            over |= (uint8_t)(1U << i);
        }
    if (over && a->socket >= 0)
        frame_send(a->socket, MONITOR_LET_GO, &over, sizeof(over), NULL, 0); /* who does not listen, knows */
    if (a->terminal >= 0 && relay_is_over(&a->relays[1])) {
        a->terminal = fd_close(a->terminal);
        relay_release(&a->relays[0]);
    }
    if (a->relays[0].detached)
        a->detached = a->quit = true;
}

static void end(struct attach *a, int code)
{
    a->code = code;
    a->ended = true;
    relay_release(&a->relays[0]);
}

static int take_frame(struct attach *a, struct frame *frame, struct err *err)
{
    struct monitor_end last;

    switch (frame->type) {
    case MONITOR_STARTED:
        fd_close(a->pidfd);
        a->pidfd = steal_fd(&frame->fds[0]);
        pass_on_early(a);
        break;
    case MONITOR_DONE:
        return a->begun ? 0 : begin(a, frame, err);
    case MONITOR_ENDED:
        monitor_take_end(frame, &last);
        end(a, last.code);
        break;
    case MONITOR_FAILED:
    case MONITOR_REFUSED:
        return frame_take_error(frame, err);
    }
    return 0;
}

static int take_message(struct attach *a, struct err *err)
{
    struct frame frame;
    int r = frame_receive(a->socket, &frame);

    if (r < 0)
        return err_errno(err, -r, "listening to the container's monitor");
    if (r == 0) {
        err_set(err, ERR_IO, "the container's monitor was killed");
        return err_hint(err, "the next command cleans up what is left of the container");
    }
    r = take_frame(a, &frame, err);
    frame_release(&frame);
    return r;
}

static int take_end(struct attach *a, struct err *err)
{
    int code = a->keeper >= 0 ? exec_keeper_end(a->keeper, err) : proc_wait(a->pidfd);

    end(a, code);
    return a->keeper >= 0 ? MIN_OF(code, 0) : 0;
}

static bool is_pending(const struct attach *a)
{
    return relay_is_pending(&a->relays[1]) || relay_is_pending(&a->relays[2]);
}

/* Its monitor closes its ends when it has ended. A process elsewhere that was handed the output of our child is not
 * waited for. */
static bool is_over(const struct attach *a)
{
    if (a->quit)
        return true;
    return a->ended && a->socket >= 0 && relay_is_over(&a->relays[1]) && relay_is_over(&a->relays[2]);
}

/* Until it has ended, and what it wrote before has been passed on. */
static int follow(struct attach *a, struct err *err)
{
    while (!is_over(a)) {
        struct pollfd fds[8] = {
            {.fd = a->ended         ? -1
                   : a->socket >= 0 ? a->socket
                   : a->keeper >= 0 ? a->keeper
                                    : a->pidfd,
             .events = POLLIN},
            {.fd = a->signals, .events = POLLIN},
        };
        int n;

        for (size_t i = 0; i < 3; i++)
            relay_watch(&a->relays[i], &fds[2 + 2 * i]);
        n = poll(fds, ARRAY_SIZE(fds), a->ended && a->socket < 0 && !is_pending(a) ? 0 : -1);
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
        if (fds[0].revents) {
            int r = a->socket < 0 ? take_end(a, err) : take_message(a, err);

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
    if (a->options && a->options->own_signals)
        taken_here(&set);
    else
        passed_on(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    a->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return a->signals < 0 ? err_errno(err, errno, "signalfd") : 0;
}

static void attach_end(struct attach *a)
{
    tty_raw_end();
    for (size_t i = 0; i < 3; i++) {
        fd_close(a->streams[i]);
        relay_release(&a->relays[i]);
    }
    fd_close(a->signals);
    fd_close(a->pidfd);
    fd_close(a->terminal);
}

#define ATTACH_INIT                                                                    \
    .keeper = -1, .pidfd = -1, .terminal = -1, .signals = -1, .streams = {-1, -1, -1}, \
    .relays = {RELAY_NONE, RELAY_NONE, RELAY_NONE}

unsigned attach_streams(const struct attach_options *options)
{
    return MONITOR_ALL_OUTPUT | (options->input ? 1U << MONITOR_INPUT : 0);
}

int attach_ask(int socket, const struct attach_options *options, struct err *err)
{
    uint8_t streams = (uint8_t)attach_streams(options);
    int r = frame_send(socket, MONITOR_ATTACH, &streams, sizeof(streams), NULL, 0);

    return r < 0 ? err_errno(err, -r, "asking the container's monitor") : 0;
}

int attach_follow(int socket, struct attach_options *options, bool *ret_detached, struct err *err)
{
    struct attach a = {.socket = socket, .options = options, .input = options->input, ATTACH_INIT};
    int r = attach_begin(&a, err);

    if (r == 0)
        r = follow(&a, err);
    attach_end(&a);
    *ret_detached = a.detached;
    return r;
}

int attach_child(int *pidfd, int *terminal, struct err *err)
{
    struct attach a = {.socket = -1, .input = true, ATTACH_INIT};
    int r = attach_begin(&a, err);

    a.pidfd = steal_fd(pidfd);
    if (r == 0 && *terminal >= 0)
        r = begin_terminal(&a, steal_fd(terminal), -1, err);
    if (r == 0)
        r = follow(&a, err);
    attach_end(&a);
    return r;
}

int attach_program(int *pidfd, int *terminal, int streams[3], int keeper, struct attach_options *options,
                   bool *ret_detached, struct err *err)
{
    struct attach a = {.socket = -1, .options = options, .input = options->input, ATTACH_INIT};
    int r = attach_begin(&a, err);

    a.keeper = keeper;
    a.pidfd = steal_fd(pidfd);
    for (int i = 0; i < 3; i++)
        begin_stream(&a, i, steal_fd(&streams[i]));
    if (r == 0 && *terminal >= 0)
        r = begin_terminal(&a, steal_fd(terminal), -1, err);
    else if (r == 0 && a.streams[0] >= 0)
        r = begin_input(&a, a.streams[0], false, err);
    if (r == 0)
        r = follow(&a, err);
    attach_end(&a);
    *ret_detached = a.detached;
    return r;
}

void attach_tell_detached(struct store *s, const char *name)
{
    _cleanup_container_view_ struct container_view v = CONTAINER_VIEW_NONE;

    if (container_view(s, name, &v, NULL) == 0)
        monitor_tell(s, &v.record, "detach", NULL, NULL);
}
