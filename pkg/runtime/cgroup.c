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
        if (m->version == 2 && c == CGROUP_DEVICES)
            found = m;
    }
    return found;
}

const char *cgroup_dir(const struct cgroup *cg, enum cgroup_controller c)
{
    const struct cgroup_member *m = cgroup_member_find(cg, c);

    return m ? m->dir : NULL;
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
static int add_member(struct cgroup *cg, const struct cgroup_hierarchy *h, const char *dir)
{
    int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return -errno;
    *VEC_PUSH(&cg->members) = (struct cgroup_member){.version = h->version,
                                                     .controllers = h->controllers,
                                                     .dir = str_dup(dir),
                                                     .fd = fd,
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

        r = add_member(cg, h, dir);
        if (r < 0 && r != -ENOENT)
            return err_errno(err, -r, "opening cgroup %s", dir);
    }
    if (!cg->members.n)
        return err_set(err, ERR_NOT_FOUND, "cgroup %s does not exist", path);
    *ret = steal_ptr(&cg);
    return 0;
}

/* ---- making directories ---- */

/* mkdir(2) with the missing parents; `dir` begins with `base`. 0 or -errno. */
static int make_dirs(const struct cgroup_hierarchy *h, char *dir)
{
    const struct cgroup_driver *driver = cgroup_driver_of(h->version);
    char *slash = dir + strlen(h->base);
    int r = mkdir(dir, 0755) < 0 ? -errno : 0;

    if (r == -ENOENT) {
        while ((slash = strchr(slash + 1, '/'))) {
            *slash = 0;
            r = mkdir(dir, 0755) < 0 ? -errno : driver->init_dir(h->controllers, dir);
            *slash = '/';
            if (r < 0 && r != -EEXIST)
                return r;
        }
        r = mkdir(dir, 0755) < 0 ? -errno : 0;
    }
    if (r < 0)
        return r;
    r = driver->init_dir(h->controllers, dir);
    if (r < 0)
        rmdir(dir);
    return r;
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
static int refuse_living(const struct cgroup_host *host, const char *path, struct err *err)
{
    VEC_FOREACH (h, &host->hierarchies) {
        _cleanup_free_ char *dir = str_printf("%s%s", h->base, path);

        if (cgroup_tree_lives(dir))
            return err_set(err, ERR_EXISTS, "cgroup %s has processes", dir);
    }
    return 0;
}

static int make_member(struct cgroup *cg, const struct cgroup_host *host, const struct cgroup_hierarchy *h,
                       const struct cgroup_plan *plan, struct err *err)
{
    _cleanup_free_ char *dir = str_printf("%s%s", h->base, cg->path);
    int r = make_dirs(h, dir);

    if (r == -EEXIST) {
        r = refuse_living(host, cg->path, err);
        if (r < 0)
            return r;
        r = cgroup_rmdir_tree(dir);
        if (r == 0)
            r = make_dirs(h, dir);
    }
    if ((r == -EACCES || r == -EPERM || r == -EROFS) && is_needless(h, plan)) {
        log_debug("cgroup %s: not permitted, left out", dir);
        return 0;
    }
    if (r == 0)
        r = add_member(cg, h, dir);
    if (r < 0)
        return err_errno(err, -r, "making cgroup %s", dir);
    return cgroup_driver_of(h->version)->enable(h, dir, controllers_of(plan) & h->controllers, err);
}

/* ---- limits ---- */

static void trim(char *s)
{
    size_t n = strlen(s);

    while (n && (s[n - 1] == '\n' || s[n - 1] == ' '))
        s[--n] = 0;
}

/* A value in bytes is cut to pages; "max" and numbers below 0 stand for no limit. */
static bool same_bytes(const char *wanted, const char *is)
{
    char *end;
    int64_t n = strtoll(wanted, &end, 10), got;

    if (end == wanted)
        return str_eq(wanted, is);
    if (n < 0)
        return true;
    got = strtoll(is, &end, 10);
    return end != is && got <= n && n - got < sysconf(_SC_PAGESIZE);
}

/* "8:0 rbps=1024" in "8:0 rbps=1024 wbps=max …"; "8:0 1024" in "8:0 1024". A rate of 0 takes its line away. */
static bool has_device(const char *wanted, const char *is)
{
    size_t number = strcspn(wanted, " ") + 1;

    if (str_eq(wanted + number, "0"))
        return true;
    for (const char *line = is; *line; line += strspn(line, "\n")) {
        size_t len = strcspn(line, "\n");
        _cleanup_free_ char *copy = str_ndup(line, len), *found = NULL;
        _cleanup_strv_ char **words = NULL;

        line += len;
        if (strncmp(copy, wanted, number) != 0)
            continue;
        words = strv_split(copy + number, ' ');
        if (strv_contains(words, wanted + number))
            return true;
    }
    return false;
}

static bool took_effect(const struct cgroup_setting *s, char *is)
{
    trim(is);
    switch (s->check) {
    case CGROUP_CHECK_SAME:
        return str_eq(s->value, is);
    case CGROUP_CHECK_BYTES:
        return same_bytes(s->value, is);
    case CGROUP_CHECK_DEVICE:
        /* "8:0 rbps=max" lifts a limit: the line goes when it was the last one. */
        return str_ends(s->value, "=max") || has_device(s->value, is);
    case CGROUP_CHECK_SET:
        return *is != 0;
    case CGROUP_CHECK_NONE:
        break;
    }
    return true;
}

static int write_setting(const struct cgroup_member *m, const struct cgroup_setting *s, struct err *err)
{
    _cleanup_buf_ struct buf is = BUF_INIT;
    int r = fd_write_text(m->fd, s->file, s->value);

    if (r == -ENOENT) {
        r = err_set(err, ERR_UNSUPPORTED, "%s: this kernel's %s controller has no %s", s->limit,
                    cgroup_controller_name(s->controller, m->version), s->file);
        if (str_eq(s->limit, "memory.swap"))
            err_hint(err, "boot with swapaccount=1");
        return r;
    }
    if (r < 0)
        return err_errno(err, -r, "%s: writing '%s' to %s/%s", s->limit, s->value, m->dir, s->file);
    if (s->check == CGROUP_CHECK_NONE)
        return 0;
    r = cgroup_read(m->fd, s->file, &is);
    if (r < 0)
        return err_errno(err, -r, "%s: reading %s/%s", s->limit, m->dir, s->file);
    if (!took_effect(s, is.p ? is.p : (char[1]){0}))
        return err_set(err, ERR_UNSUPPORTED, "%s: wrote '%s' to %s/%s, but it is '%s'", s->limit, s->value, m->dir,
                       s->file, buf_str(&is));
    return 0;
}

int cgroup_apply(struct cgroup *cg, const struct cgroup_plan *plan, struct err *err)
{
    bool no_devices = device_filter_needless();

    VEC_FOREACH (s, &plan->settings) {
        const struct cgroup_member *m = cgroup_member_find(cg, s->controller);
        int r;

        if (s->controller == CGROUP_DEVICES && no_devices)
            continue;
        if (!m)
            return err_set(err, ERR_UNSUPPORTED, "%s: cgroup %s is in no hierarchy with the %s controller", s->limit,
                           cg->path, cgroup_controller_name(s->controller, 1));
        r = write_setting(m, s, err);
        if (r < 0)
            return r;
    }
    if (plan->devices.n) {
        const struct cgroup_member *m = cgroup_member_find(cg, CGROUP_DEVICES);
        _cleanup_fd_ int fd = m ? openat(m->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

        if (!m && no_devices)
            return 0;
        if (fd < 0)
            return err_set(err, ERR_UNSUPPORTED, "devices: cgroup %s is not on v2", cg->path);
        return device_program_attach(&plan->devices, fd, err);
    }
    return 0;
}

int cgroup_create(struct cgroup **ret, const struct cgroup_host *host, const char *path, const struct cgroup_plan *plan,
                  struct err *err)
{
    _cleanup_cgroup_ struct cgroup *cg = mem_zalloc(1, sizeof(*cg));
    int r = check_path(path, err);

    if (r < 0)
        return r;
    cg->path = str_dup(path);
    for (size_t i = 0; r == 0 && i < host->hierarchies.n; i++)
        r = make_member(cg, host, &host->hierarchies.v[i], plan, err);
    if (r == 0)
        r = cgroup_apply(cg, plan, err);
    if (r < 0) {
        VEC_FOREACH (m, &cg->members)
            rmdir(m->dir);
        return r;
    }
    *ret = steal_ptr(&cg);
    return 0;
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
