#include "runtime/cgroup_internal.h"

#include "base/log.h"
#include "base/strv.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/vfs.h>

static const char *const mount_root = "/sys/fs/cgroup";

/* Many mounts make it long, and it is read only where nothing is at its usual place. */
enum { SELF_MAX = 64 << 10, MOUNTINFO_MAX = 16 << 20, READ_STEP = 4096 };

static const char *const controller_names[CGROUP_CONTROLLERS][2] = {
    [CGROUP_CPU] = {"cpu", "cpu"},
    [CGROUP_CPUACCT] = {"cpuacct", NULL},
    [CGROUP_CPUSET] = {"cpuset", "cpuset"},
    [CGROUP_MEMORY] = {"memory", "memory"},
    [CGROUP_PIDS] = {"pids", "pids"},
    [CGROUP_IO] = {"blkio", "io"},
    [CGROUP_DEVICES] = {"devices", NULL},
    [CGROUP_FREEZER] = {"freezer", NULL},
    [CGROUP_HUGETLB] = {"hugetlb", "hugetlb"},
    [CGROUP_NET_CLS] = {"net_cls", NULL},
    [CGROUP_NET_PRIO] = {"net_prio", NULL},
    [CGROUP_PERF_EVENT] = {"perf_event", "perf_event"},
    [CGROUP_RDMA] = {"rdma", "rdma"},
    [CGROUP_MISC] = {"misc", "misc"},
};

const char *cgroup_controller_name(enum cgroup_controller c, int version)
{
    return controller_names[c][version - 1];
}

unsigned cgroup_controllers_parse(const char *names, int version)
{
    const char *separators = version == 1 ? "," : " \n";
    unsigned found = 0;

    for (const char *p = names; *p;) {
        size_t len = strcspn(p, separators);

        for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
            const char *name = controller_names[c][version - 1];

            if (name && strlen(name) == len && memcmp(p, name, len) == 0)
                found |= 1U << c;
        }
        p += len;
        p += strspn(p, separators);
    }
    return found;
}

/* One line, "ID:NAMES:PATH"; the path may hold anything but a newline. */
static int parse_line(struct cgroup_host *host, const char *line, size_t len, struct err *err)
{
    const char *end = line + len, *names = memchr(line, ':', len), *path, *deleted;
    struct cgroup_hierarchy *h;

    path = names ? memchr(names + 1, ':', (size_t)(end - names - 1)) : NULL;
    if (!path || path + 1 >= end || path[1] != '/')
        return err_set(err, ERR_CORRUPT, "/proc/self/cgroup: unexpected line '%.*s'", (int)len, line);
    names++;
    h = VEC_PUSH(&host->hierarchies);
    h->version = path == names ? 2 : 1;
    h->names = str_ndup(names, (size_t)(path - names));
    path++;
    h->self = str_ndup(path, (size_t)(end - path));
    deleted = " (deleted)"; /* what the kernel puts behind the path of a cgroup that is gone */
    if (str_ends(h->self, deleted))
        h->self[strlen(h->self) - strlen(deleted)] = 0;
    if (h->version == 1)
        h->controllers = cgroup_controllers_parse(h->names, 1);
    return 0;
}

int cgroup_host_parse(struct cgroup_host *ret, const char *text, struct err *err)
{
    *ret = (struct cgroup_host){0};
    for (const char *p = text; *p;) {
        size_t len = strcspn(p, "\n");
        int r = parse_line(ret, p, len, err);

        if (r < 0) {
            cgroup_host_release(ret);
            return r;
        }
        p += len + (p[len] == '\n');
    }
    return 0;
}

/* A field of mountinfo with \ooo in place of blanks and backslashes. */
static char *unescape(const char *p, size_t len)
{
    char *out = mem_alloc(len + 1), *to = out;

    for (const char *end = p + len; p < end;) {
        if (*p == '\\' && end - p >= 4) {
            *to++ = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
            p += 4;
        } else {
            *to++ = *p++;
        }
    }
    *to = 0;
    return out;
}

/* Whether all of the comma-separated `names` are among the comma-separated `options`. */
static bool has_all(const char *options, const char *names)
{
    _cleanup_strv_ char **have = strv_split(options, ','), **want = strv_split(names, ',');

    STRV_FOREACH (name, want)
        if (!strv_contains(have, *name))
            return false;
    return true;
}

/* "36 35 98:0 /root /mnt rw,noatime shared:1 - cgroup cgroup rw,memory": the mount point if it is that of `h`. */
static char *match_mount(const char *line, size_t len, const struct cgroup_hierarchy *h, bool *ret_whole)
{
    _cleanup_free_ char *copy = str_ndup(line, len);
    char root[4096], point[4096], type[32], options[1024];
    const char *rest = strstr(copy, " - ");

    if (!rest || sscanf(copy, "%*d %*d %*s %4095s %4095s", root, point) != 2 ||
        sscanf(rest, " - %31s %*s %1023s", type, options) != 2)
        return NULL;
    if (!str_eq(type, h->version == 1 ? "cgroup" : "cgroup2") || (h->version == 1 && !has_all(options, h->names)))
        return NULL;
    *ret_whole = str_eq(root, "/");
    return unescape(point, strlen(point));
}

char *cgroup_mountinfo_find(const char *mountinfo, const struct cgroup_hierarchy *h)
{
    _cleanup_free_ char *part = NULL;

    for (const char *p = mountinfo; *p;) {
        size_t len = strcspn(p, "\n");
        bool whole = false;
        char *point = match_mount(p, len, h, &whole);

        if (point && whole)
            return point;
        if (point && !part)
            part = point;
        else
            free(point);
        p += len + (p[len] == '\n');
    }
    return steal_ptr(&part);
}

static bool is_mount_of(const char *dir, int version)
{
    struct statfs fs;

    return statfs(dir, &fs) == 0 &&
           fs.f_type == (version == 1 ? (__typeof__(fs.f_type))CGROUP_SUPER_MAGIC : CGROUP2_SUPER_MAGIC);
}

/* Sets `base` to the mount point; leaves it NULL if there is none. */
static int locate(struct cgroup_hierarchy *h, struct buf *mountinfo, struct err *err)
{
    const char *name = h->version == 2 ? "unified" : str_after(h->names, "name=");
    _cleanup_free_ char *usual = str_printf("%s/%s", mount_root, name ? name : h->names);
    int r;

    if (is_mount_of(usual, h->version)) {
        h->base = steal_ptr(&usual);
        return 0;
    }
    if (h->version == 2 && is_mount_of(mount_root, 2)) {
        h->base = str_dup(mount_root);
        return 0;
    }
    if (!mountinfo->p) {
        r = fd_read_file(AT_FDCWD, "/proc/self/mountinfo", mountinfo, err);
        if (r < 0)
            return r;
    }
    h->base = cgroup_mountinfo_find(buf_str(mountinfo), h);
    return 0;
}

static bool may_manage(const char *dir)
{
    static const char *const files[] = {"", "/cgroup.procs", "/cgroup.subtree_control"};

    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        _cleanup_free_ char *path = str_printf("%s%s", dir, files[i]);

        if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) < 0)
            return false;
    }
    return true;
}

/* Who may not write to the root of v2 may own a part of the tree (systemd's user@.service): the highest cgroup, from
 * our own upwards, that is ours. A process moves only within such a part. cgroup-v2.rst, "Delegation Containment". */
static void find_delegation(struct cgroup_host *host, struct cgroup_hierarchy *h)
{
    _cleanup_free_ char *found = NULL, *at = str_dup(h->self);

    if (may_manage(h->base))
        return;
    while (at[1]) {
        char *dir = str_printf("%s%s", h->base, at);

        if (!may_manage(dir)) {
            free(dir);
            break;
        }
        str_replace(&found, dir);
        *strrchr(at, '/') = 0;
        if (!*at)
            break;
    }
    if (found) {
        str_replace(&h->base, steal_ptr(&found));
        host->delegated = true;
    }
}

int cgroup_read(int dirfd, const char *file, struct buf *out)
{
    _cleanup_fd_ int fd = openat(dirfd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return -errno;
    buf_clear(out);
    for (;;) {
        ssize_t n = fd_read_all(fd, buf_reserve(out, READ_STEP), READ_STEP);

        if (n < 0)
            return (int)n;
        buf_grown(out, (size_t)n);
        if (n < READ_STEP)
            return 0;
    }
}

static void read_controllers(struct cgroup_hierarchy *h)
{
    _cleanup_free_ char *file = str_printf("%s/cgroup.controllers", h->base);
    _cleanup_buf_ struct buf text = BUF_INIT;

    if (cgroup_read(AT_FDCWD, file, &text) == 0)
        h->controllers = cgroup_controllers_parse(buf_str(&text), 2);
}

static void hierarchy_release(struct cgroup_hierarchy *h)
{
    free(h->names);
    free(h->self);
    free(h->base);
}

int cgroup_host_detect(struct cgroup_host *ret, struct err *err)
{
    _cleanup_cgroup_host_ struct cgroup_host host = {0};
    _cleanup_buf_ struct buf self = BUF_INIT_MAX(SELF_MAX), mountinfo = BUF_INIT_MAX(MOUNTINFO_MAX);
    size_t kept = 0;
    int r;

    r = fd_read_file(AT_FDCWD, "/proc/self/cgroup", &self, err);
    if (r == ERR_NOT_FOUND) { /* a kernel without cgroups */
        *ret = (struct cgroup_host){0};
        return 0;
    }
    if (r == 0)
        r = cgroup_host_parse(&host, buf_str(&self), err);
    for (size_t i = 0; r == 0 && i < host.hierarchies.n; i++)
        r = locate(&host.hierarchies.v[i], &mountinfo, err);
    if (r < 0)
        return err_wrap(err, "looking for cgroups");
    VEC_FOREACH (h, &host.hierarchies) {
        if (!h->base) {
            log_debug("cgroups: hierarchy '%s' is not mounted", h->names);
            hierarchy_release(h);
            continue;
        }
        if (h->version == 2) {
            find_delegation(&host, h);
            read_controllers(h);
        }
        host.hierarchies.v[kept++] = *h;
    }
    host.hierarchies.n = kept;
    *ret = host;
    host = (struct cgroup_host){0};
    return 0;
}

void cgroup_host_release(struct cgroup_host *host)
{
    VEC_FOREACH (h, &host->hierarchies)
        hierarchy_release(h);
    free(host->hierarchies.v);
    *host = (struct cgroup_host){0};
}

const struct cgroup_hierarchy *cgroup_host_find(const struct cgroup_host *host, enum cgroup_controller c)
{
    const struct cgroup_hierarchy *found = NULL;

    VEC_FOREACH (h, &host->hierarchies) {
        if (h->controllers & 1U << c)
            return h;
        if (h->version == 2 && (c == CGROUP_DEVICES || c == CGROUP_FREEZER || c == CGROUP_CORE))
            found = h;
    }
    return found;
}

const char *cgroup_host_mode(const struct cgroup_host *host)
{
    bool has[3] = {false};

    VEC_FOREACH (h, &host->hierarchies)
        has[h->version] = true;
    if (has[1])
        return has[2] ? "hybrid" : "v1";
    return has[2] ? "v2" : "none";
}

static bool file_exists(const char *dir, const char *file)
{
    _cleanup_free_ char *path = str_printf("%s/%s", dir, file);

    return access(path, F_OK) == 0;
}

bool cgroup_host_limits_swap(const struct cgroup_host *host)
{
    const struct cgroup_hierarchy *h = cgroup_host_find(host, CGROUP_MEMORY);

    if (!h)
        return false;
    if (h->version == 1)
        return file_exists(h->base, "memory.memsw.limit_in_bytes");
    if (file_exists(h->base, "memory.swap.max"))
        return true;
    /* The root of v2 has no limits: there the kernel's being able to swap is all there is to know. */
    return !file_exists(h->base, "memory.current") && access("/proc/swaps", F_OK) == 0;
}
