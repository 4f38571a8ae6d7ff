/* What a container may use: the engine's words as the runtime's. */
#include "bundle/bundle.h"

#include "runtime/cgroup.h"

static void limit_memory(const struct engine_host_config *h, struct oci_memory *m)
{
    m->limit = h->memory;
    m->reservation = h->memory_reservation;
    m->swap = h->memory_swap;
    m->disable_oom_killer = h->oom_kill_disable && *h->oom_kill_disable;
    if (h->memory_swappiness && *h->memory_swappiness >= 0)
        m->swappiness = mem_dup(h->memory_swappiness, sizeof(*m->swappiness));
}

static void limit_cpu(const struct engine_host_config *h, struct oci_cpu *c)
{
    c->shares = h->cpu_shares;
    c->quota = h->cpu_quota;
    c->period = h->cpu_period;
    c->realtime_period = h->cpu_realtime_period;
    c->realtime_runtime = h->cpu_realtime_runtime;
    c->cpus = str_dup(str_given(h->cpuset_cpus));
    c->mems = str_dup(str_given(h->cpuset_mems));
    if (h->nano_cpus)
        cgroup_quota_of_cpus(h->nano_cpus, 0, &c->quota, &c->period, NULL); /* it was checked before */
}

void bundle_limits(const struct engine_host_config *h, struct oci_resources *ret)
{
    limit_memory(h, &ret->memory);
    limit_cpu(h, &ret->cpu);
    ret->block_io.weight = h->blkio_weight;
    if (h->pids_limit) {
        ret->pids.limit = mem_alloc(sizeof(int64_t));
        *ret->pids.limit = *h->pids_limit > 0 ? *h->pids_limit : -1;
    }
}
