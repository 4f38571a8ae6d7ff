#include "runtime/enter.h"

#include "runtime/plan.h"
#include "sys/proc.h"

#include <signal.h>

/* Where programs of the container may run. */
static int open_cgroup(const struct runtime_enter *how, struct cgroup_host *ret_host, struct cgroup **ret,
                       struct err *err)
{
    struct err why = ERR_INIT;
    int r = str_empty(how->cgroup) ? ERR_NOT_FOUND : cgroup_host_detect(ret_host, &why);

    if (r == 0)
        r = cgroup_open(ret, ret_host, how->cgroup, &why);
    if (r == ERR_NOT_FOUND)
        return 0;
    if (r < 0 && err)
        *err = why;
    return r < 0 ? r : cgroup_follow(*ret, how->pid, err);
}

/* The container's, in which TERM is that of a terminal, if it came with one. */
static char **make_env(const struct runtime_enter *how)
{
    char **env = NULL;

    STRV_FOREACH (assignment, how->spec->process.env)
        if (how->terminal || !how->spec->process.terminal || !str_eq(*assignment, "TERM=xterm"))
            strv_add(&env, *assignment);
    if (how->terminal && !strv_env_get(env, "TERM"))
        strv_add(&env, "TERM=xterm");
    STRV_FOREACH (assignment, how->env)
        strv_env_set(&env, *assignment);
    return env;
}

/* `with` borrows everything but what is here to be freed. */
struct entering {
    struct oci_spec with;
    char **env, **capabilities;
};

static void entering_release(struct entering *e)
{
    strv_free(e->env);
    strv_free(e->capabilities);
}

static void describe(const struct runtime_enter *how, struct entering *e)
{
    struct oci_process *p = &e->with.process;

    e->with = *how->spec;
    e->env = make_env(how);
    p->args = (char **)how->args;
    p->env = e->env;
    p->terminal = how->terminal;
    p->console_size = how->size;
    if (how->user)
        p->user = (struct oci_user){.username = (char *)how->user};
    if (how->workdir)
        p->cwd = (char *)how->workdir;
    if (!how->privileged)
        return;
    e->capabilities = plan_capability_names();
    p->capabilities = (struct oci_capabilities){
        .bounding = e->capabilities, .effective = e->capabilities, .permitted = e->capabilities};
    p->apparmor_profile = NULL;
}

static int start(const struct runtime_enter *how, struct runtime_process *ret, struct err *err)
{
    _cleanup_(entering_release) struct entering e = {0};
    _cleanup_cgroup_host_ struct cgroup_host host = {0};
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    struct runtime_start start = {
        .spec = &e.with,
        .host = &host,
        .stdio = {how->stdio[0], how->stdio[1], how->stdio[2]},
        .outlives = how->outlives,
        .enter = how->pid,
        .enter_pidfd = how->pidfd,
        .seccomp_cache = how->seccomp_cache,
    };
    int r = open_cgroup(how, &host, &cg, err);

    if (r < 0)
        return r;
    describe(how, &e);
    start.cgroup = cg;
    r = runtime_start(&start, ret, err);
    return r < 0 ? r : runtime_await(ret, err);
}

int runtime_enter(const struct runtime_enter *how, struct runtime_process *ret, struct err *err)
{
    _cleanup_process_ struct runtime_process process = RUNTIME_PROCESS_INIT;
    int r = start(how, &process, err);

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
