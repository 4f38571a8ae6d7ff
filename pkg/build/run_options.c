/* What a RUN asks of its container. */
#include "build/run_internal.h"
#include "container/container.h"

#include <inttypes.h>

static void set_env(const struct build_run_job *job, bool quiet, char ***env)
{
    STRV_FOREACH (setting, quiet ? job->step->environment.quiet : NULL)
        strv_env_set(env, *setting);
    STRV_FOREACH (setting, job->step->environment.env)
        strv_env_set(env, *setting);
    if (!strv_env_has(*env, "SOURCE_DATE_EPOCH"))
        strv_addf(env, "SOURCE_DATE_EPOCH=%" PRId64, job->epoch);
}

/* Of the command line, for every step. */
static int set_request(const struct build_request *q, struct engine_host_config *h, struct err *err)
{
    int r = q->limits ? json_duplicate(&engine_host_config_type, q->limits, h, err) : 0;

    if (r < 0)
        return r;
    str_replace(&h->network_mode, str_dup(str_given(q->network)));
    return 0;
}

/* RUN --network counts for more than the build's own; but the host's is not the Dockerfile's to take. */
static int set_network(const struct build_run_job *job, struct engine_host_config *h, struct err *err)
{
    const char *asked = job->step->run.network;

    if (str_eq(asked, "host") && !job->request->host_network) {
        err_set(err, ERR_PERMISSION, "RUN --network=host is not allowed to this build");
        return err_hint(err, "allow it if you trust the Dockerfile: --allow network.host");
    }
    if (!str_empty(asked) && !str_eq(asked, "default"))
        str_replace(&h->network_mode, str_dup(asked));
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
    int r;

    *ret = (struct engine_options){0};
    r = set_request(job->request, h, err);
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

int build_check_request(struct store *s, const struct build_request *q, struct err *err)
{
    _cleanup_engine_options_ struct engine_options wanted = {0};
    _cleanup_one_container_ struct container c = {0};
    int r = set_request(q, &wanted.host, err);

    strv_add(&wanted.config.config.cmd, "true");
    return r < 0 ? r : container_imagine(s, NULL, &wanted, &c, err);
}
