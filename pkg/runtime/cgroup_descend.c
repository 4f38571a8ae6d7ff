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

/* Its path in v2's hierarchy, as we see it. */
static int path_of(pid_t pid, char **ret, struct err *err)
{
    _cleanup_free_ char *file = str_printf("/proc/%d/cgroup", (int)pid);
    _cleanup_cgroup_host_ struct cgroup_host host = {0};
    _cleanup_buf_ struct buf text = BUF_INIT;
    int r = cgroup_read(AT_FDCWD, file, &text);

    if (r < 0)
        return err_errno(err, -r, "%s", file);
    r = cgroup_host_parse(&host, buf_str(&text), err);
    VEC_FOREACH (h, &host.hierarchies)
        if (h->version == 2)
            str_replace(ret, str_dup(h->self));
    return r;
}

int cgroup_follow(struct cgroup *cg, pid_t pid, struct err *err)
{
    VEC_FOREACH (m, &cg->members) {
        _cleanup_buf_ struct buf handed_down = BUF_INIT;
        _cleanup_free_ char *path = NULL;
        const char *rest;
        int r;

        if (m->version != 2 || cgroup_read(m->fd, "cgroup.subtree_control", &handed_down) < 0 ||
            !buf_str(&handed_down)[strspn(buf_str(&handed_down), " \n")])
            continue;
        r = path_of(pid, &path, err);
        if (r < 0)
            return r;
        rest = path ? str_after(path, cg->path) : NULL;
        if (rest && *rest == '/' && rest[1])
            return descend(m, rest + 1, err);
    }
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
