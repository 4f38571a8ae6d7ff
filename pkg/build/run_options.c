/* What a RUN asks of its container. */
#include "build/run_internal.h"

#include <inttypes.h>

static void set_env(const struct build_run_job *job, bool quiet, char ***env)
{
    STRV_FOREACH (setting, quiet ? job->step->quiet_env : NULL)
        strv_env_set(env, *setting);
    STRV_FOREACH (setting, job->step->env)
        strv_env_set(env, *setting);
    if (!strv_env_has(*env, "SOURCE_DATE_EPOCH"))
        strv_addf(env, "SOURCE_DATE_EPOCH=%" PRId64, job->epoch);
}

/* RUN --network counts for more than the build's own; but the host's is not the Dockerfile's to take. */
static int set_network(const struct build_run_job *job, struct engine_host_config *h, struct err *err)
{
    const char *asked = job->step->run.network;

    if (str_eq(asked, "host") && !job->request->host_network) {
        err_set(err, ERR_PERMISSION, "RUN --network=host is not allowed to this build");
        return err_hint(err, "allow it if you trust the Dockerfile: --allow network.host");
    }
    if (str_empty(asked) || str_eq(asked, "default"))
        asked = job->request->network;
    str_replace(&h->network_mode, str_empty(asked) ? NULL : str_dup(asked));
    strv_extend(&h->extra_hosts, job->request->extra_hosts);
    return 0;
}

static int set_security(const struct build_run_job *job, struct engine_host_config *h, struct err *err)
{
    if (!str_eq(job->step->run.security, "insecure"))
        return 0;
    if (!job->request->insecure) {
        err_set(err, ERR_PERMISSION, "RUN --security=insecure is not allowed to this build");
        return err_hint(err, "allow it if you trust the Dockerfile: --allow security.insecure");
    }
    h->privileged = true;
    return 0;
}

int build_run_options(const struct build_run_job *job, bool quiet, struct engine_options *ret, struct err *err)
{
    const struct build_step *step = job->step;
    struct engine_host_config *h = &ret->host;
    struct oci_container_config *c = &ret->config.config;
    int r = 0;

    *ret = (struct engine_options){0};
    if (job->request->limits)
        r = json_duplicate(&engine_host_config_type, job->request->limits, h, err);
    if (r == 0)
        r = set_security(job, h, err);
    if (r == 0)
        r = set_network(job, h, err);
    if (r < 0)
        return r;
    set_env(job, quiet, &c->env);
    h->auto_remove = true;
    str_replace(&h->log_config.type, str_dup("none"));
    ret->config.hostname = str_dup(BUILD_RUN_HOSTNAME);
    ret->config.attach_stdout = ret->config.attach_stderr = true;
    c->user = str_dup(step->config.user);
    c->working_dir = str_dup(step->config.working_dir);
    c->cmd = strv_copy(step->run.argv);
    return 0;
}
