/* What has to be taken hold of outside of the container: sources of bind mounts that its user namespace may not reach,
 * those whose ids are mapped, which takes rights over the file system, and those in another container. The calling
 * process, before it is cloned, copies them; the child puts the copies in their places. */
#include "runtime/child.h"
#include "runtime/mount.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

int child_tree(const struct child *c, const struct plan_step *s)
{
    return c->trees ? c->trees[s - c->plan->steps.v] : -1;
}

void child_trees_release(struct child *c)
{
    for (size_t i = 0; c->trees && i < c->plan->steps.n; i++)
        fd_close(c->trees[i]);
    free(c->trees);
    c->trees = NULL;
}

/* Whose mappings a mount gets: its own, or those of the container's user namespace. */
static int open_user_namespace(const struct child *c, const struct plan_mount *how, struct err *err)
{
    const struct oci_spec *spec = c->start->spec;
    const struct oci_namespace *ns = oci_spec_namespace(spec, "user");
    int fd;

    if (how->uids)
        return idmap_open(how->uids, how->gids, err);
    if (!ns || str_empty(ns->path))
        return idmap_open(&spec->platform.uid_mappings, &spec->platform.gid_mappings, err);
    fd = open(ns->path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? err_errno(err, errno, "%s", ns->path) : fd;
}

/* A copy of what is shared with the host must not be: it is what the child's own copies are. */
static struct plan_mount apart(const struct child *c, const struct plan_mount *how)
{
    struct plan_mount copy = *how;

    VEC_FOREACH (s, &c->plan->steps)
        if (s->op == PLAN_PROPAGATION && !copy.propagation && s->mount.propagation != MS_SHARED) {
            copy.propagation = s->mount.propagation;
            copy.propagate_recursive = true;
        }
    return copy;
}

/* By O_PATH alone: whatever it is, a fifo or a socket, nothing is opened and nothing waits. What lies below the source,
 * others may have made a link of: it does not lead out. */
int child_open_source(const struct plan_step *s, struct err *err)
{
    _cleanup_fd_ int fd = open(s->source, O_PATH | O_CLOEXEC);
    int sub;

    if (fd < 0)
        return err_errno(err, errno, "%s", s->source);
    if (!s->mount.subdir)
        return steal_fd(&fd);
    sub = path_open_beneath(fd, s->mount.subdir, O_PATH, 0);
    return sub < 0 ? err_errno(err, -sub, "%s: %s", s->source, s->mount.subdir) : sub;
}

static int take_tree(struct child *c, const struct plan_step *s, struct err *err)
{
    struct plan_mount how = apart(c, &s->mount);
    _cleanup_fd_ int userns = -1, source = -1;
    bool foreign = child_is_foreign(s->source);
    int tree;

    if (how.map) {
        userns = open_user_namespace(c, &s->mount, err);
        if (userns < 0)
            return userns;
    }
    source = foreign ? -1 : child_open_source(s, NULL);
    if (foreign)
        tree = child_foreign_tree(s->source, &how);
    else
        tree = source < 0 ? -ENOENT : mount_clone(source, "", &how, userns);
    if (tree == -ENOSYS && how.map)
        return err_set(err, ERR_UNSUPPORTED, "mapping ids takes Linux 5.12");
    if (tree == -EINVAL && how.map)
        return err_set(err, ERR_UNSUPPORTED, "%s: its file system cannot map ids", s->source);
    /* Else the child tries by itself, and says what fails. But from where that is, links of another container would
     * lead into the host. */
    if (tree < 0 && (how.map || foreign))
        return err_errno(err, -tree, "%s", s->source);
    c->trees[s - c->plan->steps.v] = MAX_OF(tree, -1);
    return 0;
}

int child_trees_open(struct child *c, struct err *err)
{
    bool outside = (c->plan->clone_flags & CLONE_NEWUSER || c->plan->joins_user) && geteuid() == 0;

    VEC_FOREACH (s, &c->plan->steps) {
        struct stat st;
        int r;

        if (s->op != PLAN_BIND)
            continue;
        /* Whoever is outside sees more than the child, and knows whose fault it is. */
        if (!child_is_foreign(s->source) && stat(s->source, &st) < 0) {
            r = err_errno(err, errno, "%s%s%s", s->field ? s->field : "", s->field ? ".source: " : "", s->source);
            child_trees_release(c);
            return r;
        }
        if (!s->mount.map && !outside && !child_is_foreign(s->source))
            continue;
        if (!c->trees) {
            c->trees = mem_zalloc(c->plan->steps.n, sizeof(*c->trees));
            for (size_t i = 0; i < c->plan->steps.n; i++)
                c->trees[i] = -1;
        }
        r = take_tree(c, s, err);
        if (r < 0) {
            _cleanup_free_ char *what = plan_describe(s);

            child_trees_release(c);
            return err_wrap(err, "%s", what);
        }
    }
    return 0;
}
