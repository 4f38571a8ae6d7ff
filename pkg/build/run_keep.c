/* --debug: what a failed step left, as a container like any other, whose program is a shell. */
#include "build/run_internal.h"
#include "container/container.h"
#include "store/build_cache.h"

/* The step's own, where it has one. */
static const char *shell_of(const struct build_run_job *job)
{
    const struct dockerfile_run *run = &job->step->run;

    return run->shell_text && strv_len(run->argv) ? run->argv[0] : "/bin/sh";
}

/* Nothing of what may be secret: such variables, and mounts, have gone with the step. */
static int options_of(const struct build_run_job *job, struct engine_options *o, struct err *err)
{
    int r = build_run_options(job, false, o, err);

    if (r < 0)
        return r;
    o->host.auto_remove = false;
    str_replace(&o->host.log_config.type, NULL);
    str_replace(&o->config.hostname, NULL);
    strv_free(o->config.config.cmd);
    o->config.config.cmd = NULL;
    strv_add(&o->config.config.cmd, shell_of(job));
    o->config.tty = o->config.open_stdin = o->config.stdin_once = o->config.attach_stdin = true;
    return 0;
}

/* Where the layers are once the cache is settled. */
static char **settled(char *const *lower)
{
    char **list = NULL;

    STRV_FOREACH (layer, lower) {
        const char *rest = str_after(*layer, "build-cache/");

        strv_add(&list, rest ? rest : *layer);
    }
    return list;
}

int build_run_keep(const struct build_run_job *job, int dir, char **ret_name, struct err *err)
{
    _cleanup_engine_options_ struct engine_options wanted = {0};
    _cleanup_one_container_ struct container c = {0};
    _cleanup_strv_ char **lower = settled(job->lower);
    const struct container_left left = {.lower = lower, .dir = dir};
    const struct container_request request = {.wanted = &wanted, .left = &left, .config = job->config};
    int r = options_of(job, &wanted, err);

    if (r == 0)
        r = store_build_settle(job->store, err);
    if (r == 0)
        r = container_create(job->store, NULL, &request, &c, err);
    if (r == 0)
        *ret_name = str_dup(c.record.name);
    return r < 0 ? err_wrap(err, "keeping what the step left") : 0;
}
