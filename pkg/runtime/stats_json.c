/* A reading as runc's event: names, order and what is left out where it is 0 are what its readers expect. */
#include "runtime/stats.h"

#include <inttypes.h>
#include <math.h>

struct writer {
    struct buf *out;
    bool more; /* a comma comes first */
};

static void key(struct writer *w, const char *name)
{
    if (w->more)
        buf_addc(w->out, ',');
    if (name) {
        buf_add_json(w->out, name);
        buf_addc(w->out, ':');
    }
    w->more = true;
}

static void open_with(struct writer *w, const char *name, char bracket)
{
    key(w, name);
    buf_addc(w->out, bracket);
    w->more = false;
}

static void close_with(struct writer *w, char bracket)
{
    buf_addc(w->out, bracket);
    w->more = true;
}

static void number(struct writer *w, const char *name, uint64_t n)
{
    key(w, name);
    buf_addf(w->out, "%" PRIu64, n);
}

static void number_if(struct writer *w, const char *name, uint64_t n)
{
    if (n)
        number(w, name, n);
}

static void string(struct writer *w, const char *name, const char *s)
{
    key(w, name);
    buf_add_json(w->out, s);
}

static void numbers_if(struct writer *w, const char *name, const uint64_t *v, size_t n)
{
    if (!n)
        return;
    open_with(w, name, '[');
    for (size_t i = 0; i < n; i++)
        number(w, NULL, v[i]);
    close_with(w, ']');
}

/* ---- parts ---- */

static void average(struct writer *w, const char *name, double percent)
{
    key(w, name);
    buf_addf(w->out, "%g", isfinite(percent) ? percent : 0.0);
}

static void pressure_line(struct writer *w, const char *name, const struct stats_pressure_line *l)
{
    open_with(w, name, '{');
    average(w, "avg10", l->avg10);
    average(w, "avg60", l->avg60);
    average(w, "avg300", l->avg300);
    number(w, "total", l->total);
    close_with(w, '}');
}

static void pressure(struct writer *w, const struct stats_pressure *p)
{
    if (!p->known)
        return;
    open_with(w, "psi", '{');
    pressure_line(w, "some", &p->some);
    pressure_line(w, "full", &p->full);
    close_with(w, '}');
}

static void cpu(struct writer *w, const struct stats *s)
{
    open_with(w, "cpu", '{');
    open_with(w, "usage", '{');
    number_if(w, "total", s->cpu.total);
    numbers_if(w, "percpu", s->cpu.percpu.v, s->cpu.percpu.n);
    numbers_if(w, "percpu_kernel", s->cpu.percpu_kernel.v, s->cpu.percpu_kernel.n);
    numbers_if(w, "percpu_user", s->cpu.percpu_user.v, s->cpu.percpu_user.n);
    number(w, "kernel", s->cpu.kernel);
    number(w, "user", s->cpu.user);
    close_with(w, '}');
    open_with(w, "throttling", '{');
    number_if(w, "periods", s->cpu.periods);
    number_if(w, "throttledPeriods", s->cpu.throttled_periods);
    number_if(w, "throttledTime", s->cpu.throttled_time);
    close_with(w, '}');
    pressure(w, &s->cpu.pressure);
    close_with(w, '}');
}

static void cpuset(struct writer *w, const struct stats *s)
{
    open_with(w, "cpuset", '{');
    numbers_if(w, "cpus", s->cpuset.cpus.v, s->cpuset.cpus.n);
    for (size_t i = 0; i < STATS_CPUSET_FLAGS; i++) {
        number(w, stats_cpuset_flags[i], s->cpuset.flags[i]);
        if (i == 0)
            numbers_if(w, "mems", s->cpuset.mems.v, s->cpuset.mems.n);
    }
    key(w, "sched_relax_domain_level");
    buf_addf(w->out, "%" PRId64, s->cpuset.relax_domain_level);
    close_with(w, '}');
}

static void memory_entry(struct writer *w, const char *name, const struct stats_memory_entry *e)
{
    open_with(w, name, '{');
    number(w, "limit", e->limit);
    number_if(w, "usage", e->usage);
    number_if(w, "max", e->max);
    number(w, "failcnt", e->failures);
    close_with(w, '}');
}

static void memory(struct writer *w, const struct stats *s)
{
    open_with(w, "memory", '{');
    number_if(w, "cache", s->memory.cache);
    memory_entry(w, "usage", &s->memory.usage);
    memory_entry(w, "swap", &s->memory.swap);
    memory_entry(w, "kernel", &s->memory.kernel);
    memory_entry(w, "kernelTCP", &s->memory.kernel_tcp);
    if (s->memory.raw.n) {
        open_with(w, "raw", '{');
        VEC_FOREACH (v, &s->memory.raw)
            number(w, v->name, v->value);
        close_with(w, '}');
    }
    pressure(w, &s->memory.pressure);
    close_with(w, '}');
}

static void io_entry(struct writer *w, const struct stats_io_entry *e)
{
    open_with(w, NULL, '{');
    number_if(w, "major", e->major);
    number_if(w, "minor", e->minor);
    if (*e->op)
        string(w, "op", e->op);
    number_if(w, "value", e->value);
    close_with(w, '}');
}

static void io(struct writer *w, const struct stats *s)
{
    static const char *const names[STATS_IO_LISTS] = {
        "ioServiceBytesRecursive", "ioServicedRecursive", "ioQueueRecursive", "ioServiceTimeRecursive",
        "ioWaitTimeRecursive",     "ioMergedRecursive",   "ioTimeRecursive",  "sectorsRecursive",
    };

    open_with(w, "blkio", '{');
    for (size_t i = 0; i < STATS_IO_LISTS; i++) {
        if (!s->io.lists[i].n)
            continue;
        open_with(w, names[i], '[');
        VEC_FOREACH (e, &s->io.lists[i])
            io_entry(w, e);
        close_with(w, ']');
    }
    pressure(w, &s->io.pressure);
    close_with(w, '}');
}

static void hugetlb(struct writer *w, const struct stats *s)
{
    open_with(w, "hugetlb", '{');
    VEC_FOREACH (h, &s->hugetlb) {
        open_with(w, h->page_size, '{');
        number_if(w, "usage", h->usage);
        number_if(w, "max", h->max);
        number(w, "failcnt", h->failures);
        close_with(w, '}');
    }
    close_with(w, '}');
}

/* Nothing of runc's: left out where there is no such device. */
static void rdma(struct writer *w, const struct stats *s)
{
    if (!s->rdma.n)
        return;
    open_with(w, "rdma", '{');
    VEC_FOREACH (r, &s->rdma) {
        open_with(w, r->device, '{');
        number(w, "hcaHandles", r->handles);
        number(w, "hcaObjects", r->objects);
        number(w, "hcaHandlesLimit", r->max_handles);
        number(w, "hcaObjectsLimit", r->max_objects);
        close_with(w, '}');
    }
    close_with(w, '}');
}

static void network(struct writer *w, const struct stats *s)
{
    static const char *const received[] = {"RxBytes", "RxPackets", "RxErrors", "RxDropped"};
    static const char *const sent[] = {"TxBytes", "TxPackets", "TxErrors", "TxDropped"};

    if (!s->network.n) {
        key(w, "network_interfaces");
        buf_adds(w->out, "null");
        return;
    }
    open_with(w, "network_interfaces", '[');
    VEC_FOREACH (i, &s->network) {
        open_with(w, NULL, '{');
        string(w, "Name", i->name);
        for (size_t k = 0; k < ARRAY_SIZE(received); k++)
            number(w, received[k], i->received[k]);
        for (size_t k = 0; k < ARRAY_SIZE(sent); k++)
            number(w, sent[k], i->sent[k]);
        close_with(w, '}');
    }
    close_with(w, ']');
}

void stats_event_dump(const char *type, const char *id, const struct stats *s, struct buf *out)
{
    struct writer w = {.out = out};

    open_with(&w, NULL, '{');
    string(&w, "type", type);
    string(&w, "id", id);
    if (s) {
        open_with(&w, "data", '{');
        cpu(&w, s);
        cpuset(&w, s);
        memory(&w, s);
        open_with(&w, "pids", '{');
        number_if(&w, "current", s->pids.current);
        number_if(&w, "limit", s->pids.limit);
        close_with(&w, '}');
        io(&w, s);
        hugetlb(&w, s);
        rdma(&w, s);
        open_with(&w, "intel_rdt", '{');
        close_with(&w, '}');
        network(&w, s);
        close_with(&w, '}');
    }
    close_with(&w, '}');
}
