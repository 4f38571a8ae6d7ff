#include "container/update.h"

#include "bundle/bundle.h"
#include "container/host.h"
#include "container/internal.h"
#include "monitor/documents.h"
#include "monitor/monitor.h"
#include "runtime/cgroup.h"

/* Numbers that change where they are given. */
static const size_t numbers[] = {
    offsetof(struct engine_host_config, blkio_weight),
    offsetof(struct engine_host_config, cpu_shares),
    offsetof(struct engine_host_config, nano_cpus),
    offsetof(struct engine_host_config, cpu_period),
    offsetof(struct engine_host_config, cpu_quota),
    offsetof(struct engine_host_config, cpu_realtime_period),
    offsetof(struct engine_host_config, cpu_realtime_runtime),
    offsetof(struct engine_host_config, memory),
    offsetof(struct engine_host_config, memory_reservation),
    offsetof(struct engine_host_config, memory_swap),
};

/* What contradicts what the container has already. */
static int check_conflicts(const struct engine_host_config *to, const struct engine_host_config *h, struct err *err)
{
    const char *wrong = NULL;

    if (to->nano_cpus > 0 && h->cpu_period > 0)
        wrong = "Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set";
    else if (to->nano_cpus > 0 && h->cpu_quota > 0)
        wrong = "Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set";
    else if (to->cpu_period > 0 && h->nano_cpus > 0)
        wrong = "Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set";
    else if (to->cpu_quota > 0 && h->nano_cpus > 0)
        wrong = "Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set";
    /* Without a limit on both there is none that this one could be above of: but so it is in Docker. */
    else if (to->memory && !to->memory_swap && h->memory_swap != -1 && to->memory > h->memory_swap)
        wrong = "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same "
                "time";
    return wrong ? err_set(err, ERR_INVALID, "%s", wrong) : 0;
}

static int change_restart(const struct engine_restart_policy *to, struct engine_host_config *h, struct err *err)
{
    if (h->auto_remove && !str_eq(to->name, "no") && !str_empty(to->name))
        return err_set(err, ERR_INVALID,
                       "Restart policy cannot be updated because AutoRemove is enabled for the container");
    str_replace(&h->restart_policy.name, str_dup(to->name));
    h->restart_policy.maximum_retry_count = to->maximum_retry_count;
    return 0;
}

int container_change_options(const struct container_change *change, const struct bundle_machine *machine,
                             struct engine_host_config *h, struct err *err)
{
    const struct engine_host_config *to = change->limits;
    int r = bundle_check_limits(to, machine, true, err);

    if (r == 0)
        r = check_conflicts(to, h, err);
    if (r == 0 && change->restart)
        r = change_restart(change->restart, h, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        int64_t n = *(const int64_t *)((const char *)to + numbers[i]);

        if (n)
            *(int64_t *)((char *)h + numbers[i]) = n;
    }
    if (!str_empty(to->cpuset_cpus))
        str_replace(&h->cpuset_cpus, str_dup(to->cpuset_cpus));
    if (!str_empty(to->cpuset_mems))
        str_replace(&h->cpuset_mems, str_dup(to->cpuset_mems));
    if (to->pids_limit) {
        free(h->pids_limit);
        h->pids_limit = mem_dup(to->pids_limit, sizeof(*to->pids_limit));
    }
    return bundle_check_limits(h, machine, true, err);
}

/* ---- in the kernel ---- */

static void drop_cpu(struct oci_cpu *c)
{
    free(c->cpus);
    free(c->mems);
    *c = (struct oci_cpu){0};
}

/* Of all that holds from now on, the parts of which something has changed: others stay untouched. */
static void keep_changed(const struct engine_host_config *to, struct oci_resources *r)
{
    if (!to->memory && !to->memory_swap && !to->memory_reservation) {
        free(r->memory.swappiness);
        r->memory = (struct oci_memory){0};
    }
    if (!to->cpu_shares && !to->nano_cpus && !to->cpu_period && !to->cpu_quota && !to->cpu_realtime_period &&
        !to->cpu_realtime_runtime && str_empty(to->cpuset_cpus) && str_empty(to->cpuset_mems))
        drop_cpu(&r->cpu);
    if (!to->blkio_weight)
        r->block_io.weight = 0;
    if (!to->pids_limit) {
        free(r->pids.limit);
        r->pids.limit = NULL;
    }
}

static int apply(const char *path, const struct engine_host_config *to, const struct engine_host_config *all,
                 struct err *err)
{
    _cleanup_cgroup_host_ struct cgroup_host host = {0};
    _cleanup_cgroup_plan_ struct cgroup_plan plan = {0};
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    struct oci_resources resources = {0};
    int r = cgroup_host_detect(&host, err);

    bundle_limits(all, &resources);
    keep_changed(to, &resources);
    if (r == 0)
        r = cgroup_open(&cg, &host, path, err);
    if (r == 0)
        r = cgroup_plan_make_update(&plan, &host, &resources, err);
    if (r == 0)
        r = cgroup_update(cg, &plan, err);
    json_free(&oci_resources_type, &resources);
    return r;
}

/* ---- on disk ---- */

/* The new limits in the place of the old ones; what is by device stays. */
static void change_spec(const struct engine_host_config *h, struct oci_resources *r)
{
    free(r->memory.swappiness);
    free(r->pids.limit);
    r->memory = (struct oci_memory){0};
    r->pids.limit = NULL;
    drop_cpu(&r->cpu);
    bundle_limits(h, r);
}

static int update(struct store *s, const struct container_view *v, const struct container_change *change,
                  struct err *err)
{
    _cleanup_engine_options_ struct engine_options options = {0};
    _cleanup_container_ struct store_container *dir = NULL;
    _cleanup_spec_ struct oci_spec spec = {0};
    _cleanup_machine_ struct container_machine machine = {0};
    int r = store_container_open(s, v->id, &dir, err);

    container_machine_read(change->limits, &machine);
    if (r == 0 && v->monitor < 0)
        r = container_lock_idle(s, dir, err);
    if (r == 0)
        r = container_read_options(s, v->id, &options, err);
    if (r == 0)
        r = container_read_spec(s, v->id, &spec, err);
    if (r == 0)
        r = container_change_options(change, &machine.known, &options.host, err);
    if (r < 0)
        return r;
    change_spec(&options.host, &spec.platform.resources);
    if (v->pidfd >= 0)
        r = apply(v->record.cgroup, change->limits, &options.host, err);
    if (r == 0)
        r = documents_change(dir, &options, &spec, err);
    if (r == 0 && v->monitor >= 0)
        r = monitor_ask(v->monitor, MONITOR_RELOAD, NULL, 0, NULL, err);
    return r == ERR_NOT_FOUND ? 0 : r; /* its monitor went meanwhile: it is on disk */
}

int container_update(struct store *s, const char *name, const struct container_change *change, struct err *err)
{
    _cleanup_container_view_ struct container_view v = CONTAINER_VIEW_NONE;
    int r = container_view(s, name, &v, err);

    if (r < 0)
        return r;
    r = update(s, &v, change, err);
    if (r < 0)
        return err_wrap(err, "Cannot update container %s", v.id);
    monitor_tell(s, &v.record, "update", NULL, NULL);
    return 0;
}
