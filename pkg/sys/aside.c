#include "sys/aside.h"

#include "base/log.h"
#include "sys/fd.h"
#include "sys/frame.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DONE = 1, FAILED, TOLD };
enum { LOOK_MS = 100 };

/* ---- the process ---- */

static void default_signals(void)
{
    static const int end_signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction now;
    sigset_t none;

    for (size_t i = 0; i < ARRAY_SIZE(end_signals); i++)
        if (sigaction(end_signals[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            signal(end_signals[i], SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

void aside_begin(pid_t parent)
{
    default_signals();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
}

/* The first process of a PID namespace sees no parent, but the end of its socket. */
static void begin_first(int socket)
{
    struct pollfd fd = {.fd = socket};

    default_signals();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (poll(&fd, 1, 0) != 0)
        _exit(1);
}

void aside_tell(int socket, const void *message, size_t len)
{
    frame_send(socket, TOLD, message, len, NULL, 0);
}

static _Noreturn void run(const struct aside *a, pid_t parent, int socket)
{
    struct err err = ERR_INIT;

    if (getpid() == 1)
        begin_first(socket);
    else
        aside_begin(parent);
    if (a->work(a->data, socket, &err) < 0)
        frame_send_error(socket, FAILED, &err);
    else
        frame_send(socket, DONE, a->answer, a->answer_len, NULL, 0);
    _exit(0);
}

/* ---- and who waits for it ---- */

static bool is_stopped(const struct aside *a)
{
    return a->stop && *a->stop;
}

static int take_answer(const struct aside *a, const struct frame *f, struct err *err)
{
    if (f->len != a->answer_len)
        return err_set(err, ERR_INTERNAL, "the process that did it reports nonsense");
    if (f->len)
        memcpy(a->answer, f->data, f->len);
    return 0;
}

/* One message: 1 while more may come. */
static int take(const struct aside *a, int socket, struct err *err)
{
    struct frame f = {0};
    int r = frame_receive(socket, &f);

    if (r != 1) {
        r = is_stopped(a) ? err_set(err, ERR_INTERRUPTED, "interrupted")
                          : err_set(err, ERR_IO, "the process that did it died");
        if (r == ERR_IO)
            err_hint(err, "the system may be short of memory");
    } else if (f.type == DONE) {
        r = take_answer(a, &f, err);
    } else if (f.type == FAILED) {
        r = frame_take_error(&f, err);
    } else if (a->hear) {
        a->hear(a->data, f.data, f.len);
    }
    frame_release(&f);
    return r;
}

static int await(const struct aside *a, pid_t pid, int socket, struct err *err)
{
    struct pollfd fd = {.fd = socket, .events = POLLIN};
    int r = 1;

    while (r == 1) {
        /* Again and again: the first may come before it is ready for it. */
        if (is_stopped(a))
            kill(pid, a->with_all ? SIGKILL : SIGTERM);
        if (poll(&fd, 1, a->stop ? LOOK_MS : -1) > 0)
            r = take(a, socket, err);
    }
    kill(pid, SIGKILL); /* it has said what it had to say */
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return r;
}

/* Where no PID namespace is to be had it is a process like others. */
static pid_t fork_first(void)
{
    _cleanup_fd_ int own = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
    bool made = own >= 0 && unshare(CLONE_NEWPID) == 0;
    pid_t pid = fork();
    int errnum = errno;

    if (pid != 0 && made && setns(own, CLONE_NEWPID) < 0)
        log_debug("setns: %s", strerror(errno)); /* what we start next would be in there */
    errno = errnum;
    return pid;
}

int aside(const struct aside *a, struct err *err)
{
    pid_t parent = getpid(), pid;
    int pair[2], r = frame_pair(pair);

    if (r < 0)
        return err_errno(err, -r, "making a pair of sockets");
    fflush(NULL);
    pid = a->with_all ? fork_first() : fork();
    if (pid == 0) {
        fd_close(pair[0]);
        run(a, parent, pair[1]);
    }
    fd_close(pair[1]);
    r = pid < 0 ? err_errno(err, errno, "starting a process") : await(a, pid, pair[0], err);
    fd_close(pair[0]);
    return r;
}
