#include "monitor/monitor.h"

#include "base/log.h"
#include "base/time.h"
#include "runtime/cgroup.h"
#include "runtime/seccomp.h"
#include "sys/fd.h"
#include "sys/frame.h"
#include "sys/proc.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>

enum { FAILURE_CODE = 125 };

/* The exit code that stands for a container which could not be started (Docker's). */
static int failure_code(int kind)
{
    return kind == ERR_NO_COMMAND ? 127 : kind == ERR_NO_EXEC ? 126 : FAILURE_CODE;
}

static int make_cgroup(const struct monitor_job *job, const struct cgroup_host *host, struct cgroup **ret,
                       struct err *err)
{
    _cleanup_cgroup_plan_ struct cgroup_plan plan = {0};
    int r = cgroup_plan_make(&plan, host, &job->spec->platform.resources, err);

    return r < 0 ? r : cgroup_create(ret, host, job->spec->platform.cgroups_path, &plan, err);
}

/* The standard streams of a program without a terminal; -1: none, which is /dev/null to the program. */
struct streams {
    int theirs[3], ours[3];
};

#define STREAMS_NONE ((struct streams){{-1, -1, -1}, {-1, -1, -1}})

static void streams_close(int *fds)
{
    for (int i = 0; i < 3; i++)
        fds[i] = fd_close(fds[i]);
}

static void streams_release(struct streams *s)
{
    streams_close(s->theirs);
    streams_close(s->ours);
}

static int streams_open(const struct monitor_job *job, struct streams *s, struct err *err)
{
    if (job->spec->process.terminal)
        return 0;
    for (int i = job->input ? 0 : 1; i < 3; i++) {
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0)
            return err_errno(err, errno, "making a pipe");
        s->theirs[i] = ends[i ? 1 : 0];
        s->ours[i] = ends[i ? 0 : 1];
    }
    return 0;
}

/* Writes down that it runs. Not durable: after a power cut nothing runs, whatever the record says. */
static int note_started(const struct monitor_job *job, const struct runtime_process *process, struct err *err)
{
    struct store_container_record *record = job->record;
    char boot[PROC_BOOT_ID_MAX];

    proc_boot_id(boot);
    str_replace(&record->boot_id, str_dup(boot));
    record->status = STORE_CONTAINER_RUNNING;
    record->started = time_now();
    record->pid = process->pid;
    if (proc_start_time(process->pid, &record->pid_start) < 0)
        record->pid_start = 0; /* ended already */
    return store_container_write(job->dir, record, false, err);
}

/* What runs without a record that says so would be neither listed nor found: that is no start. */
static int start(const struct monitor_job *job, const struct cgroup_host *host, struct cgroup **ret_cgroup,
                 struct streams *streams, struct runtime_process *ret, struct err *err)
{
    _cleanup_free_ char *cache = seccomp_cache_below(store_state_path(job->store));
    struct runtime_start how = {
        .spec = job->spec,
        .overlay = job->overlay,
        .host = host,
        .seccomp_cache = cache,
        .init = strv_contains(job->spec->annotations, OCI_SPEC_INIT),
    };
    int r = make_cgroup(job, host, ret_cgroup, err);

    if (r < 0)
        return r;
    how.cgroup = *ret_cgroup;
    r = streams_open(job, streams, err);
    if (r < 0)
        return r;
    memcpy(how.stdio, streams->theirs, sizeof(how.stdio));
    r = runtime_start(&how, ret, err);
    streams_close(streams->theirs); /* or their ends would never be seen */
    if (r < 0)
        return r;
    r = runtime_await(ret, err);
    if (r == 0) {
        r = note_started(job, ret, err);
        if (r < 0)
            proc_signal(ret->pidfd, SIGKILL);
    }
    if (r < 0)
        proc_wait(ret->pidfd);
    return r;
}

/* The caller's descriptors would keep its pipes open after the program's end. */
static void let_go_of_stdio(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int i = 0; i < 3 && null >= 0; i++)
        dup2(null, i);
    fd_close(null);
}

static void tell_started(int socket, const struct runtime_process *process, const struct streams *streams)
{
    int fds[FRAME_FDS_MAX] = {process->pidfd};
    size_t n = 1;

    if (process->terminal >= 0) {
        fds[n++] = process->terminal;
    } else {
        fds[n++] = streams->ours[1];
        fds[n++] = streams->ours[2];
        if (streams->ours[0] >= 0)
            fds[n++] = streams->ours[0];
    }
    frame_send(socket, MONITOR_STARTED, NULL, 0, fds, n);
}

/* The cgroup goes, and with --rm the container: out of sight now, deleted when everybody has heard of the end. */
static int clean_up(const struct monitor_job *job, struct cgroup *cg, struct err *err)
{
    /* With the first process of a PID namespace all others of it have ended. */
    bool others = !oci_spec_namespace(job->spec, "pid");
    int r = cg && others ? cgroup_kill(cg, err) : 0;

    if (r == 0 && cg)
        r = cgroup_remove(cg, err);
    if (r < 0)
        return r;
    if (job->record->remove)
        return store_container_remove(job->store, job->dir, job->record, false, err);
    return store_container_write(job->dir, job->record, true, err);
}

static void delete_removed(const struct monitor_job *job)
{
    struct err why = ERR_INIT;
    int r;

    if (!job->record->remove)
        return;
    r = store_container_delete(job->store, job->dir, &why);
    if (r == 0)
        r = store_empty_trash(job->store, &why); /* over which an earlier one may have been killed */
    if (r < 0)
        log_debug("%s", why.text);
}

static int watch(const struct monitor_job *job, struct cgroup *cg, struct runtime_process *process)
{
    uint64_t kills = 0;
    int code;

    process->terminal = fd_close(process->terminal); /* its end is for whoever relays it to see */
    code = proc_wait(process->pidfd);
    job->record->status = STORE_CONTAINER_EXITED;
    job->record->exit_code = code < 0 ? FAILURE_CODE : code;
    job->record->finished = time_now();
    job->record->pid = 0;
    if (cg && cgroup_oom_kills(cg, &kills, NULL) == 0)
        job->record->oom_killed = kills > 0;
    return (int)job->record->exit_code;
}

static int be_monitor(const struct monitor_job *job, int socket)
{
    _cleanup_cgroup_host_ struct cgroup_host host = {0};
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    _cleanup_process_ struct runtime_process process = RUNTIME_PROCESS_INIT;
    _cleanup_(streams_release) struct streams streams = STREAMS_NONE;
    struct err err = ERR_INIT, why = ERR_INIT;
    int32_t code;
    int r = cgroup_host_detect(&host, &err);

    if (r == 0)
        r = start(job, &host, &cg, &streams, &process, &err);
    if (r < 0) {
        str_replace(&job->record->error, str_dup(err.text));
        job->record->status = STORE_CONTAINER_CREATED;
        job->record->started = job->record->pid = 0;
        job->record->exit_code = failure_code(err.kind);
        if (clean_up(job, cg, &why) < 0)
            log_debug("cleaning up: %s", why.text);
        frame_send_error(socket, MONITOR_FAILED, &err);
        delete_removed(job);
        return 1;
    }
    tell_started(socket, &process, &streams);
    streams_release(&streams);
    let_go_of_stdio();
    if (job->housekeeping)
        job->housekeeping(job->store);
    code = watch(job, cg, &process);
    why = ERR_INIT;
    if (clean_up(job, cg, &why) < 0)
        log_debug("cleaning up: %s", why.text);
    frame_send(socket, MONITOR_ENDED, &code, sizeof(code), NULL, 0);
    delete_removed(job);
    return 0;
}

int monitor_fork(const struct monitor_job *job, int *ret_socket, struct err *err)
{
    int pair[2], r = frame_pair(pair);
    pid_t pid;

    if (r < 0)
        return err_errno(err, -r, "making a pair of sockets");
    pid = fork();
    if (pid == 0) {
        fd_close(pair[0]);
        setsid();
        prctl(PR_SET_NAME, "cbox-monitor");
        _exit(be_monitor(job, pair[1]));
    }
    fd_close(pair[1]);
    if (pid < 0) {
        r = err_errno(err, errno, "starting the monitor");
        fd_close(pair[0]);
        return r;
    }
    *ret_socket = pair[0];
    return 0;
}
