/* The steps for attributes that few processes have; the plan found them valid. */
#include "runtime/attributes.h"
#include "runtime/child.h"

#include <sched.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { IOPRIO_WHO_PROCESS = 1 };

int child_personality(struct child *c _unused_, const struct plan_step *s, struct err *err)
{
    return personality(s->number) < 0 ? err_errno(err, errno, "personality") : 0;
}

int child_scheduler(struct child *c, const struct plan_step *s _unused_, struct err *err)
{
    struct attribute_scheduler a;
    int r = attribute_scheduler(c->start->spec->process.scheduler, &a, err);

    if (r < 0)
        return r;
    return syscall(SYS_sched_setattr, 0, &a, 0) < 0 ? err_errno(err, errno, "sched_setattr") : 0;
}

/* Of this process: of its group, others are no business of the container's, and what it starts inherits it. */
int child_io_priority(struct child *c, const struct plan_step *s _unused_, struct err *err)
{
    int priority, r = attribute_io_priority(c->start->spec->process.io_priority, &priority, err);

    if (r < 0)
        return r;
    return syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, priority) < 0 ? err_errno(err, errno, "ioprio_set") : 0;
}

int child_memory_policy(struct child *c, const struct plan_step *s _unused_, struct err *err)
{
    struct attribute_set nodes;
    int mode, r = attribute_memory_policy(c->start->spec->platform.memory_policy, &mode, &nodes, err);

    if (r < 0)
        return r;
    /* The kernel counts one bit less than it is told. */
    if (syscall(SYS_set_mempolicy, mode, nodes.n ? nodes.bits : NULL, nodes.n ? ATTRIBUTE_BITS + 1 : 0) < 0)
        return err_errno(err, errno, "set_mempolicy");
    return 0;
}

int child_affinity(struct child *c _unused_, const struct plan_step *s, struct err *err)
{
    struct attribute_set cpus;
    int r = attribute_set_parse(s->source, "process.execCPUAffinity", &cpus, err);

    if (r < 0)
        return r;
    if (sched_setaffinity(0, sizeof(cpus.bits), (const cpu_set_t *)cpus.bits) < 0)
        return err_errno(err, errno, "process.execCPUAffinity: %s", s->source);
    return 0;
}

int child_domainname(struct child *c _unused_, const struct plan_step *s, struct err *err)
{
    return setdomainname(s->source, strlen(s->source)) < 0 ? err_errno(err, errno, "%s", s->source) : 0;
}
