/* The root file system of a plan: where it comes from, what is mounted in it, what /dev has. */
#include "runtime/plan.h"

#include "base/strv.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* config.md, "Root": an absolute path, or one in the bundle. The mounts that were copied from the host's receive what
 * happens there and send nothing back, unless linux.rootfsPropagation says otherwise; what the root lies on is never
 * shared, since it would send the container's mounts to the host, and pivot_root(2) refuses it. */
static int plan_root_source(const struct runtime_start *start, struct plan *p, struct err *err)
{
    const struct oci_spec *spec = start->spec;
    const char *path = spec->root.path, *bundle = start->bundle;
    const char *word = spec->platform.rootfs_propagation;
    unsigned long propagation = MS_SLAVE;
    bool recursive;
    struct plan_step *s;

    if (str_empty(path) || (*path != '/' && str_empty(bundle)))
        return err_set(err, ERR_INVALID, "root.path: \"%s\" is not an absolute path", path ? path : "");
    if (*path != '/')
        path = plan_keep(p, str_printf("%s/%s", bundle, path));
    if (!str_empty(word) && !plan_parse_propagation(word, &propagation, &recursive))
        return err_set(err, ERR_INVALID, "linux.rootfsPropagation: \"%s\" is not known", word);
    s = plan_add(p, PLAN_PROPAGATION, "/");
    s->mount.propagation = propagation == MS_UNBINDABLE ? MS_PRIVATE : propagation;
    s->flag = true;
    s->source = path;
    plan_add(p, start->overlay ? PLAN_ROOT_OVERLAY : PLAN_ROOT_DIRECTORY, path)->field = "root.path";
    return 0;
}

void plan_root_propagation(const struct oci_spec *spec, struct plan *p)
{
    const char *word = spec->platform.rootfs_propagation;
    unsigned long propagation;
    bool recursive;
    struct plan_step *s;

    if (str_empty(word) || !plan_parse_propagation(word, &propagation, &recursive) ||
        (propagation != MS_SHARED && propagation != MS_UNBINDABLE))
        return;
    s = plan_add(p, PLAN_PROPAGATION, "/");
    s->mount.propagation = propagation;
    s->flag = recursive;
}

/* ---- mounts ---- */

/* The container's own cgroup in a hierarchy, which is that of this process where it has none there. */
static char *own_cgroup(const struct runtime_start *start, const struct cgroup_hierarchy *h)
{
    const char *dir = start->cgroup ? cgroup_dir_below(start->cgroup, h->base) : NULL;

    return dir ? str_dup(dir) : str_printf("%s%s", h->base, h->self);
}

/* Whether the container gets a part of the host's mounts. Not of a namespace that it joins, whose root only the kernel
 * knows, nor in a user namespace, nor where it has the right to change how what is mounted behaves, for the host too.
 */
static bool shares_mounts(const struct runtime_start *start)
{
    const struct oci_namespace *own = oci_spec_namespace(start->spec, "cgroup");
    static const char *const may_mount[] = {"CAP_SYS_ADMIN", NULL};

    if (!own)
        return true;
    return str_empty(own->path) && !oci_spec_namespace(start->spec, "user") &&
           !(plan_capability_mask(start->spec->process.capabilities.bounding) &
             plan_capability_mask((char *const *)may_mount));
}

/* One hierarchy of v1 below the tmpfs: the container's own cgroup, which is also the root of its cgroup namespace. It
 * is the host's mount where that may be: for one of its own the kernel looks at all cgroups and all such mounts that
 * there are, for each hierarchy, so that a start would cost the more the more containers run. */
static void plan_hierarchy(const struct runtime_start *start, const struct cgroup_hierarchy *h,
                           const struct plan_step *like, const char *name, struct plan *p)
{
    const char *target = plan_keep(p, str_printf("%s/%s", like->target, name));
    struct plan_step *s;

    if (shares_mounts(start)) {
        s = plan_add(p, PLAN_BIND, target);
        s->source = plan_keep(p, own_cgroup(start, h));
        s->mount.recursive = true;
        s->mount.set = like->mount.set;
        return;
    }
    s = plan_add(p, PLAN_MOUNT, target);
    s->source = s->type = h->version == 2 ? "cgroup2" : "cgroup";
    s->mount.set = like->mount.set;
    if (h->version == 1) {
        s->mount.data = strv_split(h->names, ',');
        if (str_after(h->names, "name="))
            strv_add(&s->mount.data, "none");
    }
}

/* Docker's layout of v1: a tmpfs with a directory a hierarchy, and names of single controllers as links. */
static void plan_cgroup_v1(const struct runtime_start *start, const struct plan_step *like, struct plan *p)
{
    struct plan_step *s = plan_add(p, PLAN_MOUNT, like->target);

    s->source = s->type = "tmpfs";
    s->mount.set = like->mount.set & ~(uint64_t)MOUNT_ATTR_RDONLY;
    strv_add(&s->mount.data, "mode=755");
    VEC_FOREACH (h, &start->host->hierarchies) {
        const char *named = str_after(h->names, "name=");
        const char *name = h->version == 2 ? "unified" : named ? named : h->names;

        plan_hierarchy(start, h, like, name, p);
        if (h->version == 1 && strchr(h->names, ',')) {
            _cleanup_strv_ char **single = strv_split(h->names, ',');

            STRV_FOREACH (controller, single) {
                s = plan_add(p, PLAN_SYMLINK, plan_keep(p, str_printf("%s/%s", like->target, *controller)));
                s->source = name;
            }
        }
    }
    if (like->mount.set & MOUNT_ATTR_RDONLY)
        plan_add(p, PLAN_CHANGE, like->target)->mount.set = MOUNT_ATTR_RDONLY;
}

/* The last step, of type "cgroup", becomes what this host has. */
static void plan_cgroup_mount(const struct runtime_start *start, struct plan *p)
{
    const struct cgroup_host *host = start->host;
    struct plan_step like = p->steps.v[p->steps.n - 1];

    p->steps.n--;
    strv_free(like.mount.data);
    like.mount.data = NULL;
    if (host->hierarchies.n == 1 && host->hierarchies.v[0].version == 2) {
        like.source = like.type = "cgroup2";
        /* Where it may not be mounted: a user namespace without a cgroup namespace. */
        like.bind = oci_spec_namespace(start->spec, "cgroup") ? plan_keep(p, own_cgroup(start, host->hierarchies.v))
                                                              : host->hierarchies.v[0].base;
        *VEC_PUSH(&p->steps) = like;
    } else if (host->hierarchies.n > 0) {
        plan_cgroup_v1(start, &like, p);
    }
}

/* Whether the devices are made in it, so that it can be read-only only after that. */
static bool is_filled_later(const struct plan_step *s)
{
    return str_eq(s->target, "/dev") || str_eq(s->target, "/dev/");
}

static int plan_mount(const struct runtime_start *start, const struct oci_mount *m, struct plan *p, struct err *err)
{
    struct plan_step *s = plan_add(p, PLAN_MOUNT, m->destination);
    int r;

    if (*m->destination != '/')
        s->target = plan_keep(p, str_printf("/%s", m->destination));
    r = plan_parse_mount(m, start->bundle, p, s, err);
    if (r < 0)
        return r;
    if (s->op == PLAN_MOUNT && strcmp(s->type, "cgroup") == 0) {
        plan_cgroup_mount(start, p);
        return 0;
    }
    /* Something else behind the name would make what is hidden below it visible. */
    s->flag = s->op == PLAN_MOUNT && (strcmp(s->type, "proc") == 0 || strcmp(s->type, "sysfs") == 0);
    s->label = s->op == PLAN_MOUNT && !s->flag ? start->spec->platform.mount_label : NULL;
    return 0;
}

static int plan_mounts(const struct runtime_start *start, struct plan *p, struct err *err)
{
    for (size_t i = 0; i < start->spec->mounts.n; i++) {
        size_t first = p->steps.n;
        const char *field = plan_keep(p, str_printf("mounts[%zu]", i));
        int r = plan_mount(start, &start->spec->mounts.v[i], p, err);

        if (r < 0)
            return err_wrap(err, "%s", field);
        for (size_t n = first; n < p->steps.n; n++)
            p->steps.v[n].field = field;
    }
    return 0;
}

/* What is mounted read-only and has to be filled first: /dev, and places to mount on in a tmpfs. */
static void plan_late_readonly(struct plan *p)
{
    for (size_t i = 0, n = p->steps.n; i < n; i++) {
        struct plan_step *s = &p->steps.v[i];
        const char *target = s->target;

        if (s->op != PLAN_MOUNT || !(s->mount.set & MOUNT_ATTR_RDONLY) ||
            !(is_filled_later(s) || str_eq(s->type, "tmpfs")))
            continue;
        s->mount.set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
        plan_add(p, PLAN_CHANGE, target)->mount.set = MOUNT_ATTR_RDONLY;
    }
}

/* ---- devices ---- */

/* "Default Devices" and "Dev symbolic links" of the specification: the runtime's to supply, unless /dev is a bind. */
static void plan_default_devices(struct plan *p)
{
    static const struct {
        const char *path;
        unsigned major, minor;
    } nodes[] = {
        {"/dev/null", 1, 3},   {"/dev/zero", 1, 5},    {"/dev/full", 1, 7},
        {"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0},
    };
    static const char *const links[][2] = {
        {"/dev/fd", "/proc/self/fd"},       {"/dev/stdin", "/proc/self/fd/0"}, {"/dev/stdout", "/proc/self/fd/1"},
        {"/dev/stderr", "/proc/self/fd/2"}, {"/dev/core", "/proc/kcore"},      {"/dev/ptmx", "pts/ptmx"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(nodes); i++) {
        struct plan_step *s = plan_add(p, PLAN_DEVICE, nodes[i].path);

        s->mode = S_IFCHR | 0666;
        s->device = makedev(nodes[i].major, nodes[i].minor);
    }
    for (size_t i = 0; i < ARRAY_SIZE(links); i++)
        plan_add(p, PLAN_SYMLINK, links[i][0])->source = links[i][1];
}

static int plan_devices(const struct oci_spec *spec, struct plan *p, struct err *err)
{
    static const struct {
        char type;
        mode_t mode;
    } kinds[] = {{'c', S_IFCHR}, {'u', S_IFCHR}, {'b', S_IFBLK}, {'p', S_IFIFO}};
    bool bound = false;

    VEC_FOREACH (s, &p->steps)
        bound |= s->op == PLAN_BIND && is_filled_later(s);
    if (!bound)
        plan_default_devices(p);
    for (size_t n = 0; n < spec->platform.devices.n; n++) {
        const struct oci_device *d = &spec->platform.devices.v[n];
        struct plan_step *s;

        if (str_eq(d->path, "/dev/ptmx")) /* the container's own, always */
            continue;
        s = plan_add(p, PLAN_DEVICE, d->path);
        s->field = plan_keep(p, str_printf("linux.devices[%zu]", n));
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
            if (d->type[0] == kinds[i].type && !d->type[1])
                s->mode = kinds[i].mode | (d->mode ? (mode_t)*d->mode & 07777 : 0666);
        if (!s->mode)
            return err_set(err, ERR_INVALID, "linux.devices[%zu].type: \"%s\" is not known", n, d->type);
        if (!S_ISFIFO(s->mode))
            s->device = d->major && d->minor ? makedev((unsigned)*d->major, (unsigned)*d->minor) : 0;
        s->uid = (uid_t)d->uid;
        s->gid = (gid_t)d->gid;
    }
    if (spec->process.terminal)
        plan_add(p, PLAN_TERMINAL, "/dev/console");
    return 0;
}

int plan_root(const struct runtime_start *start, struct plan *p, struct err *err)
{
    int r = plan_root_source(start, p, err);

    if (r == 0)
        r = plan_mounts(start, p, err);
    if (r == 0)
        r = plan_devices(start->spec, p, err);
    if (r == 0)
        plan_late_readonly(p);
    return r;
}
