#include "monitor/program.h"

#include "base/log.h"
#include "runtime/cgroup.h"
#include "runtime/seccomp.h"
#include "sys/fd.h"
#include "sys/proc.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

enum { FAILURE_CODE = 125 };

static int make_cgroup(const struct monitor_job *job, const struct cgroup_host *host, struct cgroup **ret,
                       struct err *err)
{
    _cleanup_cgroup_plan_ struct cgroup_plan plan = {0};
    int r = cgroup_plan_make(&plan, host, &job->spec->platform.resources, err);

    return r < 0 ? r : cgroup_create(ret, host, job->spec->platform.cgroups_path, &plan, err);
}

static int start(const struct monitor_job *job, const struct cgroup_host *host, struct streams *streams,
                 struct program *p, struct err *err)
{
    _cleanup_free_ char *cache = seccomp_cache_below(store_state_path(job->store));
    struct runtime_start how = {
        .spec = job->spec,
        .overlay = job->overlay,
        .host = host,
        .seccomp_cache = cache,
        .init = strv_contains(job->spec->annotations, OCI_SPEC_INIT),
        .made = job->made,
    };
    int r = job->join(job->store, job->options, job->spec, err);

    if (r == 0)
        r = make_cgroup(job, host, &p->cgroup, err);
    if (r == 0 && !job->spec->process.terminal)
        r = streams_open(streams, job->options->config.open_stdin, err);
    if (r < 0)
        return r;
    how.cgroup = p->cgroup;
    memcpy(how.stdio, streams->theirs, sizeof(how.stdio));
    return runtime_start(&how, &p->process, err);
}

/* Layers whose content need not reach the disk are not mounted a second time, after a crash, unless this is gone: but
 * it is the same boot, and nothing of them is lost. Documentation/filesystems/overlayfs.rst, "Volatile mount". */
static void mount_again(const struct monitor_job *job)
{
    int dir = store_container_fd(job->dir);

    if (job->overlay->discard && job->record->started) {
        unlinkat(dir, "work/work/incompat/volatile/dirty", 0);
        unlinkat(dir, "work/work/incompat/volatile", AT_REMOVEDIR);
        unlinkat(dir, "work/work/incompat", AT_REMOVEDIR);
    }
}

int program_start(const struct monitor_job *job, struct streams *streams, struct program *ret,
                  int (*meanwhile)(void *data, struct err *err), void *data, struct err *err)
{
    _cleanup_cgroup_host_ struct cgroup_host host = {0};
    int r = cgroup_host_detect(&host, err);

    *ret = PROGRAM_NONE;
    mount_again(job);
    if (r == 0)
        r = start(job, &host, streams, ret, err);
    if (r < 0)
        return r;
    r = meanwhile(data, err);
    if (r == 0)
        r = runtime_await(&ret->process, err);
    else
        proc_signal(ret->process.pidfd, SIGKILL);
    if (r < 0) {
        proc_wait(ret->process.pidfd);
        return r;
    }
    streams_begin(streams, steal_fd(&ret->process.terminal));
    return 0;
}

int program_reap(const struct monitor_job *job, struct program *p)
{
    int code = proc_wait(p->process.pidfd);
    struct err why = ERR_INIT;

    /* With the first process of a PID namespace all others of it have ended. */
    if (p->cgroup && !oci_spec_namespace(job->spec, "pid") && cgroup_kill(p->cgroup, &why) < 0)
        log_debug("%s", why.text);
    runtime_process_release(&p->process);
    return code < 0 ? FAILURE_CODE : code;
}

bool program_oom_killed(const struct program *p)
{
    uint64_t kills = 0;

    return p->cgroup && cgroup_oom_kills(p->cgroup, &kills, NULL) == 0 && kills > 0;
}

int program_clean_up(struct program *p, struct err *err)
{
    int r = p->cgroup ? cgroup_remove(p->cgroup, err) : 0;

    cgroup_free_cleanup(&p->cgroup);
    runtime_process_release(&p->process);
    return r;
}
