#include "sys/run.h"

#include "base/time.h"
#include "sys/fd.h"
#include "sys/proc.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>

extern char **environ;

static const int64_t millisecond = 1000000;

/* A file rather than a pipe: a program that reads none of it cannot hold us up, nor end us by SIGPIPE. */
static int make_input(const struct run *run, struct err *err)
{
    int fd = memfd_create("input", MFD_CLOEXEC);
    int r = fd < 0 ? -errno : fd_write_all(fd, run->input, run->input_len);

    if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
        r = -errno;
    if (r == 0)
        return fd;
    fd_close(fd);
    return err_errno(err, -r, "%s: its input", run->argv[0]);
}

/* Signals as at the start of a program: ours may be blocked for a while, and SIGPIPE ignored. */
static void reset_signals(posix_spawnattr_t *attributes)
{
    sigset_t none, pipe;

    sigemptyset(&none);
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &pipe);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

static int start(const struct run *run, const posix_spawn_file_actions_t *files, const posix_spawnattr_t *attributes,
                 pid_t *ret)
{
    char *const *argv = (char *const *)run->argv, *const *env = run->env ? run->env : environ;

    return run->file ? posix_spawn(ret, run->file, files, attributes, argv, env)
                     : posix_spawnp(ret, run->argv[0], files, attributes, argv, env);
}

static int spawn(const struct run *run, int input, int output, pid_t *ret, struct err *err)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    int r;

    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    if (run->errors)
        posix_spawn_file_actions_adddup2(&files, output, STDERR_FILENO);
    else
        posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    if (run->dir)
        posix_spawn_file_actions_addchdir_np(&files, run->dir);
    posix_spawnattr_init(&attributes);
    reset_signals(&attributes);
    r = start(run, &files, &attributes, ret);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return r ? err_errno(err, r, "running %s", run->argv[0]) : 0;
}

/* For `n` more bytes, at the expense of what is there, and if that will not do of their first, whose number it gives.
 */
static size_t make_room(struct buf *b, size_t n)
{
    size_t surplus = n > b->max ? n - b->max : 0;

    if (b->len + n - surplus > b->max)
        buf_consume(b, b->len + n - surplus - b->max);
    return surplus;
}

/* Takes what is there: 1 while more may come, 0 at the end. */
static int take(const struct run *run, int fd, struct err *err)
{
    char bytes[4096];
    ssize_t n;
    int r = 0;

    while (r == 0 && (n = read(fd, bytes, sizeof(bytes))) > 0) {
        size_t surplus = run->tail ? make_room(run->output, (size_t)n) : 0;

        r = buf_append(run->output, bytes + surplus, (size_t)n - surplus, err);
    }
    if (r < 0)
        return err_wrap(err, "%s", run->argv[0]);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 1;
    return n < 0 ? err_errno(err, errno, "reading from %s", run->argv[0]) : 0;
}

/* Until the program itself ends: what it may have left running in the background with its output is not waited for. */
static int collect(const struct run *run, int process, int output, struct err *err)
{
    int64_t end = time_monotonic() + run->timeout_ms * millisecond;
    struct pollfd fds[] = {{.fd = process, .events = POLLIN}, {.fd = output, .events = POLLIN}};

    for (;;) {
        int64_t left = run->timeout_ms ? (end - time_monotonic()) / millisecond : -1;
        int r;

        if (run->timeout_ms && left <= 0)
            return err_set(err, ERR_NETWORK, "%s: no answer in %lld seconds", run->argv[0],
                           (long long)run->timeout_ms / 1000);
        if (poll(fds, 2, (int)MIN_OF(left, INT_MAX)) < 0) {
            if (errno != EINTR)
                return err_errno(err, errno, "waiting for %s", run->argv[0]);
            continue;
        }
        r = fds[1].fd < 0 ? 0 : take(run, output, err);
        if (r < 0 || fds[0].revents)
            return MIN_OF(r, 0);
        if (r == 0)
            fds[1].fd = -1;
    }
}

int run_program(const struct run *run, struct err *err)
{
    _cleanup_fd_ int input = make_input(run, err), process = -1, from = -1, to = -1;
    int pipes[2], r, code;
    pid_t pid;

    if (input < 0)
        return input;
    if (pipe2(pipes, O_CLOEXEC) < 0)
        return err_errno(err, errno, "making a pipe");
    from = pipes[0];
    to = pipes[1];
    fd_set_nonblock(from, 1);
    r = spawn(run, input, to, &pid, err);
    if (r < 0)
        return r;
    to = fd_close(to);
    process = proc_open(pid);
    r = process < 0 ? err_errno(err, -process, "watching %s", run->argv[0]) : collect(run, process, from, err);
    if (r < 0)
        kill(-pid, SIGKILL);
    code = process < 0 ? 0 : proc_wait(process);
    return r < 0 ? r : code;
}
