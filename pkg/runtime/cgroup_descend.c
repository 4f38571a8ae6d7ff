/* From a container's cgroup into one that was made below it. */
#include "runtime/cgroup_internal.h"

#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>

static int descend(struct cgroup_member *m, const char *path, struct err *err)
{
    /* An O_PATH descriptor is enough to begin at, and the path may not lead out. */
    int fd = path_open_beneath(m->fd, path, O_PATH | O_DIRECTORY, 0);

    if (fd < 0)
        return err_errno(err, -fd, "cgroup %s/%s", m->dir, path);
    fd_close(m->fd);
    m->fd = fd;
    str_replace(&m->dir, str_printf("%s/%s", m->dir, path));
    return 0;
}

int cgroup_descend(struct cgroup *cg, const char *where, struct err *err)
{
    const char *colon = strchr(where, ':'), *path = colon ? colon + 1 : where;
    _cleanup_free_ char *names = colon ? str_ndup(where, (size_t)(colon - where)) : NULL;
    unsigned wanted = names ? cgroup_controllers_parse(names, 1) : ~0U;
    bool any = false;

    path += strspn(path, "/");
    VEC_FOREACH (m, &cg->members) {
        int r;

        if (names && !(m->controllers & wanted))
            continue;
        any = true;
        r = *path ? descend(m, path, err) : 0;
        if (r < 0)
            return r;
    }
    if (!any)
        return err_set(err, ERR_NOT_FOUND, "no hierarchy of cgroups has \"%s\"", names ? names : "");
    return 0;
}
