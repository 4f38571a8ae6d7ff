/* Kernel parameters. One may be set only where it is the container's own, and never the host's. sysctl(8). */
#include "runtime/plan.h"

#include "base/strv.h"

#include <sched.h>
#include <sys/stat.h>

/* A namespace that is joined may be our own under another name. */
static bool is_ours(const struct plan_join *join)
{
    static const struct {
        int flag;
        const char *path;
    } own[] = {
        {CLONE_NEWNET, "/proc/self/ns/net"},
        {CLONE_NEWIPC, "/proc/self/ns/ipc"},
        {CLONE_NEWUTS, "/proc/self/ns/uts"},
        {CLONE_NEWUSER, "/proc/self/ns/user"},
    };
    struct stat a, b;

    for (size_t i = 0; i < ARRAY_SIZE(own); i++)
        if (own[i].flag == join->flag)
            return stat(own[i].path, &a) < 0 || stat(join->path, &b) < 0 ||
                   (a.st_dev == b.st_dev && a.st_ino == b.st_ino);
    return true;
}

static bool has_own(const struct plan *p, uint64_t flag)
{
    if (p->clone_flags & flag)
        return true;
    VEC_FOREACH (join, &p->joins)
        if ((uint64_t)join->flag == flag)
            return !is_ours(join);
    return false;
}

/* `name` is a path below /proc/sys. */
static bool is_own(const struct plan *p, const char *name)
{
    static const struct {
        const char *start; /* of names, or a whole one */
        uint64_t flag;
    } known[] = {
        {"net/", CLONE_NEWNET},
        {"fs/mqueue/", CLONE_NEWIPC},
        {"kernel/msgmax", CLONE_NEWIPC},
        {"kernel/msgmnb", CLONE_NEWIPC},
        {"kernel/msgmni", CLONE_NEWIPC},
        {"kernel/sem", CLONE_NEWIPC},
        {"kernel/shmall", CLONE_NEWIPC},
        {"kernel/shmmax", CLONE_NEWIPC},
        {"kernel/shmmni", CLONE_NEWIPC},
        {"kernel/shm_rmid_forced", CLONE_NEWIPC},
        {"kernel/domainname", CLONE_NEWUTS},
        {"user/", CLONE_NEWUSER},
    };

    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        const char *rest = str_after(name, known[i].start);

        if (rest && (!*rest || str_ends(known[i].start, "/")))
            return has_own(p, known[i].flag);
    }
    return false;
}

/* The path below /proc/sys. Dots and slashes change places unless the first of them is a slash, so that names that have
 * dots can be said: net.ipv4.conf.eth0/1.forwarding and net/ipv4/conf/eth0.1/forwarding are the same. */
static char *sysctl_path(const char *name, size_t len)
{
    char *path = str_ndup(name, len);
    const char *first = strpbrk(path, "./");

    for (char *c = path; first && *c; c++)
        *c = *c == '.' ? '/' : *c == '/' ? '.' : *c;
    if (first && *first == '.') /* it was a slash */
        memcpy(path, name, len);
    return path;
}

static bool has_odd_part(const char *path)
{
    _cleanup_strv_ char **parts = strv_split(path, '/');

    STRV_FOREACH (part, parts)
        if (!**part || strcmp(*part, ".") == 0 || strcmp(*part, "..") == 0)
            return true;
    return false;
}

int plan_sysctls(const struct oci_spec *spec, struct plan *p, struct err *err)
{
    STRV_FOREACH (setting, spec->platform.sysctl) {
        size_t n = strcspn(*setting, "=");
        _cleanup_free_ char *path = sysctl_path(*setting, n);
        struct plan_step *s;

        if (has_odd_part(path) || !is_own(p, path))
            return err_set(err, ERR_INVALID, "linux.sysctl: \"%.*s\" is in none of the container's own namespaces",
                           (int)n, *setting);
        s = plan_add(p, PLAN_SYSCTL, plan_keep(p, str_printf("/proc/sys/%s", path)));
        s->source = *setting + n + 1;
        s->field = "linux.sysctl";
    }
    return 0;
}
