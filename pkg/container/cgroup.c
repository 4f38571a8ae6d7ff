/* A container's cgroup, by the path in its record. */
#include "runtime/cgroup.h"
#include "container/internal.h"

/* What `act` does to it; one that is not there has nothing in it. */
static int with_cgroup(const char *path, int (*act)(struct cgroup *cg, bool how, struct err *err), bool how,
                       struct err *err)
{
    _cleanup_cgroup_host_ struct cgroup_host host = {0};
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    struct err why = ERR_INIT;
    int r = str_empty(path) ? ERR_NOT_FOUND : cgroup_host_detect(&host, &why);

    if (r == 0)
        r = cgroup_open(&cg, &host, path, &why);
    if (r == 0)
        r = act(cg, how, &why);
    if (r == 0 || r == ERR_NOT_FOUND)
        return 0;
    if (err)
        *err = why;
    return r;
}

static int kill_all(struct cgroup *cg, bool remove, struct err *err)
{
    int r = cgroup_kill(cg, err);

    return r == 0 && remove ? cgroup_remove(cg, err) : r;
}

int container_kill_cgroup(const char *path, bool remove, struct err *err)
{
    return with_cgroup(path, kill_all, remove, err);
}

int container_freeze_cgroup(const char *path, bool frozen, struct err *err)
{
    return with_cgroup(path, cgroup_freeze, frozen, err);
}
