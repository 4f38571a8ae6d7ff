/* Limits of memory. cgroup-v1/memory.rst; cgroup-v2.rst, "Memory Interface Files". */
#include "explain/limits.h"

#include "base/num.h"

#include <inttypes.h>

static char *usage_words(const struct stats_memory_entry *e, const char *of)
{
    char now[NUM_TEXT_MAX], most[NUM_TEXT_MAX];

    num_format_size_iec((int64_t)e->usage, now);
    if (!e->max)
        return str_printf("%s%s used", now, of);
    return str_printf("%s%s used, %s at the most so far", now, of, num_format_size_iec((int64_t)e->max, most));
}

/* Of v2, in pages: what the kernel looked at and what it got. v1 counts no such thing. */
static void tell_reclaimed(struct explain_telling *t, struct explain_fact *fact)
{
    _cleanup_free_ char *source = NULL, *text = explain_limits_read(t->l, CGROUP_MEMORY, "memory.stat", &source);
    int64_t scanned = -1, stolen = -1;
    struct explain_fact *below;

    VEC_FOREACH (v, &t->l->stats->memory.raw) {
        scanned = str_eq(v->name, "pgscan") ? (int64_t)v->value : scanned;
        stolen = str_eq(v->name, "pgsteal") ? (int64_t)v->value : stolen;
    }
    if (!text || stolen < 0)
        return;
    below = explain_below(fact, "reclaimed", source,
                          "%" PRId64 " pages taken back for want of memory, of %" PRId64 " looked at", stolen, scanned);
    explain_number(below, stolen);
}

/* Kernels of 2025 have v1's counter and leave it at 0. What was used at the most says that the limit was met. */
static void tell_hit(struct explain_telling *t, struct explain_fact *fact, const char *name, int64_t limit,
                     const struct stats_memory_entry *e)
{
    bool v1 = explain_limits_version(t->l, CGROUP_MEMORY) == 1;
    _cleanup_free_ char *file = str_printf("%s.%s", name, v1 ? "failcnt" : "events"), *source = NULL;

    if (v1 && !e->failures && e->max && e->max >= (uint64_t)limit) {
        str_replace(&file, str_printf("%s.max_usage_in_bytes", name));
        free(explain_limits_read(t->l, CGROUP_MEMORY, file, &source));
        explain_number(explain_below(fact, "limit hit", source, "at least once; this kernel does not count how often"),
                       1);
    } else {
        explain_limits_hit(t, fact, CGROUP_MEMORY, file, v1 ? NULL : "max", "limit hit",
                           "; what could be dropped was dropped");
    }
}

static void tell_ends(struct explain_telling *t, struct explain_fact *fact)
{
    bool v1 = explain_limits_version(t->l, CGROUP_MEMORY) == 1;

    tell_reclaimed(t, fact);
    explain_limits_hit(t, fact, CGROUP_MEMORY, v1 ? "memory.oom_control" : "memory.events", "oom_kill", "OOM-killed",
                       " a process was killed for want of memory");
}

static void tell_memory(struct explain_telling *t)
{
    _cleanup_free_ char *source = NULL, *limit = NULL, *usage = NULL;
    _cleanup_free_ char *text =
        explain_limits_read_either(t->l, CGROUP_MEMORY, "memory.limit_in_bytes", "memory.max", &source);
    const struct stats_memory_entry *e = t->l->stats ? &t->l->stats->memory.usage : NULL;
    int64_t n = explain_limits_number(text);
    char shown[NUM_TEXT_MAX];
    struct explain_fact *fact;

    if (n >= 0)
        limit = str_printf("at most %s", num_format_size_iec(n, shown));
    if (e && explain_limits_version(t->l, CGROUP_MEMORY))
        usage = usage_words(e, "");
    fact = explain_limits_tell(
        t, &(struct explain_limit_words){"memory", source, limit, usage, n, e ? (int64_t)e->usage : -1});
    if (fact && e && n >= 0)
        tell_hit(t, fact, "memory", n, e);
    if (fact && e)
        tell_ends(t, fact);
}

/* What is left to it, or what it is brought back to, when the host has none. */
static void tell_reservation(struct explain_telling *t)
{
    bool v1 = explain_limits_version(t->l, CGROUP_MEMORY) == 1;
    _cleanup_free_ char *source = NULL, *limit = NULL;
    _cleanup_free_ char *text =
        explain_limits_read_either(t->l, CGROUP_MEMORY, "memory.soft_limit_in_bytes", "memory.low", &source);
    int64_t n = explain_limits_number(text);
    char shown[NUM_TEXT_MAX];

    if (n < 0 || (!v1 && n == 0))
        return;
    limit = str_printf(v1 ? "beyond %s its memory is taken first when the host runs short"
                          : "%s are left to it when the host runs short",
                       num_format_size_iec(n, shown));
    explain_limits_tell(t, &(struct explain_limit_words){"memory reserved", source, limit, NULL, n, -1});
}

/* v1 counts memory and swap together, v2 swap alone. A kernel that counts none has no files. */
static void tell_swap(struct explain_telling *t)
{
    bool v1 = explain_limits_version(t->l, CGROUP_MEMORY) == 1;
    _cleanup_free_ char *source = NULL, *limit = NULL, *usage = NULL;
    _cleanup_free_ char *text =
        explain_limits_read_either(t->l, CGROUP_MEMORY, "memory.memsw.limit_in_bytes", "memory.swap.max", &source);
    struct stats_memory_entry e = t->l->stats ? t->l->stats->memory.swap : (struct stats_memory_entry){0};
    int64_t n = explain_limits_number(text);
    char shown[NUM_TEXT_MAX];
    struct explain_fact *fact;

    if (!text && t->l->cg)
        return;
    if (!v1) /* the sum of both, for readers of statistics */
        e.usage -= MIN_OF(e.usage, t->l->stats ? t->l->stats->memory.usage.usage : 0);
    if (n >= 0)
        limit = str_printf("at most %s%s", num_format_size_iec(n, shown), v1 ? " of memory and swap together" : "");
    if (t->l->stats)
        usage = usage_words(&e, v1 && n < 0 ? " of memory and swap" : "");
    fact = explain_limits_tell(
        t, &(struct explain_limit_words){"swap", source, limit, usage, n, t->l->stats ? (int64_t)e.usage : -1});
    if (fact && n >= 0 && t->l->cg)
        tell_hit(t, fact, v1 ? "memory.memsw" : "memory.swap", n, &e);
}

void explain_limits_memory(struct explain_telling *t)
{
    tell_memory(t);
    tell_reservation(t);
    tell_swap(t);
}
