/* A probe, as the prober runs it. */
#include "base/time.h"
#include "base/utf8.h"
#include "monitor/health_internal.h"
#include "runtime/enter.h"
#include "runtime/seccomp.h"
#include "sys/fd.h"
#include "sys/proc.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>

enum { KILL_ROUNDS = 20 };

/* The command line: CMD's own, or a shell's. */
static char **probe_args(const struct health_job *job)
{
    static const char *const usual_shell[] = {"/bin/sh", "-c", NULL};
    char *const *test = job->check->test;
    char **args = NULL;

    if (str_eq(test[0], "CMD-SHELL"))
        strv_extend(&args, job->shell && *job->shell ? job->shell : (char *const *)usual_shell);
    strv_extend(&args, test + 1);
    return args;
}

static int start_probe(const struct health *h, int output, struct runtime_process *ret, struct err *err)
{
    _cleanup_free_ char *cache = seccomp_cache_below(h->job.state);
    _cleanup_strv_ char **args = probe_args(&h->job);
    const struct runtime_enter how = {
        .spec = h->job.spec,
        .pid = h->pid,
        .pidfd = h->pidfd,
        .cgroup = h->job.record->cgroup,
        .seccomp_cache = cache,
        .args = args,
        .stdio = {-1, output, output},
    };

    return runtime_enter(&how, ret, err);
}

static bool is_of_session(pid_t pid, pid_t session)
{
    uint64_t its;

    return proc_number(pid, PROC_SESSION, &its) == 0 && its == (uint64_t)session;
}

/* Kills those of the container's processes that are of this session: 0 once there are none but its leader. */
static bool kill_session(const struct cgroup *cg, pid_t session)
{
    cgroup_pid_list pids = {0};
    bool found = false;

    if (cgroup_pids(cg, &pids, NULL) < 0)
        return false;
    VEC_FOREACH (pid, &pids)
        if (*pid != session && is_of_session(*pid, session)) {
            found = true;
            kill(*pid, SIGKILL);
        }
    free(pids.v);
    return found;
}

/* Kills the probe and what it started: it leads a session of its own, so what lost its parent is found too. */
static void kill_probe(const struct health *h, pid_t session)
{
    _cleanup_cgroup_host_ struct cgroup_host host = {0};
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    const char *path = h->job.record->cgroup;

    kill(session, SIGSTOP); /* starts nothing more; its pid stays its own until we reap it */
    if (!str_empty(path) && cgroup_host_detect(&host, NULL) == 0 && cgroup_open(&cg, &host, path, NULL) == 0)
        for (int round = 0; round < KILL_ROUNDS && kill_session(cg, session); round++)
            ;
    kill(-session, SIGKILL); /* its process group: all there is to be had without a cgroup */
    kill(session, SIGKILL);
}

/* What can be read now; the first bytes are kept. False at the end. */
static bool collect(int fd, struct buf *output, bool *cut)
{
    char block[4096];
    ssize_t n = read(fd, block, sizeof(block));
    size_t room = HEALTH_OUTPUT_MAX - output->len;

    if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EINTR);
    buf_add(output, block, MIN_OF((size_t)n, room));
    *cut |= (size_t)n > room;
    return true;
}

/* Until it ends: 1; or until its time is over: 0. */
static bool watch_probe(int pidfd, int fd, int64_t limit, struct buf *output, bool *cut)
{
    struct pollfd fds[] = {{.fd = pidfd, .events = POLLIN}, {.fd = fd, .events = POLLIN}};

    for (;;) {
        int64_t left = limit - time_monotonic();

        if (left <= 0)
            return false;
        if (poll(fds, 2, (int)MIN_OF(left / 1000000 + 1, INT32_MAX)) <= 0)
            continue;
        if (fds[1].revents && !collect(fd, output, cut))
            fds[1].fd = -1;
        if (fds[0].revents)
            break;
    }
    /* What is in the pipe belongs to it; what others write later does not. */
    while (fds[1].fd >= 0 && poll(&fds[1], 1, 0) > 0 && collect(fd, output, cut))
        ;
    return true;
}

/* As JSON can have it, like Go's: U+FFFD for each byte that is no UTF-8, and for 0. */
static char *make_text(const struct buf *bytes, bool cut)
{
    struct buf text = BUF_INIT;

    for (size_t i = 0, n; i < bytes->len; i += n) {
        n = utf8_length(bytes->p + i);
        if (n)
            buf_add(&text, bytes->p + i, n);
        else
            buf_adds(&text, "\ufffd");
        n = MAX_OF(n, (size_t)1);
    }
    if (cut)
        buf_adds(&text, "...");
    return buf_steal(&text);
}

static void run_probe(const struct health *h, int fd, struct runtime_process *process, struct health_result *ret)
{
    int64_t timeout = health_timeout(h->job.check);
    _cleanup_buf_ struct buf output = BUF_INIT;
    _cleanup_free_ char *text = NULL;
    char limit[TIME_TEXT_MAX];
    bool cut = false, ended = watch_probe(process->pidfd, fd, time_monotonic() + timeout, &output, &cut);

    if (!ended)
        kill_probe(h, process->pid);
    ret->exit_code = proc_wait(process->pidfd);
    text = make_text(&output, cut);
    if (ended) {
        ret->output = steal_ptr(&text);
        return;
    }
    ret->exit_code = -1;
    ret->output = str_printf("Health check exceeded timeout (%s)%s%s", time_format_duration(timeout, limit),
                             *text ? ": " : "", text);
}

void health_probe(const struct health *h, struct health_result *ret)
{
    _cleanup_process_ struct runtime_process process = RUNTIME_PROCESS_INIT;
    struct err err = ERR_INIT;
    int ends[2], r;

    *ret = (struct health_result){.start = time_now(), .exit_code = -1};
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) {
        ret->output = str_dup(strerror(errno));
        return;
    }
    fd_set_nonblock(ends[1], 0); /* that end is the probe's */
    r = start_probe(h, ends[1], &process, &err);
    fd_close(ends[1]);
    if (r < 0)
        ret->output = str_dup(err.text);
    else
        run_probe(h, ends[0], &process, ret);
    fd_close(ends[0]);
    ret->end = time_now();
}
