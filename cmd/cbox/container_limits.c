/* What a container may use, from the options of `run` and `create`; they were checked one by one. */
#include "bundle/parse.h"
#include "container_options.h"
#include "sys/path.h"

#include <glob.h>

static int read_rates(char *const *texts, bool bytes, engine_rate_devices *ret, struct err *err)
{
    STRV_FOREACH (text, texts) {
        int r = bundle_parse_rate_device(*text, bytes, VEC_PUSH(ret), err);

        if (r < 0)
            return r;
    }
    return 0;
}

static int read_block_io(const struct container_flags *f, struct engine_host_config *h, struct err *err)
{
    int r = read_rates(f->read_bps, true, &h->blkio_device_read_bps, err);

    if (r == 0)
        r = read_rates(f->write_bps, true, &h->blkio_device_write_bps, err);
    if (r == 0)
        r = read_rates(f->read_iops, false, &h->blkio_device_read_iops, err);
    if (r == 0)
        r = read_rates(f->write_iops, false, &h->blkio_device_write_iops, err);
    STRV_FOREACH (text, f->blkio_weight_devices)
        r = r < 0 ? r : bundle_parse_weight_device(*text, VEC_PUSH(&h->blkio_weight_device), err);
    return r;
}

/* Those that a pattern at the end of a path names, if any. */
static void add_matches(const struct engine_device *d, struct engine_host_config *h)
{
    glob_t found = {0};

    if (glob(d->path_on_host, 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++)
            *VEC_PUSH(&h->devices) = (struct engine_device){str_dup(found.gl_pathv[i]), str_dup(found.gl_pathv[i]),
                                                            str_dup(d->cgroup_permissions)};
    globfree(&found);
}

static int read_device(const char *text, struct engine_host_config *h, struct err *err)
{
    struct engine_device d = {0};
    int r = bundle_parse_device(text, &d, err);

    if (r < 0)
        return r;
    if (!str_ends(d.path_on_host, "*")) {
        *VEC_PUSH(&h->devices) = d;
        return 0;
    }
    add_matches(&d, h);
    free(d.path_on_host);
    free(d.path_in_container);
    free(d.cgroup_permissions);
    return 0;
}

static int read_devices(const struct container_flags *f, struct engine_host_config *h, struct err *err)
{
    _cleanup_strv_ char **cdi = NULL;
    int r = 0;

    STRV_FOREACH (text, f->devices) {
        if (bundle_is_cdi_device(*text))
            strv_add(&cdi, *text);
        else
            r = r < 0 ? r : read_device(*text, h, err);
    }
    STRV_FOREACH (text, f->gpus)
        r = r < 0 ? r : bundle_parse_gpus(*text, VEC_PUSH(&h->device_requests), err);
    if (cdi)
        *VEC_PUSH(&h->device_requests) =
            (struct engine_device_request){.driver = str_dup("cdi"), .device_ids = steal_ptr(&cdi)};
    h->device_cgroup_rules = strv_copy(f->device_rules);
    return r;
}

int creation_read_limits(const struct container_flags *f, struct engine_host_config *h, struct err *err)
{
    int r = read_block_io(f, h, err);

    if (r == 0)
        r = read_devices(f, h, err);
    STRV_FOREACH (text, f->ulimits)
        r = r < 0 ? r : bundle_parse_ulimit(*text, VEC_PUSH(&h->ulimits), err);
    h->cpuset_cpus = str_dup(str_given(f->cpuset_cpus));
    h->cpuset_mems = str_dup(str_given(f->cpuset_mems));
    h->oom_kill_disable = mem_dup(&f->oom_kill_disable, sizeof(f->oom_kill_disable));
    if (f->memory_swappiness != -1)
        h->memory_swappiness = mem_dup(&f->memory_swappiness, sizeof(f->memory_swappiness));
    if (f->pids_limit)
        h->pids_limit = mem_dup(&f->pids_limit, sizeof(f->pids_limit));
    return r;
}
