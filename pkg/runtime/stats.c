#include "runtime/stats_internal.h"

#include "base/strv.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { NS_PER_US = 1000, NS_PER_S = 1000000000 };

/* ---- files ---- */

int stats_text(const struct cgroup_member *m, const char *file, struct buf *ret, bool *ret_there, struct err *err)
{
    int r = cgroup_read(m->fd, file, ret);

    *ret_there = r == 0;
    /* ENODEV, EOPNOTSUPP: the cgroup is being removed, the kernel counts no such thing. */
    return r == 0 || r == -ENOENT || r == -ENODEV || r == -EOPNOTSUPP
               ? 0
               : err_errno(err, -r, "reading %s/%s", m->dir, file);
}

int stats_number(const struct cgroup_member *m, const char *file, uint64_t *ret, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT;
    bool there;
    int r = stats_text(m, file, &text, &there, err);

    *ret = r == 0 && there ? (str_after(buf_str(&text), "max") ? UINT64_MAX : strtoull(buf_str(&text), NULL, 10)) : 0;
    return r;
}

char *stats_line(const char **p)
{
    size_t len = strcspn(*p, "\n");
    char *line;

    if (!**p)
        return NULL;
    line = str_ndup(*p, len);
    *p += len + ((*p)[len] == '\n');
    return line;
}

int stats_pressure_read(const struct cgroup_member *m, const char *file, struct stats_pressure *ret, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT;
    bool there;
    int r = stats_text(m, file, &text, &there, err);
    const char *p = buf_str(&text);
    char *line;

    while (r == 0 && there && (line = stats_line(&p))) {
        struct stats_pressure_line l = {0};
        char kind[8];

        if (sscanf(line, "%7s avg10=%lf avg60=%lf avg300=%lf total=%" SCNu64, kind, &l.avg10, &l.avg60, &l.avg300,
                   &l.total) == 5) {
            ret->known = true;
            *(str_eq(kind, "full") ? &ret->full : &ret->some) = l;
        }
        free(line);
    }
    return r;
}

/* ---- cpu ---- */

static void add_numbers(const char *text, stats_numbers *list)
{
    char *end;

    for (const char *p = text;; p = end) {
        uint64_t n = strtoull(p, &end, 10);

        if (end == p)
            return;
        *VEC_PUSH(list) = n;
    }
}

/* "cpu user system" and a line for each CPU. */
static int read_usage_all(const struct cgroup_member *m, struct stats *s, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT;
    bool there;
    int r = stats_text(m, "cpuacct.usage_all", &text, &there, err);
    const char *p = buf_str(&text);
    char *line;

    while (r == 0 && there && (line = stats_line(&p))) {
        uint64_t user, kernel;

        if (sscanf(line, "%*u %" SCNu64 " %" SCNu64, &user, &kernel) == 2) {
            *VEC_PUSH(&s->cpu.percpu_user) = user;
            *VEC_PUSH(&s->cpu.percpu_kernel) = kernel;
        }
        free(line);
    }
    return r;
}

static int read_cpuacct(const struct cgroup_member *m, struct stats *s, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT, percpu = BUF_INIT;
    const uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK);
    bool there;
    int r = stats_number(m, "cpuacct.usage", &s->cpu.total, err);

    if (r == 0)
        r = stats_text(m, "cpuacct.stat", &text, &there, err);
    if (r == 0)
        r = stats_text(m, "cpuacct.usage_percpu", &percpu, &there, err);
    if (r < 0)
        return r;
    s->cpu.user = cgroup_keyed_number(buf_str(&text), "user") * (NS_PER_S / ticks);
    s->cpu.kernel = cgroup_keyed_number(buf_str(&text), "system") * (NS_PER_S / ticks);
    add_numbers(buf_str(&percpu), &s->cpu.percpu);
    return read_usage_all(m, s, err);
}

/* The v2 hierarchy counts time with or without the controller. */
static int read_cpu(const struct cgroup *cg, struct stats *s, struct err *err)
{
    const struct cgroup_member *cpu = cgroup_member_find(cg, CGROUP_CPU),
                               *acct = cgroup_member_find(cg, CGROUP_CPUACCT);
    _cleanup_buf_ struct buf text = BUF_INIT;
    const char *t;
    bool there;
    int r = acct ? read_cpuacct(acct, s, err) : 0;

    if (!cpu && !acct)
        cpu = cgroup_member_find(cg, CGROUP_CORE);
    if (!cpu || r < 0)
        return r;
    r = stats_text(cpu, "cpu.stat", &text, &there, err);
    t = buf_str(&text);
    s->cpu.periods = cgroup_keyed_number(t, "nr_periods");
    s->cpu.throttled_periods = cgroup_keyed_number(t, "nr_throttled");
    if (cpu->version == 1) {
        s->cpu.throttled_time = cgroup_keyed_number(t, "throttled_time");
        return r;
    }
    s->cpu.throttled_time = cgroup_keyed_number(t, "throttled_usec") * NS_PER_US;
    if (!acct) {
        s->cpu.total = cgroup_keyed_number(t, "usage_usec") * NS_PER_US;
        s->cpu.user = cgroup_keyed_number(t, "user_usec") * NS_PER_US;
        s->cpu.kernel = cgroup_keyed_number(t, "system_usec") * NS_PER_US;
    }
    return r < 0 ? r : stats_pressure_read(cpu, "cpu.pressure", &s->cpu.pressure, err);
}

/* ---- cpuset ---- */

const char *const stats_cpuset_flags[STATS_CPUSET_FLAGS] = {
    "cpu_exclusive",      "mem_hardwall",       "mem_exclusive",   "memory_migrate",
    "memory_spread_page", "memory_spread_slab", "memory_pressure", "sched_load_balance",
};

/* "0-3,7"; what the kernel writes is sorted, and bounded by what the machine has. */
static void add_ranges(const char *text, stats_numbers *list)
{
    enum { MOST = 1 << 16 };

    for (const char *p = text; *p;) {
        char *end;
        uint64_t first = strtoull(p, &end, 10), last = first;

        if (end == p)
            return;
        if (*end == '-')
            last = strtoull(end + 1, &end, 10);
        for (uint64_t n = first; n <= last && n < MOST; n++)
            *VEC_PUSH(list) = n;
        p = end + (*end == ',');
    }
}

static int read_cpuset(const struct cgroup *cg, struct stats *s, struct err *err)
{
    const struct cgroup_member *m = cgroup_member_find(cg, CGROUP_CPUSET);
    _cleanup_buf_ struct buf cpus = BUF_INIT, mems = BUF_INIT, level = BUF_INIT;
    bool there;
    int r;

    if (!m || m->version != 1)
        return 0;
    r = stats_text(m, "cpuset.cpus", &cpus, &there, err);
    if (r == 0)
        r = stats_text(m, "cpuset.mems", &mems, &there, err);
    if (r == 0)
        r = stats_text(m, "cpuset.sched_relax_domain_level", &level, &there, err);
    for (size_t i = 0; r == 0 && i < STATS_CPUSET_FLAGS; i++) {
        char file[64];

        snprintf(file, sizeof(file), "cpuset.%s", stats_cpuset_flags[i]);
        r = stats_number(m, file, &s->cpuset.flags[i], err);
    }
    add_ranges(buf_str(&cpus), &s->cpuset.cpus);
    add_ranges(buf_str(&mems), &s->cpuset.mems);
    s->cpuset.relax_domain_level = strtoll(buf_str(&level), NULL, 10);
    return r;
}

/* ---- pids ---- */

static int read_pids(const struct cgroup *cg, struct stats *s, struct err *err)
{
    const struct cgroup_member *m = cgroup_member_find(cg, CGROUP_PIDS);
    cgroup_pid_list pids = {0};
    int r;

    if (!m) { /* counted by hand */
        r = cgroup_pids(cg, &pids, err);
        s->pids.current = pids.n;
        free(pids.v);
        return r;
    }
    r = stats_number(m, "pids.current", &s->pids.current, err);
    if (r == 0)
        r = stats_number(m, "pids.max", &s->pids.limit, err);
    if (s->pids.limit == UINT64_MAX)
        s->pids.limit = 0;
    return r;
}

/* ---- hugetlb ---- */

static int read_hugepages(const struct cgroup_member *m, const char *size, struct stats *s, struct err *err)
{
    const char *kind = ".rsvd"; /* since Linux 5.7 */
    struct stats_hugepages h = {0};
    bool v1 = m->version == 1, there = false;
    int r = 0;

    for (int i = 0; r == 0 && !there && i < 2; i++) {
        _cleanup_free_ char *usage = NULL, *max = NULL, *failures = NULL;
        _cleanup_buf_ struct buf text = BUF_INIT, events = BUF_INIT;
        bool ignored;

        usage = str_printf("hugetlb.%s%s.%s", size, kind, v1 ? "usage_in_bytes" : "current");
        max = str_printf("hugetlb.%s%s.max_usage_in_bytes", size, kind);
        failures = v1 ? str_printf("hugetlb.%s%s.failcnt", size, kind) : str_printf("hugetlb.%s.events", size);
        r = stats_text(m, usage, &text, &there, err);
        if (r == 0 && v1)
            r = stats_number(m, max, &h.max, err);
        if (r == 0)
            r = stats_text(m, failures, &events, &ignored, err);
        h.usage = strtoull(buf_str(&text), NULL, 10);
        h.failures = v1 ? strtoull(buf_str(&events), NULL, 10) : cgroup_keyed_number(buf_str(&events), "max");
        kind = "";
    }
    if (r == 0 && there) {
        h.page_size = str_dup(size);
        *VEC_PUSH(&s->hugetlb) = h;
    }
    return r;
}

/* The sizes as hugetlb's files have them, from the kernel's directory of them: "hugepages-2048kB". */
static int read_hugetlb(const struct cgroup *cg, struct stats *s, struct err *err)
{
    const struct cgroup_member *m = cgroup_member_find(cg, CGROUP_HUGETLB);
    DIR *dir = m ? opendir("/sys/kernel/mm/hugepages") : NULL;
    struct dirent *e;
    int r = 0;

    while (dir && r == 0 && (e = readdir(dir))) {
        const char *number = str_after(e->d_name, "hugepages-");
        uint64_t kib = number ? strtoull(number, NULL, 10) : 0;
        char size[32];

        if (!kib)
            continue;
        if (kib >= 1 << 20)
            snprintf(size, sizeof(size), "%" PRIu64 "GB", kib >> 20);
        else if (kib >= 1 << 10)
            snprintf(size, sizeof(size), "%" PRIu64 "MB", kib >> 10);
        else
            snprintf(size, sizeof(size), "%" PRIu64 "KB", kib);
        r = read_hugepages(m, size, s, err);
    }
    if (dir)
        closedir(dir);
    return r;
}

/* ---- rdma ---- */

/* "mlx4_0 hca_handle=2 hca_object=max" */
static void add_rdma(const char *text, struct stats *s, bool limits)
{
    const char *p = text;
    char *line;

    while ((line = stats_line(&p))) {
        char device[64], handles[24], objects[24];

        if (sscanf(line, "%63s hca_handle=%23s hca_object=%23s", device, handles, objects) == 3) {
            struct stats_rdma *r = NULL;

            VEC_FOREACH (known, &s->rdma)
                if (str_eq(known->device, device))
                    r = known;
            if (!r) {
                r = VEC_PUSH(&s->rdma);
                r->device = str_dup(device);
            }
            *(limits ? &r->max_handles : &r->handles) =
                str_eq(handles, "max") ? UINT32_MAX : strtoull(handles, NULL, 10);
            *(limits ? &r->max_objects : &r->objects) =
                str_eq(objects, "max") ? UINT32_MAX : strtoull(objects, NULL, 10);
        }
        free(line);
    }
}

static int read_rdma(const struct cgroup *cg, struct stats *s, struct err *err)
{
    const struct cgroup_member *m = cgroup_member_find(cg, CGROUP_RDMA);
    _cleanup_buf_ struct buf current = BUF_INIT, limits = BUF_INIT;
    bool there;
    int r = m ? stats_text(m, "rdma.current", &current, &there, err) : 0;

    if (m && r == 0)
        r = stats_text(m, "rdma.max", &limits, &there, err);
    add_rdma(buf_str(&current), s, false);
    add_rdma(buf_str(&limits), s, true);
    return r;
}

/* ---- all ---- */

int stats_read(const struct cgroup *cg, pid_t pid, struct stats *ret, struct err *err)
{
    static int (*const parts[])(const struct cgroup *, struct stats *, struct err *) = {
        read_cpu, read_cpuset, stats_read_memory, read_pids, stats_read_io, read_hugetlb, read_rdma,
    };
    int r = 0;

    *ret = (struct stats){0};
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++)
        r = parts[i](cg, ret, err);
    if (r == 0 && pid > 0)
        r = stats_read_network(pid, ret, err);
    if (r < 0)
        stats_release(ret);
    return r;
}

void stats_release(struct stats *s)
{
    VEC_FOREACH (v, &s->memory.raw)
        free(v->name);
    VEC_FOREACH (h, &s->hugetlb)
        free(h->page_size);
    VEC_FOREACH (r, &s->rdma)
        free(r->device);
    VEC_FOREACH (i, &s->network)
        free(i->name);
    for (size_t i = 0; i < STATS_IO_LISTS; i++)
        free(s->io.lists[i].v);
    free(s->cpu.percpu.v);
    free(s->cpu.percpu_kernel.v);
    free(s->cpu.percpu_user.v);
    free(s->cpuset.cpus.v);
    free(s->cpuset.mems.v);
    free(s->memory.raw.v);
    free(s->hugetlb.v);
    free(s->rdma.v);
    free(s->network.v);
    *s = (struct stats){0};
}
