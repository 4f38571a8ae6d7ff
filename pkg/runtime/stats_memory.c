/* Memory in use. cgroup-v1/memory.rst; cgroup-v2.rst, "Memory Interface Files". */
#include "runtime/stats_internal.h"

#include <inttypes.h>
#include <stdio.h>

static int read_raw(const struct cgroup_member *m, struct stats *s, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT;
    bool there;
    int r = stats_text(m, "memory.stat", &text, &there, err);
    const char *p = buf_str(&text);
    char *line;

    while (r == 0 && (line = stats_line(&p))) {
        char *blank = strchr(line, ' ');

        if (blank) {
            *blank = 0;
            VEC_PUSH(&s->memory.raw)->name = line;
            s->memory.raw.v[s->memory.raw.n - 1].value = strtoull(blank + 1, NULL, 10);
        } else {
            free(line);
        }
    }
    s->memory.cache = cgroup_keyed_number(buf_str(&text), m->version == 1 ? "cache" : "file");
    return r;
}

struct part {
    const char *file; /* behind the name and a dot */
    uint64_t *to;
};

static int read_parts(const struct cgroup_member *m, const char *name, const struct part *parts, size_t n,
                      struct err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < n; i++) {
        char file[64];

        snprintf(file, sizeof(file), "%s.%s", name, parts[i].file);
        r = stats_number(m, file, parts[i].to, err);
    }
    return r;
}

/* memory.usage_in_bytes and its kin; `name` is "memory", "memory.memsw" and so on. */
static int read_v1(const struct cgroup_member *m, const char *name, struct stats_memory_entry *ret, struct err *err)
{
    const struct part parts[] = {{"usage_in_bytes", &ret->usage},
                                 {"max_usage_in_bytes", &ret->max},
                                 {"failcnt", &ret->failures},
                                 {"limit_in_bytes", &ret->limit}};

    return read_parts(m, name, parts, ARRAY_SIZE(parts), err);
}

static int read_v2(const struct cgroup_member *m, const char *name, struct stats_memory_entry *ret, struct err *err)
{
    const struct part parts[] = {{"current", &ret->usage}, {"peak", &ret->max}, {"max", &ret->limit}};

    return read_parts(m, name, parts, ARRAY_SIZE(parts), err);
}

/* v2 counts swap alone; together with memory is what readers of the numbers know. */
static void add_memory_to_swap(struct stats *s)
{
    const struct stats_memory_entry *memory = &s->memory.usage;
    struct stats_memory_entry *swap = &s->memory.swap;

    swap->usage += memory->usage;
    swap->limit = swap->limit == UINT64_MAX || memory->limit == UINT64_MAX ? UINT64_MAX : swap->limit + memory->limit;
    swap->max = 0; /* the sum of both maxima is the maximum of nothing */
}

int stats_read_memory(const struct cgroup *cg, struct stats *s, struct err *err)
{
    const struct cgroup_member *m = cgroup_member_find(cg, CGROUP_MEMORY);
    _cleanup_buf_ struct buf events = BUF_INIT;
    bool there;
    int r;

    if (!m)
        return 0;
    r = read_raw(m, s, err);
    if (r == 0)
        r = stats_text(m, m->driver->oom_file, &events, &there, err);
    if (r < 0)
        return r;
    s->memory.oom_kills = cgroup_keyed_number(buf_str(&events), "oom_kill");
    if (m->version == 2) {
        r = read_v2(m, "memory", &s->memory.usage, err);
        if (r == 0)
            r = read_v2(m, "memory.swap", &s->memory.swap, err);
        add_memory_to_swap(s);
        return r < 0 ? r : stats_pressure_read(m, "memory.pressure", &s->memory.pressure, err);
    }
    r = read_v1(m, "memory", &s->memory.usage, err);
    if (r == 0)
        r = read_v1(m, "memory.memsw", &s->memory.swap, err);
    if (r == 0)
        r = read_v1(m, "memory.kmem", &s->memory.kernel, err);
    return r < 0 ? r : read_v1(m, "memory.kmem.tcp", &s->memory.kernel_tcp, err);
}
