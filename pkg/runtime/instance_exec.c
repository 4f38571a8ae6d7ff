#include "runtime/instance_internal.h"

#include "runtime/plan.h"
#include "runtime/seccomp.h"
#include "sys/fd.h"
#include "sys/proc.h"

#include <signal.h>

static int check_status(const struct runtime_instance *inst, bool ignore_paused, struct err *err)
{
    enum runtime_status status = runtime_instance_status(inst);

    if (status == RUNTIME_STOPPED || status == RUNTIME_CREATING)
        return err_set(err, ERR_INVALID, "cannot exec in a container that is %s: %s", runtime_status_word(status),
                       inst->id);
    if (status == RUNTIME_PAUSED && !ignore_paused) {
        err_set(err, ERR_INVALID, "cannot exec in a paused container: %s", inst->id);
        return err_hint(err, "use --ignore-paused");
    }
    return 0;
}

/* Where the program is to run; none where the container has none. */
static int open_cgroup(const struct runtime_instance *inst, const struct runtime_exec *how,
                       struct cgroup_host *ret_host, struct cgroup **ret, struct err *err)
{
    struct err why = ERR_INIT;
    int r = runtime_instance_cgroup(inst, ret_host, ret, &why);

    if (r == ERR_NOT_FOUND)
        return 0;
    if (r < 0) {
        if (err)
            *err = why;
        return r;
    }
    if (!how->cgroups)
        return cgroup_follow(*ret, (pid_t)inst->record.pid, err);
    STRV_FOREACH (where, how->cgroups) {
        r = cgroup_descend(*ret, *where, err);
        if (r < 0)
            return err_wrap(err, "--cgroup");
    }
    return 0;
}

static int start(const struct runtime_instance *inst, const struct runtime_exec *how, const struct oci_spec *spec,
                 struct runtime_process *ret, struct err *err)
{
    _cleanup_cgroup_host_ struct cgroup_host host = {0};
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    _cleanup_fd_ int pidfd = runtime_instance_process(inst);
    _cleanup_free_ char *cache = seccomp_cache_below(inst->root);
    struct runtime_start start = {
        .spec = spec,
        .host = &host,
        .stdio = {0, 1, 2},
        .preserve_fds = how->preserve_fds,
        .outlives = how->detached,
        .enter = (pid_t)inst->record.pid,
        .enter_pidfd = pidfd,
        .seccomp_cache = cache,
    };
    int r;

    if (pidfd < 0)
        return err_set(err, ERR_INVALID, "container not running: %s", inst->id);
    r = open_cgroup(inst, how, &host, &cg, err);
    if (r < 0)
        return r;
    start.cgroup = cg;
    r = runtime_start(&start, ret, err);
    return r < 0 ? r : runtime_await(ret, err);
}

int runtime_instance_exec(const struct runtime_instance *inst, const struct runtime_exec *how,
                          struct runtime_process *ret, struct err *err)
{
    _cleanup_process_ struct runtime_process process = RUNTIME_PROCESS_INIT;
    _cleanup_spec_ struct oci_spec spec = {0};
    struct oci_spec with;
    int r = check_status(inst, how->ignore_paused, err);

    if (r == 0)
        r = runtime_check_terminal(how->process->terminal, how->console_socket, how->detached, err);
    if (r == 0)
        r = runtime_instance_spec(inst, &spec, err);
    if (r < 0)
        return r;
    with = spec; /* borrows: all is the container's but the process */
    with.process = *how->process;
    r = oci_spec_check(&with, err);
    if (r == 0 && !oci_spec_has_process(&with))
        r = err_set(err, ERR_INVALID, "process.cwd: missing");
    plan_capability_warn(&with.process.capabilities);
    if (r == 0)
        r = start(inst, how, &with, &process, err);
    if (r == 0 && how->console_socket)
        r = runtime_send_terminal(how->console_socket, &process.terminal, err);
    if (r == 0 && how->pid_file)
        r = runtime_write_pid(how->pid_file, process.pid, err);
    if (r < 0) {
        if (process.pidfd >= 0) {
            proc_signal(process.pidfd, SIGKILL);
            proc_wait(process.pidfd);
        }
        return r;
    }
    *ret = process;
    process = RUNTIME_PROCESS_INIT;
    return 0;
}
