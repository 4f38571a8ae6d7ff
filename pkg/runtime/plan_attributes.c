/* The steps for attributes that few processes have. What is wrong with them is said before anything is made. */
#include "runtime/attributes.h"
#include "runtime/plan.h"

static bool notifies(const struct oci_seccomp *profile)
{
    VEC_FOREACH (rule, &profile->syscalls)
        if (str_eq(rule->action, "SCMP_ACT_NOTIFY"))
            return true;
    return false;
}

/* For those that write a label: a procfs that nothing of the image stands in front of. */
static void plan_labels(const struct oci_process *process, struct plan *p)
{
    if (!str_empty(process->apparmor_profile) || !str_empty(process->selinux_label))
        plan_add(p, PLAN_LABELS, NULL);
}

static void plan_listener(const struct oci_spec *spec, struct plan *p)
{
    if (spec->platform.seccomp && notifies(spec->platform.seccomp))
        plan_add(p, PLAN_LISTENER, NULL);
}

int plan_container_attributes(const struct oci_spec *spec, struct plan *p, struct err *err)
{
    const struct oci_linux *l = &spec->platform;
    struct attribute_set nodes;
    unsigned long domain;
    int mode, r = 0;

    plan_listener(spec, p);
    plan_labels(&spec->process, p);
    if (l->personality) {
        r = attribute_personality(l->personality, &domain, err);
        if (r == 0)
            plan_add(p, PLAN_PERSONALITY, NULL)->number = domain;
    }
    if (r == 0 && l->memory_policy) {
        r = attribute_memory_policy(l->memory_policy, &mode, &nodes, err);
        plan_add(p, PLAN_MEMORY_POLICY, NULL);
    }
    return r;
}

/* execCPUAffinity: before the cgroup is joined, and behind that. */
static int plan_affinity(const char *list, const char *field, struct plan *p, struct err *err)
{
    struct attribute_set cpus;
    int r;

    if (str_empty(list))
        return 0;
    r = attribute_set_parse(list, field, &cpus, err);
    plan_add(p, PLAN_AFFINITY, NULL)->source = list;
    return r;
}

int plan_program_attributes(const struct oci_spec *spec, struct plan *p, struct err *err)
{
    const struct oci_cpu_affinity *affinity = spec->process.exec_cpu_affinity;
    int r = 0;

    if (affinity)
        r = plan_affinity(affinity->initial, "process.execCPUAffinity.initial", p, err);
    plan_add(p, PLAN_CGROUP, NULL);
    if (r == 0 && affinity)
        r = plan_affinity(affinity->final, "process.execCPUAffinity.final", p, err);
    plan_listener(spec, p);
    plan_labels(&spec->process, p);
    return r;
}

int plan_process_attributes(const struct oci_process *process, struct plan *p, struct err *err)
{
    struct attribute_scheduler scheduler;
    int priority, r = 0;

    if (process->scheduler) {
        r = attribute_scheduler(process->scheduler, &scheduler, err);
        plan_add(p, PLAN_SCHEDULER, NULL);
    }
    if (r == 0 && process->io_priority) {
        r = attribute_io_priority(process->io_priority, &priority, err);
        plan_add(p, PLAN_IO_PRIORITY, NULL);
    }
    return r;
}
