#include "container/exec.h"

#include "monitor/monitor.h"
#include "runtime/seccomp.h"
#include "sys/fd.h"
#include "sys/proc.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

int container_exec_check(const struct container_view *v, struct err *err)
{
    if (v->record.status == STORE_CONTAINER_PAUSED)
        return err_set(err, ERR_INVALID, "container %s is paused, unpause the container before exec", v->id);
    if (v->record.status == STORE_CONTAINER_RESTARTING)
        return err_set(err, ERR_INVALID, "container %s is restarting, wait until the container is running", v->id);
    if (v->pidfd < 0)
        return err_set(err, ERR_INVALID, "container %s is not running", v->id);
    return 0;
}

/* ---- ids ---- */

/* An exec has the id of the process that waits for it, since that waits for no other: who sees the one can tell the
 * other, and there is no record that is out of date when that process is killed. */
#define WAITER_NAME "cbox-exec"

static bool take_id(pid_t waiter, char ret[CONTAINER_EXEC_ID_MAX])
{
    uint64_t start = 0;
    int r = proc_number(waiter, PROC_START_TIME, &start);

    id_derive((uint64_t)waiter, start, ret);
    return r == 0;
}

bool container_exec_id(pid_t waiter, char ret[CONTAINER_EXEC_ID_MAX])
{
    _cleanup_free_ char *path = str_printf("/proc/%d/comm", (int)waiter);
    _cleanup_buf_ struct buf name = BUF_INIT;

    return fd_read_file(AT_FDCWD, path, &name, NULL) == 0 && str_eq(buf_str(&name), WAITER_NAME "\n") &&
           take_id(waiter, ret);
}

/* ---- telling ---- */

static void tell_begin(struct store *s, const struct container_view *v, const struct container_exec *how,
                       const char *exec_id)
{
    static const char *const steps[] = {"exec_create", "exec_start"};
    _cleanup_free_ char *args = strv_join(how->args + 1, " ");

    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        _cleanup_free_ char *action = str_printf("%s: %s %s", steps[i], how->args[0], args);

        monitor_tell(s, &v->record, action, "execID", exec_id);
    }
}

void container_exec_tell_end(struct store *s, const struct container_view *v, const char *exec_id, int code)
{
    char text[16];

    snprintf(text, sizeof(text), "%d", code);
    monitor_tell_two(s, &v->record, "exec_die", "execID", exec_id, "exitCode", text);
}

void container_exec_tell_detach(struct store *s, const struct container_view *v, const char *exec_id)
{
    monitor_tell(s, &v->record, "exec_detach", "execID", exec_id);
}

/* ---- starting ---- */

/* Pipes, of which the program gets `theirs`. */
static int open_streams(const struct container_exec *how, int theirs[3], int ours[3], struct err *err)
{
    for (int i = 0; i < 3; i++) {
        int ends[2];

        if (how->terminal || how->detached || (i == 0 && !how->input))
            continue;
        if (pipe2(ends, O_CLOEXEC) < 0)
            return err_errno(err, errno, "making a pipe");
        theirs[i] = ends[i ? 1 : 0];
        ours[i] = ends[i ? 0 : 1];
    }
    return 0;
}

static void close_streams(int streams[3])
{
    for (int i = 0; i < 3; i++)
        streams[i] = fd_close(streams[i]);
}

static int start(struct store *s, const struct container_view *v, const struct container_exec *how,
                 const struct oci_spec *spec, int theirs[3], struct container_execed *e, struct err *err)
{
    _cleanup_free_ char *cache = seccomp_cache_below(store_state_path(s));
    struct runtime_enter enter = {
        .spec = spec,
        .pid = (pid_t)v->record.pid,
        .pidfd = v->pidfd,
        .cgroup = v->record.cgroup,
        .seccomp_cache = cache,
        .args = how->args,
        .env = how->env,
        .user = how->user,
        .workdir = how->workdir,
        .terminal = how->terminal,
        .size = how->size,
        .privileged = how->privileged,
        .outlives = true,
    };
    int r = open_streams(how, theirs, e->streams, err);

    if (r < 0)
        return r;
    memcpy(enter.stdio, theirs, sizeof(enter.stdio));
    return runtime_enter(&enter, &e->process, err);
}

int container_exec(struct store *s, const struct container_view *v, const struct container_exec *how,
                   struct container_execed *ret, struct err *err)
{
    _cleanup_execed_ struct container_execed e = CONTAINER_EXECED_NONE;
    _cleanup_spec_ struct oci_spec spec = {0};
    int theirs[3] = {-1, -1, -1};
    int r = container_read_spec(s, v->id, &spec, err);

    if (r < 0)
        return r;
    prctl(PR_SET_NAME, WAITER_NAME);
    take_id(getpid(), e.id);
    tell_begin(s, v, how, e.id);
    r = start(s, v, how, &spec, theirs, &e, err);
    close_streams(theirs); /* or their ends would never be seen */
    if (r < 0)
        return r;
    *ret = e;
    e = CONTAINER_EXECED_NONE;
    return 0;
}

void container_execed_release(struct container_execed *e)
{
    runtime_process_release(&e->process);
    close_streams(e->streams);
}
