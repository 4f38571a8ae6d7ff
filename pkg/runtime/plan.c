#include "runtime/plan.h"

#include "base/strv.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

struct plan_step *plan_add(struct plan *p, enum plan_op op, const char *target)
{
    struct plan_step *s = VEC_PUSH(&p->steps);

    s->op = op;
    s->target = target;
    return s;
}

const char *plan_keep(struct plan *p, char *s)
{
    strv_take(&p->strings, s);
    return s;
}

static void plan_paths(char *const *paths, const char *field, enum plan_op op, struct plan *p)
{
    for (size_t i = 0; paths && paths[i]; i++)
        plan_add(p, op, paths[i])->field = plan_keep(p, str_printf("%s[%zu]", field, i));
}

static void plan_walls(const struct runtime_start *start, struct plan *p)
{
    const struct oci_spec *spec = start->spec;
    const struct oci_hooks *hooks = &spec->hooks;
    struct plan_step *s;

    plan_add(p, PLAN_USER, spec->process.user.username);
    if (oci_spec_has_process(spec))
        plan_add(p, PLAN_DIRECTORY, spec->process.cwd);
    plan_paths(spec->platform.readonly_paths, "linux.readonlyPaths", PLAN_READONLY_PATH, p);
    plan_paths(spec->platform.masked_paths, "linux.maskedPaths", PLAN_MASK_PATH, p);
    if (spec->root.readonly) {
        s = plan_add(p, PLAN_CHANGE, "/");
        s->mount.set = MOUNT_ATTR_RDONLY;
    }
    if (start->state && (hooks->prestart.n || hooks->create_runtime.n || hooks->create_container.n))
        plan_add(p, PLAN_HOOKS_RUNTIME, NULL);
    if (start->state && hooks->create_container.n)
        plan_add(p, PLAN_HOOKS_CREATE, NULL);
    plan_add(p, PLAN_PIVOT, NULL)->flag = start->no_pivot;
    plan_root_propagation(spec, p);
}

static int plan_rlimits(const struct oci_process *process, struct plan *p, struct err *err)
{
    static const struct {
        const char *name;
        int resource;
    } known[] = {
        {"RLIMIT_AS", RLIMIT_AS},
        {"RLIMIT_CORE", RLIMIT_CORE},
        {"RLIMIT_CPU", RLIMIT_CPU},
        {"RLIMIT_DATA", RLIMIT_DATA},
        {"RLIMIT_FSIZE", RLIMIT_FSIZE},
        {"RLIMIT_LOCKS", RLIMIT_LOCKS},
        {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
        {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
        {"RLIMIT_NICE", RLIMIT_NICE},
        {"RLIMIT_NOFILE", RLIMIT_NOFILE},
        {"RLIMIT_NPROC", RLIMIT_NPROC},
        {"RLIMIT_RSS", RLIMIT_RSS},
        {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
        {"RLIMIT_RTTIME", RLIMIT_RTTIME},
        {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
        {"RLIMIT_STACK", RLIMIT_STACK},
    };

    struct plan_step *s;
    bool endless = true;

    VEC_FOREACH (l, &process->rlimits) {
        size_t i = 0;

        while (i < ARRAY_SIZE(known) && strcmp(known[i].name, l->type) != 0)
            i++;
        if (i == ARRAY_SIZE(known))
            return err_set(err, ERR_INVALID, "process.rlimits: no such limit: \"%s\"", l->type);
        for (const struct oci_rlimit *other = process->rlimits.v; other < l; other++)
            if (str_eq(other->type, l->type))
                return err_set(err, ERR_INVALID, "process.rlimits: %s stands there twice", l->type);
        endless &= known[i].resource != RLIMIT_NOFILE;
        if (l->soft > l->hard)
            return err_set(err, ERR_INVALID, "process.rlimits: %s: the soft limit is above the hard one", l->type);
        s = plan_add(p, PLAN_RLIMIT, known[i].name);
        s->number = (uint64_t)known[i].resource;
        s->soft = l->soft;
        s->hard = l->hard;
    }
    /* Programs that go through all possible descriptors take minutes where systemd allows 2^30 of them. */
    if (endless) {
        s = plan_add(p, PLAN_RLIMIT, "RLIMIT_NOFILE");
        s->number = RLIMIT_NOFILE;
        s->soft = 1024;
        s->hard = 524288;
        s->flag = true;
    }
    return 0;
}

static int plan_process(const struct runtime_start *start, struct plan *p, struct err *err)
{
    const struct oci_process *process = &start->spec->process;
    bool missing = !oci_spec_has_process(start->spec); /* which the start has to say, and nobody before it */
    int r;

    if (missing && !start->gate)
        return err_set(err, ERR_INVALID, "process: missing, and there is nothing to start");
    r = plan_rlimits(process, p, err);
    if (r < 0)
        return r;
    plan_add(p, PLAN_STDIO, NULL);
    if (!start->no_keyring)
        plan_add(p, PLAN_KEYRING, NULL);
    r = plan_process_attributes(process, p, err);
    if (r < 0)
        return r;
    if (process->no_new_privileges)
        plan_add(p, PLAN_NO_NEW_PRIVS, NULL);
    plan_add(p, PLAN_BOUNDING, NULL)->number = plan_capability_mask(process->capabilities.bounding);
    if (!missing)
        plan_add(p, PLAN_WORKDIR, process->cwd);
    plan_add(p, PLAN_IDENTITY, NULL);
    if (!missing)
        plan_add(p, PLAN_PROGRAM, NULL);
    if (start->gate)
        plan_add(p, PLAN_GATE, NULL);
    if (start->state && start->spec->hooks.start_container.n)
        plan_add(p, PLAN_HOOKS_START, NULL);
    plan_add(p, PLAN_EXEC, missing ? NULL : process->args[0]);
    return 0;
}

static int plan_container(const struct runtime_start *start, struct plan *p, struct err *err)
{
    const struct oci_spec *spec = start->spec;
    int r = plan_namespaces(spec, p, err);
    const struct oci_namespace *cgroup = oci_spec_namespace(spec, "cgroup");

    if (r < 0)
        return r;
    plan_add(p, PLAN_BINARY, NULL);
    plan_add(p, PLAN_CGROUP, NULL)->flag = cgroup && str_empty(cgroup->path);
    if (spec->process.oom_score_adj)
        plan_add(p, PLAN_OOM_SCORE, NULL)->number = (uint64_t)*spec->process.oom_score_adj;
    r = plan_container_attributes(spec, p, err);
    if (r == 0)
        r = plan_root(start, p, err);
    if (r == 0)
        r = plan_sysctls(spec, p, err);
    if (r < 0)
        return r;
    plan_walls(start, p);
    if (!str_empty(spec->hostname) && oci_spec_namespace(spec, "uts"))
        plan_add(p, PLAN_HOSTNAME, NULL)->source = spec->hostname;
    if (p->clone_flags & CLONE_NEWUTS && !str_empty(spec->domainname))
        plan_add(p, PLAN_DOMAINNAME, NULL)->source = spec->domainname;
    if (p->clone_flags & CLONE_NEWNET)
        plan_add(p, PLAN_LOOPBACK, NULL);
    return 0;
}

/* The root is there, and "/" already. */
static int plan_program(const struct runtime_start *start, struct plan *p, struct err *err)
{
    const struct oci_process *process = &start->spec->process;
    int r = plan_enter(start->enter, p, err);

    if (r < 0)
        return r;
    r = plan_program_attributes(start->spec, p, err);
    if (r < 0)
        return r;
    if (process->oom_score_adj)
        plan_add(p, PLAN_OOM_SCORE, NULL)->number = (uint64_t)*process->oom_score_adj;
    plan_add(p, PLAN_ROOT_ENTERED, NULL);
    if (process->terminal)
        plan_add(p, PLAN_TERMINAL, NULL);
    plan_add(p, PLAN_USER, process->user.username);
    return 0;
}

int plan_make(const struct runtime_start *start, struct plan *ret, struct err *err)
{
    _cleanup_plan_ struct plan p = {0};
    int r = start->enter ? plan_program(start, &p, err) : plan_container(start, &p, err);

    if (r == 0)
        r = plan_process(start, &p, err);
    if (r < 0)
        return r;
    *ret = p;
    p = (struct plan){0};
    return 0;
}

void plan_release(struct plan *plan)
{
    VEC_FOREACH (s, &plan->steps)
        strv_free(s->mount.data);
    free(plan->steps.v);
    free(plan->joins.v);
    strv_free(plan->strings);
    *plan = (struct plan){0};
}

char *plan_describe(const struct plan_step *step)
{
    static const char *const what[] = {
        [PLAN_BINARY] = "letting go of cbox's own binary",
        [PLAN_CGROUP] = "joining the cgroup",
        [PLAN_OOM_SCORE] = "setting the OOM score",
        [PLAN_PROPAGATION] = "separating mounts from the host's",
        [PLAN_ROOT_OVERLAY] = "mounting the layers on",
        [PLAN_ROOT_DIRECTORY] = "mounting",
        [PLAN_MOUNT] = "mounting",
        [PLAN_BIND] = "mounting",
        [PLAN_REMOUNT] = "changing the mount",
        [PLAN_CHANGE] = "changing the mount",
        [PLAN_DEVICE] = "making the device",
        [PLAN_SYMLINK] = "making the link",
        [PLAN_TERMINAL] = "making a terminal",
        [PLAN_USER] = "looking up the user",
        [PLAN_DIRECTORY] = "working directory",
        [PLAN_SYSCTL] = "setting",
        [PLAN_READONLY_PATH] = "making read-only",
        [PLAN_MASK_PATH] = "hiding",
        [PLAN_PIVOT] = "changing the root",
        [PLAN_HOSTNAME] = "setting the hostname",
        [PLAN_LOOPBACK] = "setting up the loopback interface",
        [PLAN_DOMAINNAME] = "setting the NIS domain name",
        [PLAN_AFFINITY] = "binding to processors",
        [PLAN_LISTENER] = "asking for the process id",
        [PLAN_LABELS] = "setting labels",
        [PLAN_PERSONALITY] = "linux.personality",
        [PLAN_MEMORY_POLICY] = "linux.memoryPolicy",
        [PLAN_SCHEDULER] = "process.scheduler",
        [PLAN_IO_PRIORITY] = "process.ioPriority",
        [PLAN_RLIMIT] = "limiting",
        [PLAN_STDIO] = "standard input and output",
        [PLAN_KEYRING] = "making a session keyring",
        [PLAN_NO_NEW_PRIVS] = "giving up new privileges",
        [PLAN_BOUNDING] = "dropping capabilities",
        [PLAN_IDENTITY] = "becoming the user",
        [PLAN_WORKDIR] = "entering the working directory",
        [PLAN_ROOT_ENTERED] = "entering the container",
        [PLAN_HOOKS_RUNTIME] = "hooks",
        [PLAN_HOOKS_CREATE] = "createContainer hook",
        [PLAN_HOOKS_START] = "startContainer hook",
        [PLAN_PROGRAM] = "exec",
        [PLAN_GATE] = "waiting",
        [PLAN_EXEC] = "exec",
    };

    return str_printf("%s%s%s%s%s", step->field ? step->field : "", step->field ? ": " : "", what[step->op],
                      step->target ? " " : "", step->target ? step->target : "");
}
