#include "explain/limits.h"

#include "base/num.h"
#include "base/time.h"
#include "explain/read.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

enum { FILE_MAX = 1 << 20, NS_PER_US = 1000, NS_PER_MS = 1000000 };

/* ---- reading ---- */

int explain_limits_version(const struct explain_limits *l, enum cgroup_controller c)
{
    const struct cgroup_hierarchy *h = cgroup_host_find(l->host, c);

    return h ? h->version : 0;
}

static char *planned(const struct explain_limits *l, enum cgroup_controller c, const char *file)
{
    const char *value = NULL;

    VEC_FOREACH (s, &l->plan->settings)
        if (s->controller == c && str_eq(s->file, file))
            value = s->value;
    return str_dup(value);
}

char *explain_limits_read(const struct explain_limits *l, enum cgroup_controller c, const char *file, char **ret_source)
{
    const char *dir = l->cg ? cgroup_dir(l->cg, c) : NULL;
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(FILE_MAX);
    char *value;

    str_replace(ret_source, dir ? str_printf("%s/%s", dir, file) : str_dup(l->source));
    if (!l->cg)
        return planned(l, c, file);
    if (!dir || fd_read_file(AT_FDCWD, *ret_source, &text, NULL) < 0)
        return NULL;
    value = str_dup(buf_str(&text));
    if (str_ends(value, "\n"))
        value[strlen(value) - 1] = 0;
    return value;
}

char *explain_limits_read_either(const struct explain_limits *l, enum cgroup_controller c, const char *v1,
                                 const char *v2, char **ret_source)
{
    return explain_limits_read(l, c, explain_limits_version(l, c) == 1 ? v1 : v2, ret_source);
}

/* v1 has the largest number of pages instead of none. */
int64_t explain_limits_number(const char *text)
{
    const int64_t endless = INT64_MAX >> 1;
    int64_t n;

    if (!text || num_parse_i64(text, 0, INT64_MAX, &n, NULL) < 0)
        return -1;
    return n >= endless ? -1 : n;
}

/* ---- telling ---- */

struct explain_fact *explain_limits_tell(struct explain_telling *t, const struct explain_limit_words *w)
{
    struct explain_fact *fact;

    if (!w->limit)
        strv_add(&t->unlimited, w->name);
    if (!w->limit && !w->usage)
        return NULL;
    fact = explain_add(t->to, w->name, w->source, "%s%s%s", w->limit ? w->limit : "", w->limit && w->usage ? "; " : "",
                       w->usage ? w->usage : "");
    if (w->limit && w->limit_number >= 0)
        explain_put(fact, "Limit", cli_value_number(w->limit_number));
    if (w->usage && w->usage_number >= 0)
        explain_put(fact, "Usage", cli_value_number(w->usage_number));
    return fact;
}

void explain_limits_weight(struct explain_telling *t, const char *name, const char *source, int64_t n, int64_t usual,
                           const char *when)
{
    const char *part = n == usual ? "an equal" : n < usual ? "a smaller" : "a larger";
    _cleanup_free_ char *limit =
        str_printf("%" PRId64 ", where others have %" PRId64 ": %s part where %s", n, usual, part, when);

    explain_limits_tell(t, &(struct explain_limit_words){name, source, limit, NULL, n, -1});
}

/* The number behind `key` at the start of a line; that of the file itself without a key. -1: none. */
static int64_t keyed(const char *text, const char *key)
{
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        const char *behind = key ? str_after(line, key) : line;

        if (behind && (!key || *behind == ' '))
            return strtoll(behind, NULL, 10);
    }
    return -1;
}

void explain_limits_hit(struct explain_telling *t, struct explain_fact *fact, enum cgroup_controller c,
                        const char *file, const char *key, const char *name, const char *words)
{
    _cleanup_free_ char *source = NULL, *text = t->l->cg && fact ? explain_limits_read(t->l, c, file, &source) : NULL;
    int64_t n = text ? keyed(text, key) : -1;

    if (n >= 0)
        explain_number(explain_below(fact, name, source, "%" PRId64 " time%s%s", n, n == 1 ? "" : "s", words), n);
}

/* ---- CPU ---- */

/* Nobody reads on behind the milliseconds. */
static char *format_time(uint64_t nanoseconds, char out[TIME_TEXT_MAX])
{
    return time_format_duration((int64_t)(nanoseconds - nanoseconds % NS_PER_MS), out);
}

/* Of each `*ret_period` µs so many; -1: no limit. */
static int64_t read_quota(const struct explain_limits *l, int64_t *ret_period, char **ret_source)
{
    _cleanup_free_ char *quota = explain_limits_read_either(l, CGROUP_CPU, "cpu.cfs_quota_us", "cpu.max", ret_source);
    _cleanup_free_ char *aside = NULL, *period = NULL;
    const char *behind = quota ? strchr(quota, ' ') : NULL;
    _cleanup_free_ char *first = quota ? str_ndup(quota, strcspn(quota, " ")) : NULL;

    if (!behind)
        period = explain_limits_read(l, CGROUP_CPU, "cpu.cfs_period_us", &aside);
    *ret_period = MAX_OF(explain_limits_number(behind ? behind + 1 : period), (int64_t)-1);
    if (*ret_period <= 0)
        *ret_period = 100000; /* the kernel's own */
    return explain_limits_number(first);
}

static void tell_throttled(struct explain_telling *t, struct explain_fact *fact)
{
    const struct stats *s = t->l->stats;
    _cleanup_free_ char *source = NULL,
                        *text = t->l->cg ? explain_limits_read(t->l, CGROUP_CPU, "cpu.stat", &source) : NULL;
    char time[TIME_TEXT_MAX];
    struct explain_fact *below;

    if (!text || !fact)
        return;
    below = explain_below(fact, "throttled", source, "in %" PRIu64 " of %" PRIu64 " periods it had to wait, %s in all",
                          s->cpu.throttled_periods, s->cpu.periods, format_time(s->cpu.throttled_time, time));
    explain_put(below, "Times", cli_value_number((int64_t)s->cpu.throttled_periods));
    explain_put(below, "Periods", cli_value_number((int64_t)s->cpu.periods));
    explain_put(below, "Nanoseconds", cli_value_number((int64_t)s->cpu.throttled_time));
}

static void tell_cpu(struct explain_telling *t)
{
    _cleanup_free_ char *source = NULL, *limit = NULL, *usage = NULL;
    char part[TIME_TEXT_MAX], whole[TIME_TEXT_MAX], used[TIME_TEXT_MAX], user[TIME_TEXT_MAX];
    bool counted = explain_limits_version(t->l, CGROUP_CPU) || explain_limits_version(t->l, CGROUP_CPUACCT);
    const struct stats *s = counted ? t->l->stats : NULL;
    int64_t period, quota = read_quota(t->l, &period, &source);
    struct explain_fact *fact;

    if (quota >= 0)
        limit =
            str_printf("at most %.2f CPUs: %s of each %s", (double)quota / (double)period,
                       time_format_duration(quota * NS_PER_US, part), time_format_duration(period * NS_PER_US, whole));
    if (s)
        usage = str_printf("%s of CPU time so far, %s of it in programs", format_time(s->cpu.total, used),
                           format_time(s->cpu.user, user));
    fact = explain_limits_tell(
        t, &(struct explain_limit_words){"cpu", source, limit, usage,
                                         quota >= 0 ? (int64_t)((double)quota * 1e9 / (double)period) : -1,
                                         s ? (int64_t)s->cpu.total : -1});
    if (quota >= 0)
        tell_throttled(t, fact);
}

static void tell_weight(struct explain_telling *t)
{
    _cleanup_free_ char *source = NULL;
    _cleanup_free_ char *text = explain_limits_read_either(t->l, CGROUP_CPU, "cpu.shares", "cpu.weight", &source);
    int64_t usual = explain_limits_version(t->l, CGROUP_CPU) == 1 ? 1024 : 100, n = explain_limits_number(text);

    if (n < 0)
        return;
    explain_limits_weight(t, "cpu weight", source, n, usual, "CPUs are short");
}

/* All that there are is no limit: v1 says so by the same list as the hierarchy's root, v2 by an empty one. */
static void tell_set(struct explain_telling *t, const char *name, const char *file, const char *words)
{
    const struct cgroup_hierarchy *h = cgroup_host_find(t->l->host, CGROUP_CPUSET);
    _cleanup_free_ char *source = NULL, *all = NULL, *limit = NULL;
    _cleanup_free_ char *text = h ? explain_limits_read(t->l, CGROUP_CPUSET, file, &source) : NULL;
    _cleanup_buf_ struct buf root = BUF_INIT_MAX(FILE_MAX);
    struct explain_fact *fact;

    if (!h)
        return;
    all = str_printf("%s/%s", h->base, file);
    if (h->version == 1 && fd_read_file(AT_FDCWD, all, &root, NULL) == 0 && str_ends(root.p, "\n"))
        root.p[root.len - 1] = 0;
    if (!str_empty(text) && !str_eq(text, buf_str(&root)))
        limit = str_printf("%s %s", words, text);
    fact = explain_limits_tell(t, &(struct explain_limit_words){name, source, limit, NULL, -1, -1});
    if (fact)
        explain_put(fact, "Limit", cli_value_text(text));
}

/* ---- processes ---- */

static void tell_pids(struct explain_telling *t)
{
    _cleanup_free_ char *source = NULL, *limit = NULL, *usage = NULL;
    _cleanup_free_ char *text = explain_limits_read(t->l, CGROUP_PIDS, "pids.max", &source);
    int64_t n = explain_limits_number(text);
    struct explain_fact *fact;

    if (n >= 0)
        limit = str_printf("at most %" PRId64, n);
    if (t->l->stats)
        usage = str_printf("%" PRIu64 " there, threads included", t->l->stats->pids.current);
    fact = explain_limits_tell(t, &(struct explain_limit_words){"processes", source, limit, usage, n,
                                                                t->l->stats ? (int64_t)t->l->stats->pids.current : -1});
    if (n >= 0)
        explain_limits_hit(t, fact, CGROUP_PIDS, "pids.events", "max", "refused", " one more could not be started");
}

/* ---- huge pages ---- */

static void tell_hugetlb_of(struct explain_telling *t, const char *size)
{
    _cleanup_free_ char *v1 = str_printf("hugetlb.%s.limit_in_bytes", size), *v2 = str_printf("hugetlb.%s.max", size);
    _cleanup_free_ char *name = str_printf("huge pages of %s", size), *source = NULL, *limit = NULL, *usage = NULL;
    _cleanup_free_ char *text = explain_limits_read_either(t->l, CGROUP_HUGETLB, v1, v2, &source);
    int64_t n = explain_limits_number(text), used = -1, hit = 0;
    char shown[NUM_TEXT_MAX], now[NUM_TEXT_MAX];
    struct explain_fact *fact;

    if (t->l->stats)
        VEC_FOREACH (h, &t->l->stats->hugetlb)
            if (str_eq(h->page_size, size)) {
                used = (int64_t)h->usage;
                hit = (int64_t)h->failures;
            }
    if (n < 0 && used <= 0) {
        strv_add(&t->unlimited, name);
        return;
    }
    if (n >= 0)
        limit = str_printf("at most %s", num_format_size_iec(n, shown));
    if (used >= 0)
        usage = str_printf("%s used", num_format_size_iec(used, now));
    fact = explain_limits_tell(t, &(struct explain_limit_words){name, source, limit, usage, n, used});
    if (n >= 0 && used >= 0)
        explain_number(explain_below(fact, "limit hit", NULL, "%" PRId64 " times", hit), hit);
}

static void tell_hugetlb(struct explain_telling *t)
{
    if (t->l->stats)
        VEC_FOREACH (h, &t->l->stats->hugetlb)
            tell_hugetlb_of(t, h->page_size);
    if (!t->l->plan)
        return;
    VEC_FOREACH (s, &t->l->plan->settings) {
        const char *size = s->controller == CGROUP_HUGETLB ? str_after(s->file, "hugetlb.") : NULL;
        _cleanup_free_ char *name = size ? str_ndup(size, strcspn(size, ".")) : NULL;

        if (name && !strstr(size, ".rsvd."))
            tell_hugetlb_of(t, name);
    }
}

/* ---- all ---- */

void explain_limits_describe(const struct explain_limits *l, explain_facts *ret)
{
    struct explain_telling t = {.l = l, .to = ret};
    _cleanup_free_ char *names = NULL;

    tell_cpu(&t);
    tell_weight(&t);
    tell_set(&t, "cpus", "cpuset.cpus", "only CPUs");
    tell_set(&t, "memory nodes", "cpuset.mems", "only memory of nodes");
    explain_limits_memory(&t);
    tell_pids(&t);
    explain_limits_io(&t);
    tell_hugetlb(&t);
    if (t.unlimited) {
        names = strv_join(t.unlimited, ", ");
        explain_strings(explain_add(ret, "no limit", NULL,
                                    "%s: it can take all that the host has, and others lack "
                                    "what it takes",
                                    names),
                        t.unlimited);
    }
    strv_free(t.unlimited);
}

/* Where they are in each hierarchy. */
static void add_paths(const struct explain_limits *l, const char *path, explain_facts *ret)
{
    struct explain_fact *fact =
        explain_add(ret, "cgroup", NULL, "%s, on a host with cgroup %s", path, cgroup_host_mode(l->host));

    explain_put(fact, "Path", cli_value_text(path));
    explain_put(fact, "Mode", cli_value_text(cgroup_host_mode(l->host)));
    VEC_FOREACH (h, &l->host->hierarchies) {
        const char *dir = l->cg ? cgroup_dir_below(l->cg, h->base) : NULL;
        const char *name = h->version == 2 ? "v2" : h->names;

        /* The path itself stands above, once: it is longer than a line with most. */
        if (dir && str_ends(dir, path))
            explain_string(explain_below(fact, name, dir, "below %.*s", (int)(strlen(dir) - strlen(path)), dir), dir);
        else if (dir)
            explain_string(explain_below(fact, name, dir, "%s", dir), dir);
    }
}

static int explain_living(const struct explain_subject *subject, const struct cgroup_host *host, explain_facts *ret,
                          struct err *err)
{
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    _cleanup_stats_ struct stats stats = {0};
    struct explain_limits l = {.host = host, .stats = &stats};
    int r = cgroup_open(&cg, host, subject->record->cgroup, err);

    if (r == 0)
        r = stats_read(cg, 0, &stats, err);
    if (r < 0)
        return r;
    l.cg = cg;
    add_paths(&l, subject->record->cgroup, ret);
    explain_limits_describe(&l, ret);
    return 0;
}

int explain_limits(const struct explain_subject *subject, explain_facts *ret, struct err *err)
{
    _cleanup_free_ char *source = explain_source(subject, "cgroup");
    _cleanup_cgroup_host_ struct cgroup_host host = {0};
    _cleanup_cgroup_plan_ struct cgroup_plan plan = {0};
    struct explain_limits l = {.host = &host, .plan = &plan, .source = source};
    int r = cgroup_host_detect(&host, err);

    if (r == 0 && subject->pid)
        return explain_living(subject, &host, ret, err);
    if (r == 0)
        r = cgroup_plan_make(&plan, &host, &subject->spec->platform.resources, err);
    if (r < 0)
        return r;
    add_paths(&l, subject->spec->platform.cgroups_path, ret);
    explain_limits_describe(&l, ret);
    return 0;
}
