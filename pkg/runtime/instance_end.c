/* Starting, signals, and the end. */
#include "runtime/instance_internal.h"
#include "runtime/systemd.h"

#include "base/log.h"
#include "runtime/hooks.h"
#include "runtime/resctrl.h"
#include "sys/fd.h"
#include "sys/proc.h"

#include <poll.h>
#include <signal.h>

enum { END_WAIT = 10000 /* ms until what was killed has to be gone */ };

void runtime_instance_poststop(const struct runtime_instance *inst)
{
    const oci_hook_list *hooks = &inst->record.hooks.poststop;
    _cleanup_state_ struct oci_state state = {0};

    if (!hooks->n)
        return;
    runtime_instance_state(inst, RUNTIME_STOPPED, &state);
    hooks_try(hooks, "hooks.poststop", &state, state.bundle);
}

static int run_poststart(const struct runtime_instance *inst, struct err *err)
{
    const oci_hook_list *hooks = &inst->record.hooks.poststart;
    _cleanup_state_ struct oci_state state = {0};

    if (!hooks->n)
        return 0;
    runtime_instance_state(inst, RUNTIME_RUNNING, &state);
    return hooks_run(hooks, "hooks.poststart", &state, state.bundle, err);
}

int runtime_instance_pass(struct runtime_instance *inst, struct err *err)
{
    struct err why = ERR_INIT;
    int r = gate_pass(inst->dir, err);

    if (r == 0)
        r = run_poststart(inst, err);
    /* "Lifecycle", 7 and 9: where hooks fail, it goes on with the destruction. */
    if (r < 0 && r != ERR_NO_COMMAND && r != ERR_NO_EXEC && runtime_instance_delete(inst, true, &why) < 0)
        log_debug("cleaning up: %s", why.text);
    return r;
}

int runtime_instance_start(struct runtime_instance *inst, struct err *err)
{
    enum runtime_status status = runtime_instance_status(inst);

    if (status == RUNTIME_STOPPED)
        return err_set(err, ERR_INVALID, "cannot start a container that has stopped: %s", inst->id);
    if (status != RUNTIME_CREATED)
        return err_set(err, ERR_INVALID, "cannot start a container that is %s: %s", runtime_status_word(status),
                       inst->id);
    return runtime_instance_pass(inst, err);
}

/* 0 where there is no cgroup any more. */
static int signal_all(const struct runtime_instance *inst, int signal, struct err *err)
{
    _cleanup_cgroup_host_ struct cgroup_host host = {0};
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    struct err why = ERR_INIT;
    int r = runtime_instance_cgroup(inst, &host, &cg, &why);

    if (r == 0)
        r = signal == SIGKILL ? cgroup_kill(cg, &why) : cgroup_signal(cg, signal, &why);
    if (r < 0 && r != ERR_NOT_FOUND && err)
        *err = why;
    return r == ERR_NOT_FOUND ? 0 : r;
}

/* One that is paused. */
static void let_die(const struct runtime_instance *inst)
{
    _cleanup_cgroup_host_ struct cgroup_host host = {0};
    _cleanup_cgroup_ struct cgroup *cg = NULL;

    if (runtime_instance_cgroup(inst, &host, &cg, NULL) == 0)
        cgroup_let_die(cg);
}

int runtime_instance_kill(const struct runtime_instance *inst, int signal, bool all, struct err *err)
{
    _cleanup_fd_ int process = runtime_instance_process(inst);
    int r;

    if (all)
        return signal_all(inst, signal, err);
    r = process < 0 ? process : proc_signal(process, signal);
    if (r == 0 && signal == SIGKILL)
        let_die(inst);
    if (r == -ESRCH)
        return err_set(err, ERR_INVALID, "container not running: %s", inst->id);
    return r < 0 ? err_errno(err, -r, "sending a signal to container %s", inst->id) : 0;
}

void runtime_instance_leave(const struct runtime_instance *inst)
{
    _cleanup_free_ char *root = NULL;

    if (inst->record.intel_rdt && resctrl_find(&root, NULL) == 0)
        resctrl_leave(root, inst->record.intel_rdt, inst->id);
}

int runtime_instance_clear(const struct runtime_instance *inst, struct err *err)
{
    _cleanup_cgroup_host_ struct cgroup_host host = {0};
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    struct err why = ERR_INIT;
    int r = inst->host.hierarchies.n ? runtime_instance_cgroup_on(inst, &inst->host, &cg, &why)
                                     : runtime_instance_cgroup(inst, &host, &cg, &why);

    if (r == 0 && !cgroup_try_remove(cg)) { /* as a rule nobody is left */
        r = cgroup_kill(cg, &why);
        if (r == 0)
            r = cgroup_remove(cg, &why);
    }
    if (r == ERR_NOT_FOUND)
        r = 0;
    if (r == 0 && inst->record.unit)
        r = systemd_unit_stop(inst->record.unit, &why);
    if (r < 0 && err)
        *err = why;
    return r;
}

/* Its first process, and with its cgroup whatever else there is of it. */
static int kill_now(const struct runtime_instance *inst, struct err *err)
{
    _cleanup_fd_ int process = runtime_instance_process(inst);
    struct pollfd ended = {.fd = process, .events = POLLIN};
    struct err why = ERR_INIT;

    if (process < 0)
        return 0;
    proc_signal(process, SIGKILL);
    if (signal_all(inst, SIGKILL, &why) < 0)
        log_debug("%s", why.text);
    if (poll(&ended, 1, END_WAIT) == 0)
        return err_set(err, ERR_BUSY, "container %s does not end", inst->id);
    return 0;
}

int runtime_instance_delete(struct runtime_instance *inst, bool force, struct err *err)
{
    enum runtime_status status;
    int r = runtime_instance_lock(inst, err);

    if (r < 0)
        return r;
    status = runtime_instance_status(inst);
    if (!force && (status == RUNTIME_RUNNING || status == RUNTIME_PAUSED)) {
        err_set(err, ERR_BUSY, "cannot delete container %s that is not stopped: %s", inst->id,
                runtime_status_word(status));
        return err_hint(err, "kill it first, or use --force");
    }
    if (status != RUNTIME_STOPPED)
        r = kill_now(inst, err);
    if (r == 0)
        r = runtime_instance_clear(inst, err);
    if (r < 0)
        return r;
    runtime_instance_leave(inst);
    r = runtime_instance_forget(inst, err);
    if (r == 0)
        runtime_instance_poststop(inst);
    return r;
}
