/* Namespaces: new ones, and those that exist. */
#include "runtime/plan.h"

#include <sched.h>
#include <sys/stat.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

/* The name in the specification, the one in /proc/PID/ns, and the flag of clone(2). */
static const struct kind {
    const char *type, *file;
    int flag;
} kinds[] = {
    {"user", "user", CLONE_NEWUSER}, {"pid", "pid", CLONE_NEWPID},          {"network", "net", CLONE_NEWNET},
    {"ipc", "ipc", CLONE_NEWIPC},    {"uts", "uts", CLONE_NEWUTS},          {"time", "time", CLONE_NEWTIME},
    {"mount", "mnt", CLONE_NEWNS},   {"cgroup", "cgroup", CLONE_NEWCGROUP},
};

/* Joining these takes a process in between. */
enum { NEEDS_STAGE = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWTIME };

static void add_join(struct plan *p, const struct kind *kind, const char *field, const char *path)
{
    *VEC_PUSH(&p->joins) = (struct plan_join){field, kind->type, path, kind->flag};
    p->joins_user |= kind->flag == CLONE_NEWUSER;
    p->stage |= (kind->flag & NEEDS_STAGE) != 0;
}

static int add_namespace(const struct oci_namespace *ns, size_t at, struct plan *p, struct err *err)
{
    const char *field;
    size_t i = 0;

    while (i < ARRAY_SIZE(kinds) && strcmp(kinds[i].type, ns->type) != 0)
        i++;
    if (i == ARRAY_SIZE(kinds))
        return err_set(err, ERR_UNSUPPORTED, "linux.namespaces[%zu].type: no such type: \"%s\"", at, ns->type);
    if (str_empty(ns->path)) {
        /* That of cgroups is made by the child, in its cgroup. */
        p->clone_flags |= kinds[i].flag == CLONE_NEWCGROUP ? 0 : (uint64_t)kinds[i].flag;
        return 0;
    }
    field = plan_keep(p, str_printf("linux.namespaces[%zu].path", at));
    if (*ns->path != '/')
        return err_set(err, ERR_INVALID, "%s: \"%s\" is not absolute", field, ns->path);
    if (kinds[i].flag == CLONE_NEWNS) {
        err_set(err, ERR_UNSUPPORTED, "%s: another's mount namespace cannot be joined", field);
        return err_hint(err, "a root file system is mounted in one of its own alone");
    }
    add_join(p, &kinds[i], field, ns->path);
    return 0;
}

int plan_namespaces(const struct oci_spec *spec, struct plan *p, struct err *err)
{
    for (size_t i = 0; i < spec->platform.namespaces.n; i++) {
        int r = add_namespace(&spec->platform.namespaces.v[i], i, p, err);

        if (r < 0)
            return r;
    }
    if (!(p->clone_flags & CLONE_NEWNS))
        return err_set(err, ERR_UNSUPPORTED, "linux.namespaces: there is no mount namespace");
    p->stage |= (p->clone_flags & (CLONE_NEWUSER | CLONE_NEWTIME)) != 0;
    return 0;
}

int plan_enter(pid_t pid, struct plan *p, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        const char *own = plan_keep(p, str_printf("/proc/self/ns/%s", kinds[i].file));
        const char *theirs = plan_keep(p, str_printf("/proc/%d/ns/%s", (int)pid, kinds[i].file));
        struct stat a, b;

        if (stat(own, &a) < 0) /* a kernel without this kind */
            continue;
        if (stat(theirs, &b) < 0)
            return err_errno(err, errno, "%s", theirs);
        if (a.st_dev != b.st_dev || a.st_ino != b.st_ino)
            add_join(p, &kinds[i], "entering the container", theirs);
    }
    return 0;
}
