/* Kernel parameters: linux.sysctl. */
#include "runtime/plan.h"

#include "base/strv.h"

/* A parameter may be set only where it is the container's own, and never the host's: those that belong to a kind of
 * namespace, which the container has. sysctl(8), and the kernel's Documentation/admin-guide/sysctl. */
static const struct {
    const char *start; /* of paths, or a whole one */
    const char *type;
} known[] = {
    {"net/", "network"},          {"fs/mqueue/", "ipc"},
    {"kernel/msgmax", "ipc"},     {"kernel/msgmnb", "ipc"},
    {"kernel/msgmni", "ipc"},     {"kernel/sem", "ipc"},
    {"kernel/shmall", "ipc"},     {"kernel/shmmax", "ipc"},
    {"kernel/shmmni", "ipc"},     {"kernel/shm_rmid_forced", "ipc"},
    {"kernel/domainname", "uts"},
};

/* sysctl(8): what separates is what comes first, a dot or a slash; the other one is a part of a name then, as the dot
 * in "net/ipv4/conf/eth0.5/forwarding". */
static char *make_path(const char *name)
{
    char *path = str_dup(name);

    if (path[strcspn(path, "./")] == '.')
        for (char *p = path; (p = strpbrk(p, "./")); p++)
            *p = *p == '.' ? '/' : '.';
    return path;
}

static bool is_clean(const char *path)
{
    _cleanup_strv_ char **parts = strv_split(path, '/');

    STRV_FOREACH (part, parts)
        if (!**part || str_eq(*part, ".") || str_eq(*part, ".."))
            return false;
    return true;
}

static int add(const struct oci_spec *spec, const char *setting, struct plan *p, struct err *err)
{
    size_t n = strcspn(setting, "="), i = 0;
    _cleanup_free_ char *name = str_ndup(setting, n), *path = make_path(name);
    const char *rest = NULL;

    while (i < ARRAY_SIZE(known)) {
        rest = str_after(path, known[i].start);
        if (rest && (!*rest || str_ends(known[i].start, "/")))
            break;
        i++;
    }
    if (i == ARRAY_SIZE(known) || !is_clean(path))
        return err_set(err, ERR_INVALID, "linux.sysctl[\"%s\"]: this parameter is the host's, and no container's own",
                       name);
    if (!oci_spec_namespace(spec, known[i].type))
        return err_set(err, ERR_INVALID, "linux.sysctl[\"%s\"]: the container has no %s namespace of its own", name,
                       known[i].type);
    plan_add(p, PLAN_SYSCTL, plan_keep(p, str_printf("/proc/sys/%s", path)))->source = setting + n + 1;
    return 0;
}

int plan_sysctls(const struct oci_spec *spec, struct plan *p, struct err *err)
{
    STRV_FOREACH (setting, spec->platform.sysctl) {
        int r = add(spec, *setting, p, err);

        if (r < 0)
            return r;
    }
    return 0;
}
