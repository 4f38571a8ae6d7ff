#include "runtime/cgroup_internal.h"

#include "base/log.h"
#include "base/strv.h"
#include "sys/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

void cgroup_free(struct cgroup *cg)
{
    VEC_FOREACH (m, &cg->members) {
        fd_close(m->fd);
        free(m->dir);
    }
    free(cg->members.v);
    free(cg->path);
    free(cg);
}

struct cgroup_member *cgroup_member_find(const struct cgroup *cg, enum cgroup_controller c)
{
    struct cgroup_member *found = NULL;

    VEC_FOREACH (m, &cg->members) {
        if (m->controllers & 1U << c)
            return m;
        if (m->version == 2 && (c == CGROUP_DEVICES || c == CGROUP_FREEZER || c == CGROUP_CORE))
            found = m;
    }
    return found;
}

const char *cgroup_dir(const struct cgroup *cg, enum cgroup_controller c)
{
    const struct cgroup_member *m = cgroup_member_find(cg, c);

    return m ? m->dir : NULL;
}

int cgroup_path_of(const char *cgroups_path, const char *parent, const char *id, char **ret, struct err *err)
{
    _cleanup_strv_ char **parts = strv_split(str_empty(cgroups_path) ? id : cgroups_path, '/'), **clean = NULL;
    _cleanup_free_ char *joined = NULL;

    STRV_FOREACH (part, parts) {
        if (str_eq(*part, ".."))
            return err_set(err, ERR_INVALID, "linux.cgroupsPath: '%s' has a '..' in it", cgroups_path);
        if (**part && !str_eq(*part, "."))
            strv_add(&clean, *part);
    }
    if (!strv_len(clean))
        return err_set(err, ERR_INVALID, "linux.cgroupsPath: '%s' names no cgroup of its own", cgroups_path);
    joined = strv_join(clean, "/");
    *ret = str_printf("%s/%s", !str_empty(cgroups_path) && *cgroups_path == '/' ? "" : parent, joined);
    return 0;
}

const char *cgroup_dir_below(const struct cgroup *cg, const char *base)
{
    size_t len = strlen(base);

    VEC_FOREACH (m, &cg->members)
        if (strncmp(m->dir, base, len) == 0 && m->dir[len] == '/')
            return m->dir;
    return NULL;
}

static int check_path(const char *path, struct err *err)
{
    _cleanup_strv_ char **parts = strv_split(path, '/');
    bool ok = path[0] == '/' && path[1];

    STRV_FOREACH (part, parts)
        if (str_eq(*part, "..") || str_eq(*part, ".") || (!**part && part != parts))
            ok = false;
    return ok ? 0 : err_set(err, ERR_INVALID, "cgroup path '%s': not absolute, or not clean", path);
}

/* Appends the member for a directory that exists; -errno where it does not open. */
static int add_member(struct cgroup *cg, const struct cgroup_hierarchy *h, const char *dir, size_t existed)
{
    int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return -errno;
    *VEC_PUSH(&cg->members) = (struct cgroup_member){.version = h->version,
                                                     .controllers = h->controllers,
                                                     .dir = str_dup(dir),
                                                     .fd = fd,
                                                     .existed = existed,
                                                     .driver = cgroup_driver_of(h->version)};
    return 0;
}

int cgroup_open(struct cgroup **ret, const struct cgroup_host *host, const char *path, struct err *err)
{
    _cleanup_cgroup_ struct cgroup *cg = mem_zalloc(1, sizeof(*cg));
    int r = check_path(path, err);

    if (r < 0)
        return r;
    cg->path = str_dup(path);
    VEC_FOREACH (h, &host->hierarchies) {
        _cleanup_free_ char *dir = str_printf("%s%s", h->base, path);

        r = add_member(cg, h, dir, strlen(dir));
        if (r < 0 && r != -ENOENT)
            return err_errno(err, -r, "opening cgroup %s", dir);
    }
    if (!cg->members.n)
        return err_set(err, ERR_NOT_FOUND, "cgroup %s does not exist", path);
    *ret = steal_ptr(&cg);
    return 0;
}

/* ---- making directories ---- */

/* Removes `dir` and what is above it down to the length `existed`, as far as it is empty. */
static void unmake_dirs(const char *dir, size_t existed)
{
    _cleanup_free_ char *at = str_dup(dir);

    while (strlen(at) > existed && rmdir(at) == 0)
        *strrchr(at, '/') = 0;
}

/* One directory, fit for processes. 0 for a new one, 1 where it is there already, or -errno. */
static int make_dir(const struct cgroup_hierarchy *h, const char *dir)
{
    int made = mkdir(dir, 0755) < 0 ? -errno : 0, r;

    if (made < 0 && made != -EEXIST)
        return made;
    r = cgroup_driver_of(h->version)->init_dir(h->controllers, dir);
    if (r < 0 && made == 0)
        rmdir(dir);
    return r < 0 ? r : made == -EEXIST;
}

/* mkdir(2) with the missing parents; `dir` begins with `base`. How much of it was there before, as a length. 0 or
 * -errno. */
static int make_dirs(const struct cgroup_hierarchy *h, char *dir, size_t *ret_existed)
{
    const struct cgroup_driver *driver = cgroup_driver_of(h->version);
    char *slash = dir + strlen(h->base);
    size_t existed = strlen(h->base);
    int r = make_dir(h, dir);

    if (r != -ENOENT) {
        *ret_existed = r == 1 ? strlen(dir) : (size_t)(strrchr(dir, '/') - dir);
        return MIN_OF(r, 0);
    }
    while ((slash = strchr(slash + 1, '/'))) {
        *slash = 0;
        r = make_dir(h, dir);
        if (r == 1)
            existed = strlen(dir);
        else if (r == 0 && driver->init_parent)
            driver->init_parent(h->controllers, dir);
        if (r < 0)
            unmake_dirs(dir, existed);
        *slash = '/';
        if (r < 0)
            return r;
    }
    r = make_dir(h, dir);
    *ret_existed = r == 1 ? strlen(dir) : existed;
    if (r < 0)
        unmake_dirs(dir, existed);
    return MIN_OF(r, 0);
}

static unsigned controllers_of(const struct cgroup_plan *plan)
{
    unsigned needed = 0;

    VEC_FOREACH (s, &plan->settings)
        needed |= 1U << s->controller;
    return needed;
}

/* Whether nothing of the plan is for this hierarchy. */
static bool is_needless(const struct cgroup_hierarchy *h, const struct cgroup_plan *plan)
{
    unsigned needed = controllers_of(plan);

    if (device_filter_needless())
        needed &= ~(1U << CGROUP_DEVICES);
    else if (plan->devices.n && h->version == 2)
        return false;
    return !(h->controllers & needed);
}

/* Looks into all hierarchies before the first is touched: whoever is joining is in some of them only. */
int cgroup_check_unused(const struct cgroup_host *host, const char *path, struct err *err)
{
    VEC_FOREACH (h, &host->hierarchies) {
        _cleanup_free_ char *dir = str_printf("%s%s", h->base, path);
        struct cgroup_member m = {.version = h->version, .controllers = h->controllers, .dir = dir};
        bool frozen;

        m.fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (m.fd < 0)
            continue;
        frozen = cgroup_driver_of(h->version)->told_to_freeze(&m) > 0;
        fd_close(m.fd);
        if (frozen)
            return err_set(err, ERR_EXISTS, "cgroup %s is frozen", dir);
        if (cgroup_tree_lives(dir))
            return err_set(err, ERR_EXISTS, "cgroup %s has processes", dir);
    }
    return 0;
}

static int make_member(struct cgroup *cg, const struct cgroup_host *host, const struct cgroup_hierarchy *h,
                       const struct cgroup_plan *plan, bool adopt, struct err *err)
{
    const struct cgroup_driver *driver = cgroup_driver_of(h->version);
    _cleanup_free_ char *dir = str_printf("%s%s", h->base, cg->path);
    size_t existed = 0;
    int r = make_dirs(h, dir, &existed);

    if ((r == -EACCES || r == -EPERM || r == -EROFS) && is_needless(h, plan)) {
        log_debug("cgroup %s: not permitted, left out", dir);
        return 0;
    }
    if (r < 0)
        return err_errno(err, -r, "making cgroup %s", dir);
    r = add_member(cg, h, dir, existed);
    if (r < 0) {
        unmake_dirs(dir, existed);
        return err_errno(err, -r, "opening cgroup %s", dir);
    }
    /* What is there may be somebody's who made it for this container, with limits: it stays as it is. */
    if (existed == strlen(dir) && !adopt) {
        r = cgroup_check_unused(host, cg->path, err);
        if (r < 0)
            return r;
    }
    return driver->enable(h, dir, controllers_of(plan) & h->controllers, err);
}

static int make(struct cgroup **ret, const struct cgroup_host *host, const char *path, const struct cgroup_plan *plan,
                bool adopt, struct err *err)
{
    _cleanup_cgroup_ struct cgroup *cg = mem_zalloc(1, sizeof(*cg));
    int r = check_path(path, err);

    if (r < 0)
        return r;
    cg->path = str_dup(path);
    for (size_t i = 0; r == 0 && i < host->hierarchies.n; i++)
        r = make_member(cg, host, &host->hierarchies.v[i], plan, adopt, err);
    if (r == 0)
        r = cgroup_apply(cg, plan, err);
    if (r < 0) {
        VEC_FOREACH (m, &cg->members)
            unmake_dirs(m->dir, m->existed);
        return r;
    }
    *ret = steal_ptr(&cg);
    return 0;
}

int cgroup_create(struct cgroup **ret, const struct cgroup_host *host, const char *path, const struct cgroup_plan *plan,
                  struct err *err)
{
    return make(ret, host, path, plan, false, err);
}

int cgroup_adopt(struct cgroup **ret, const struct cgroup_host *host, const char *path, const struct cgroup_plan *plan,
                 struct err *err)
{
    return make(ret, host, path, plan, true, err);
}

/* ---- joining ---- */

int cgroup_join_open(const struct cgroup *cg, struct cgroup_join *ret, struct err *err)
{
    *ret = CGROUP_JOIN_INIT;
    VEC_FOREACH (m, &cg->members) {
        int r = m->driver->open_join(m, ret, err);

        if (r < 0) {
            cgroup_join_release(ret);
            return r;
        }
    }
    return 0;
}

void cgroup_join_release(struct cgroup_join *join)
{
    fd_close(join->clone_fd);
    fd_close(join->procs_fd);
    for (size_t i = 0; i < join->n_tasks; i++)
        fd_close(join->tasks[i]);
    *join = CGROUP_JOIN_INIT;
}

int cgroup_join_self(const struct cgroup_join *join, bool cloned_into)
{
    if (join->procs_fd >= 0 && !cloned_into && write(join->procs_fd, "0", 1) != 1)
        return -errno;
    for (size_t i = 0; i < join->n_tasks; i++)
        if (write(join->tasks[i], "0", 1) != 1)
            return -errno;
    return 0;
}

/* ---- what there is ---- */

int cgroup_list(const struct cgroup_host *host, const char *parent, char ***ret, struct err *err)
{
    _cleanup_strv_ char **names = NULL;

    VEC_FOREACH (h, &host->hierarchies) {
        _cleanup_free_ char *path = str_printf("%s%s", h->base, parent);
        DIR *dir = opendir(path);
        struct dirent *e;

        if (!dir && errno == ENOENT)
            continue;
        if (!dir)
            return err_errno(err, errno, "reading %s", path);
        while ((e = readdir(dir)))
            if (e->d_type == DT_DIR && e->d_name[0] != '.' && !strv_contains(names, e->d_name))
                strv_add(&names, e->d_name);
        closedir(dir);
    }
    strv_sort(names);
    *ret = steal_ptr(&names);
    return 0;
}
