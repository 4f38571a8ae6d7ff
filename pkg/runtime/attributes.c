#include "runtime/attributes.h"

#include "base/num.h"

struct word {
    const char *name;
    uint32_t value;
};

#define FIND(table, name) find_word((table), ARRAY_SIZE(table), (name))

/* The row's index, or -1. */
static int find_word(const struct word *table, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(table[i].name, name))
            return (int)i;
    return -1;
}

static int add_range(const char *range, const char *field, struct attribute_set *set, struct err *err)
{
    const char *dash = strchr(range, '-');
    _cleanup_free_ char *low = str_ndup(range, dash ? (size_t)(dash - range) : strlen(range));
    int64_t first, last;

    if (num_parse_i64(low, 0, ATTRIBUTE_BITS - 1, &first, NULL) < 0 ||
        num_parse_i64(dash ? dash + 1 : low, first, ATTRIBUTE_BITS - 1, &last, NULL) < 0)
        return err_set(err, ERR_INVALID, "%s: \"%s\" is no number and no range", field, range);
    for (int64_t i = first; i <= last; i++)
        set->bits[(size_t)i / ATTRIBUTE_WORD] |= 1UL << ((size_t)i % ATTRIBUTE_WORD);
    return 0;
}

int attribute_set_parse(const char *list, const char *field, struct attribute_set *ret, struct err *err)
{
    _cleanup_strv_ char **ranges = strv_split(list, ',');

    *ret = (struct attribute_set){0};
    STRV_FOREACH (range, ranges) {
        int r = add_range(*range, field, ret, err);

        if (r < 0)
            return r;
    }
    for (size_t i = 0; i < ARRAY_SIZE(ret->bits); i++)
        ret->n += (unsigned)__builtin_popcountl(ret->bits[i]);
    return 0;
}

enum { UTIL_CLAMP = 0x60, SIZE_WITHOUT_CLAMP = 48 };

static const struct word policies[] = {
    {"SCHED_OTHER", 0}, {"SCHED_FIFO", 1}, {"SCHED_RR", 2},       {"SCHED_BATCH", 3},
    {"SCHED_ISO", 4},   {"SCHED_IDLE", 5}, {"SCHED_DEADLINE", 6},
};

static const struct word scheduler_flags[] = {
    {"SCHED_FLAG_RESET_ON_FORK", 0x01},  {"SCHED_FLAG_RECLAIM", 0x02},     {"SCHED_FLAG_DL_OVERRUN", 0x04},
    {"SCHED_FLAG_KEEP_POLICY", 0x08},    {"SCHED_FLAG_KEEP_PARAMS", 0x10}, {"SCHED_FLAG_UTIL_CLAMP_MIN", 0x20},
    {"SCHED_FLAG_UTIL_CLAMP_MAX", 0x40},
};

int attribute_scheduler(const struct oci_scheduler *s, struct attribute_scheduler *ret, struct err *err)
{
    int policy = FIND(policies, s->policy);

    if (policy < 0)
        return err_set(err, ERR_INVALID, "process.scheduler.policy: no such policy: \"%s\"", s->policy);
    *ret = (struct attribute_scheduler){
        .size = SIZE_WITHOUT_CLAMP,
        .policy = policies[policy].value,
        .nice = (int32_t)s->nice,
        .priority = (uint32_t)s->priority,
        .runtime = s->runtime,
        .deadline = s->deadline,
        .period = s->period,
    };
    STRV_FOREACH (name, s->flags) {
        int flag = FIND(scheduler_flags, *name);

        if (flag < 0)
            return err_set(err, ERR_INVALID, "process.scheduler.flags: no such flag: \"%s\"", *name);
        ret->flags |= scheduler_flags[flag].value;
    }
    if (ret->flags & UTIL_CLAMP) /* members that came with 5.3 */
        ret->size = sizeof(*ret);
    return 0;
}

int attribute_io_priority(const struct oci_io_priority *p, int *ret, struct err *err)
{
    static const struct word classes[] = {{"IOPRIO_CLASS_RT", 1}, {"IOPRIO_CLASS_BE", 2}, {"IOPRIO_CLASS_IDLE", 3}};
    int class = FIND(classes, p->class);

    if (class < 0)
        return err_set(err, ERR_INVALID, "process.ioPriority.class: no such class: \"%s\"", p->class);
    *ret = (int)(classes[class].value << 13 | (uint32_t)p->priority);
    return 0;
}

int attribute_memory_policy(const struct oci_memory_policy *p, int *ret_mode, struct attribute_set *ret,
                            struct err *err)
{
    static const struct word modes[] = {
        {"MPOL_DEFAULT", 0},
        {"MPOL_PREFERRED", 1},
        {"MPOL_BIND", 2},
        {"MPOL_LOCAL", 4},
        {"MPOL_INTERLEAVE", 3},
        {"MPOL_PREFERRED_MANY", 5},
        {"MPOL_WEIGHTED_INTERLEAVE", 6},
    };
    static const struct word flags[] = {
        {"MPOL_F_STATIC_NODES", 1 << 15}, {"MPOL_F_RELATIVE_NODES", 1 << 14}, {"MPOL_F_NUMA_BALANCING", 1 << 13}};
    int mode = FIND(modes, p->mode), r = 0;

    if (mode < 0)
        return err_set(err, ERR_INVALID, "linux.memoryPolicy.mode: no such mode: \"%s\"", p->mode);
    *ret_mode = (int)modes[mode].value;
    *ret = (struct attribute_set){0};
    STRV_FOREACH (name, p->flags) {
        int flag = FIND(flags, *name);

        if (flag < 0)
            return err_set(err, ERR_INVALID, "linux.memoryPolicy.flags: no such flag: \"%s\"", *name);
        *ret_mode |= (int)flags[flag].value;
    }
    if (!str_empty(p->nodes))
        r = attribute_set_parse(p->nodes, "linux.memoryPolicy.nodes", ret, err);
    return r;
}

int attribute_personality(const struct oci_personality *p, unsigned long *ret, struct err *err)
{
    static const struct word domains[] = {{"LINUX", 0}, {"LINUX32", 8}};
    int domain = FIND(domains, p->domain);

    if (domain < 0)
        return err_set(err, ERR_INVALID, "linux.personality.domain: no such domain: \"%s\"", p->domain);
    if (strv_len(p->flags))
        return err_set(err, ERR_INVALID, "linux.personality.flags: no such flag: \"%s\"", p->flags[0]);
    *ret = domains[domain].value;
    return 0;
}
