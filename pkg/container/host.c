#include "container/host.h"

#include "bundle/bundle.h"
#include "bundle/parse.h"
#include "container/container.h"
#include "container/volume.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { DEPTH_MAX = 8 /* of directories below one of --device */ };

static int64_t *number(int64_t n)
{
    return mem_dup(&n, sizeof(n));
}

/* ---- the machine ---- */

/* A line of the kernel's; NULL where it has none. */
static char *read_line(const char *path)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(4096);

    if (fd_read_file(AT_FDCWD, path, &text, NULL) < 0)
        return NULL;
    return str_ndup(buf_str(&text), strcspn(buf_str(&text), "\n"));
}

void container_machine_read(const struct engine_host_config *asked, struct container_machine *ret)
{
    ret->cpus = str_empty(asked->cpuset_cpus) ? NULL : read_line("/sys/devices/system/cpu/online");
    ret->mems = str_empty(asked->cpuset_mems) ? NULL : read_line("/sys/devices/system/node/online");
    ret->known = (struct bundle_machine){(unsigned)sysconf(_SC_NPROCESSORS_ONLN), ret->cpus, ret->mems};
}

void container_machine_release(struct container_machine *m)
{
    free(m->cpus);
    free(m->mems);
}

/* ---- devices ---- */

static void add_node(const char *path, const char *permissions, const struct stat *st, struct oci_spec *spec)
{
    const char *type = S_ISBLK(st->st_mode) ? "b" : "c";

    *VEC_PUSH(&spec->platform.devices) = (struct oci_device){
        .type = str_dup(type),
        .path = str_dup(path),
        .major = number(major(st->st_rdev)),
        .minor = number(minor(st->st_rdev)),
        .mode = number(st->st_mode & 0777),
        .uid = st->st_uid,
        .gid = st->st_gid,
    };
    *VEC_PUSH(&spec->platform.resources.devices) = (struct oci_device_rule){
        .allow = true,
        .type = str_dup(type),
        .major = number(major(st->st_rdev)),
        .minor = number(minor(st->st_rdev)),
        .access = str_dup(permissions),
    };
}

/* What is in a container's /dev anyway, and of the host's what is another container's business. */
static bool is_left_out(const char *name)
{
    static const char *const names[] = {"pts",         "shm",   "fd",      "mqueue", ".lxc",
                                        ".lxd-mounts", ".udev", "console", "ptmx",   NULL};

    return strv_contains((char *const *)names, name);
}

/* All devices below `from`, as `to` and what follows. */
static size_t add_tree(const char *from, const char *to, const char *permissions, int depth, struct oci_spec *spec)
{
    DIR *dir = depth ? opendir(from) : NULL;
    struct dirent *entry;
    size_t n = 0;

    while (dir && (entry = readdir(dir))) {
        _cleanup_free_ char *path = path_join(from, entry->d_name), *inside = path_join(to, entry->d_name);
        struct stat st;

        if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, "..") || is_left_out(entry->d_name) ||
            lstat(path, &st) < 0)
            continue;
        if (S_ISDIR(st.st_mode)) {
            n += add_tree(path, inside, permissions, depth - 1, spec);
        } else if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) {
            add_node(inside, permissions, &st, spec);
            n++;
        }
    }
    if (dir)
        closedir(dir);
    return n;
}

int container_add_device(const struct engine_device *d, struct oci_spec *spec, struct err *err)
{
    struct stat st;
    int r = 0;

    if (stat(d->path_on_host, &st) < 0)
        r = err_errno(err, errno, "stat %s", d->path_on_host);
    else if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
        add_node(d->path_in_container, d->cgroup_permissions, &st, spec);
    else if (!S_ISDIR(st.st_mode) ||
             !add_tree(d->path_on_host, d->path_in_container, d->cgroup_permissions, DEPTH_MAX, spec))
        r = err_set(err, ERR_INVALID, "not a device node");
    if (r < 0)
        return err_wrap(err, "error gathering device information while adding custom device \"%s\"", d->path_on_host);
    return 0;
}

static int find_device(const char *path, int64_t *ret_major, int64_t *ret_minor, struct err *err)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return err_errno(err, errno, "stat %s", path);
    if (!S_ISBLK(st.st_mode))
        return err_set(err, ERR_INVALID, "%s is no block device", path);
    *ret_major = major(st.st_rdev);
    *ret_minor = minor(st.st_rdev);
    return 0;
}

static int add_rates(const engine_rate_devices *from, oci_throttles *to, struct err *err)
{
    VEC_FOREACH (d, from) {
        struct oci_throttle *t = VEC_PUSH(to);
        int r = find_device(d->path, &t->major, &t->minor, err);

        if (r < 0)
            return r;
        t->rate = (int64_t)d->rate;
    }
    return 0;
}

int container_host_rates(const struct engine_host_config *h, struct oci_block_io *ret, struct err *err)
{
    int r = add_rates(&h->blkio_device_read_bps, &ret->read_bps, err);

    if (r == 0)
        r = add_rates(&h->blkio_device_write_bps, &ret->write_bps, err);
    if (r == 0)
        r = add_rates(&h->blkio_device_read_iops, &ret->read_iops, err);
    if (r == 0)
        r = add_rates(&h->blkio_device_write_iops, &ret->write_iops, err);
    VEC_FOREACH (d, &h->blkio_weight_device) {
        struct oci_weight_device *w = VEC_PUSH(&ret->weight_devices);

        r = r < 0 ? r : find_device(d->path, &w->major, &w->minor, err);
        w->weight = d->weight;
    }
    return r;
}

int container_host_devices(const struct engine_host_config *h, struct oci_spec *spec, struct err *err)
{
    int r = container_host_rates(h, &spec->platform.resources.block_io, err);

    if (h->privileged)
        add_tree("/dev", "/dev", "rwm", DEPTH_MAX, spec);
    VEC_FOREACH (d, &h->devices)
        r = r < 0 ? r : container_add_device(d, spec, err);
    return r;
}

/* ---- namespaces of others ---- */

/* The modes that may be "container:NAME", and what they are about. */
static const struct {
    size_t offset; /* in struct engine_host_config */
    const char *type, *words;
} shared[] = {
    {offsetof(struct engine_host_config, network_mode), "network", "network of"},
    {offsetof(struct engine_host_config, ipc_mode), "ipc", "IPC of"},
    {offsetof(struct engine_host_config, pid_mode), "pid", "PID of"},
};

static char **mode_at(struct engine_host_config *h, size_t i)
{
    return (char **)((char *)h + shared[i].offset);
}

int container_name_shared(struct store *s, struct engine_options *o, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(shared); i++) {
        char **mode = mode_at(&o->host, i), id[ID_LEN + 1];
        const char *name = bundle_mode_container(*mode);

        if (!name)
            continue;
        if (store_container_find(s, name, id, NULL) < 0)
            return err_set(err, ERR_NOT_FOUND, "No such container: %s", name);
        str_replace(mode, str_printf("container:%s", id));
    }
    return 0;
}

int container_other_options(struct store *s, const char *id, struct engine_options *ret, struct err *err)
{
    return container_read_options(s, id, ret, err);
}

/* Docker lets in only where the other one opened the door. */
static int check_shareable(struct store *s, const char *id, struct err *err)
{
    _cleanup_engine_options_ struct engine_options other = {0};
    int r = container_other_options(s, id, &other, err);

    if (r == 0 && (str_eq(other.host.ipc_mode, "private") || str_eq(other.host.ipc_mode, "none")))
        r = err_set(err, ERR_INVALID,
                    "cannot join IPC of container %.12s: non-shareable IPC (hint: use IpcMode:shareable "
                    "for the donor container)",
                    id);
    return r;
}

int container_join(struct store *s, const struct engine_options *o, struct oci_spec *spec, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(shared); i++) {
        const char *id = bundle_mode_container(*mode_at((struct engine_host_config *)&o->host, i));
        _cleanup_container_record_ struct store_container_record record = {0};
        int r;

        if (!id)
            continue;
        r = container_look(s, id, &record, err);
        if (r == 0 && !record.pid)
            r = err_set(err, ERR_INVALID, "cannot join %s a non running container: %.12s", shared[i].words, id);
        if (r == 0 && str_eq(shared[i].type, "ipc"))
            r = check_shareable(s, id, err);
        if (r < 0)
            return r;
        bundle_join(spec, shared[i].type, record.pid);
    }
    return 0;
}
