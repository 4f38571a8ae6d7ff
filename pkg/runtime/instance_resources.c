/* A living container's cgroup: stopping its processes, and changing what they may use. */
#include "base/strv.h"
#include "runtime/cgroup_internal.h"
#include "runtime/instance_internal.h"
#include "runtime/systemd.h"

#include <unistd.h>

/* ---- pause ---- */

int runtime_instance_pause(const struct runtime_instance *inst, bool pause, struct err *err)
{
    enum runtime_status status = runtime_instance_status(inst);
    _cleanup_cgroup_host_ struct cgroup_host host = {0};
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    int r;

    if (!pause && status != RUNTIME_PAUSED)
        return err_set(err, ERR_INVALID, "container not paused: %s", inst->id);
    if (pause && status == RUNTIME_PAUSED)
        return err_set(err, ERR_INVALID, "container is paused already: %s", inst->id);
    if (pause && status != RUNTIME_RUNNING && status != RUNTIME_CREATED)
        return err_set(err, ERR_INVALID, "container not running: %s", inst->id);
    r = runtime_instance_cgroup(inst, &host, &cg, err);
    return r < 0 ? r : cgroup_freeze(cg, pause, err);
}

/* ---- update ---- */

/* The number in a file of v2, or of either; -1 for none: "max", and what v1 has in its place, 2^63 less a page. */
static bool read_limit(const struct cgroup_member *m, const char *file, int64_t *ret)
{
    _cleanup_buf_ struct buf text = BUF_INIT;
    char *end;

    if (cgroup_read(m->fd, file, &text) < 0)
        return false;
    *ret = strtoll(buf_str(&text), &end, 10);
    if (end == text.p || *ret >= INT64_MAX - sysconf(_SC_PAGESIZE))
        *ret = -1;
    return true;
}

/* Memory and swap are one number in the specification and two in v2: whichever is not given stays as it is. */
static void complete_memory(const struct cgroup *cg, struct oci_memory *memory)
{
    const struct cgroup_member *m = cgroup_member_find(cg, CGROUP_MEMORY);
    int64_t limit, swap;

    if (!m || (!memory->limit && !memory->swap) || (memory->limit && memory->swap))
        return;
    if (!read_limit(m, m->version == 1 ? "memory.limit_in_bytes" : "memory.max", &limit))
        return;
    if (!memory->limit)
        memory->limit = limit;
    else if (m->version == 2 && memory->limit > 0 && limit > 0 && read_limit(m, "memory.swap.max", &swap) && swap >= 0)
        memory->swap = limit + swap;
}

/* Quota and period are one file in v2. */
static void complete_cpu(const struct cgroup *cg, struct oci_cpu *cpu)
{
    const struct cgroup_member *m = cgroup_member_find(cg, CGROUP_CPU);
    _cleanup_buf_ struct buf text = BUF_INIT;
    char *end;
    int64_t quota;

    if (!m || m->version != 2 || !cpu->quota == !cpu->period || cgroup_read(m->fd, "cpu.max", &text) < 0)
        return;
    quota = strtoll(buf_str(&text), &end, 10);
    if (end == text.p) {
        quota = -1;
        end += strcspn(end, " ");
    }
    if (!cpu->quota)
        cpu->quota = quota;
    if (!cpu->period)
        cpu->period = strtoll(end, NULL, 10);
}

int runtime_instance_update(const struct runtime_instance *inst, const struct oci_resources *resources, struct err *err)
{
    enum runtime_status status = runtime_instance_status(inst);
    _cleanup_cgroup_host_ struct cgroup_host host = {0};
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    _cleanup_cgroup_plan_ struct cgroup_plan plan = {0};
    struct oci_resources complete = *resources; /* borrows */
    int r;

    if (status == RUNTIME_STOPPED || status == RUNTIME_CREATING)
        return err_set(err, ERR_INVALID, "container not running: %s", inst->id);
    r = runtime_instance_cgroup(inst, &host, &cg, err);
    if (r < 0)
        return r;
    complete_memory(cg, &complete.memory);
    complete_cpu(cg, &complete.cpu);
    r = cgroup_plan_make_update(&plan, &host, &complete, err);
    if (r == 0 && inst->record.unit)
        r = systemd_unit_update(inst->record.unit, &complete, err);
    return r < 0 ? r : cgroup_update(cg, &plan, err);
}

/* ---- whose it is ---- */

/* The host's id of the container's user, if the container is given its cgroups to write to. */
static bool owner_of_cgroup(const struct oci_spec *spec, uid_t *ret)
{
    const struct oci_namespace *own = oci_spec_namespace(spec, "cgroup");
    bool writable = false;
    int64_t uid = spec->process.user.uid;

    if (!own || own->path)
        return false;
    VEC_FOREACH (m, &spec->mounts)
        if (str_eq(m->source, "cgroup") && str_eq(m->destination, "/sys/fs/cgroup"))
            writable = !strv_contains(m->options, "ro");
    if (!oci_spec_namespace(spec, "user")) {
        *ret = (uid_t)uid;
        return writable;
    }
    VEC_FOREACH (map, &spec->platform.uid_mappings)
        if (uid >= map->container_id && uid - map->container_id < map->size) {
            *ret = (uid_t)(map->host_id + uid - map->container_id);
            return writable;
        }
    return false;
}

int runtime_give_cgroup(struct cgroup *cg, const struct cgroup_host *host, const struct oci_spec *spec, struct err *err)
{
    uid_t uid;

    /* "SHOULD NOT change the ownership … when cgroups v1 is in use". */
    if (!str_eq(cgroup_host_mode(host), "v2") || !owner_of_cgroup(spec, &uid) || uid == geteuid())
        return 0;
    return cgroup_delegate(cg, uid, err);
}
