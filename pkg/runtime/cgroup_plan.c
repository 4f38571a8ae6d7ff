#include "runtime/cgroup_internal.h"

#include "oci/spec.h"

#include <inttypes.h>

/* What the kernel takes: cpu.cfs_period_us and cpu.cfs_quota_us (sched/core.c), pids.max (PID_MAX_LIMIT), cpu.shares.
 */
enum {
    PERIOD_DEFAULT = 100000,
    PERIOD_MIN = 1000,
    PERIOD_MAX = 1000000,
    QUOTA_MIN = 1000,
    PIDS_MAX = 1 << 22,
    SHARES_MIN = 2,
    SHARES_MAX = 1 << 18,
};

int cgroup_quota_of_cpus(int64_t nano_cpus, unsigned n_cpus, int64_t *ret_quota, int64_t *ret_period, struct err *err)
{
    const int64_t cpu = 1000000000;

    if (nano_cpus < cpu / 100 || nano_cpus > (n_cpus ? n_cpus * cpu : INT64_MAX / PERIOD_DEFAULT)) {
        if (n_cpus)
            return err_set(err, ERR_INVALID, "the number of CPUs must be from 0.01 to %u.00, as many as there are",
                           n_cpus);
        return err_set(err, ERR_INVALID, "the number of CPUs must be at least 0.01");
    }
    *ret_quota = nano_cpus * PERIOD_DEFAULT / cpu;
    *ret_period = PERIOD_DEFAULT;
    return 0;
}

/* ---- values ---- */

/* The text for one version of cgroups; NULL: nothing to write. */
typedef char *(*value_fn)(const struct oci_resources *r, int64_t n);

static char *value_number(_unused_ const struct oci_resources *r, int64_t n)
{
    return str_printf("%" PRId64, n);
}

static char *value_max(_unused_ const struct oci_resources *r, int64_t n)
{
    return n < 0 ? str_dup("max") : str_printf("%" PRId64, n);
}

/* v1 counts memory and swap together, v2 swap alone. */
static char *value_swap_v2(const struct oci_resources *r, int64_t n)
{
    return value_max(r, n < 0 ? n : n - r->memory.limit);
}

/* cpu.max holds quota and period. */
static char *value_cpu_max(const struct oci_resources *r, int64_t quota)
{
    int64_t period = r->cpu.period ? r->cpu.period : PERIOD_DEFAULT;

    return quota < 0 ? str_printf("max %" PRId64, period) : str_printf("%" PRId64 " %" PRId64, quota, period);
}

static char *value_period_v2(const struct oci_resources *r, _unused_ int64_t n)
{
    return r->cpu.quota ? NULL : value_cpu_max(r, -1);
}

/* Weights at the powers of two of shares, from 2 to 2^18, and straight lines between. The range's ends are each other's
 * and so are the defaults, 1024 and 100: a straight line from end to end would give a container that asks for the
 * default 39 of 100 parts beside one that asks for nothing. Runtimes agree on 10^(l²/612 + 125·l/612 − 7/34), l = log2.
 */
static char *value_weight(const struct oci_resources *r, int64_t shares)
{
    static const int weights[] = {1, 2, 3, 5, 8, 12, 21, 35, 59, 100, 174, 303, 532, 942, 1681, 3023, 5478, 10000};
    unsigned exponent = 1;
    int64_t low, weight;

    while (exponent < 17 && (int64_t)2 << exponent <= shares)
        exponent++;
    low = (int64_t)1 << exponent;
    weight = weights[exponent - 1] + (weights[exponent] - weights[exponent - 1]) * (shares - low) / low;
    return value_number(r, weight);
}

/* ---- checks: what the kernel would refuse with "Invalid argument", or take as something else ---- */

typedef int (*check_fn)(const struct oci_resources *r, int64_t n, struct err *err);

static int check_limit(_unused_ const struct oci_resources *r, int64_t n, struct err *err)
{
    if (n > 0 && n < CGROUP_MEMORY_MIN)
        return err_set(err, ERR_INVALID, "%" PRId64 " bytes are below the minimum of 6MB", n);
    return 0;
}

static int check_reservation(const struct oci_resources *r, int64_t n, struct err *err)
{
    if (r->memory.limit > 0 && n > r->memory.limit)
        return err_set(err, ERR_INVALID, "%" PRId64 " bytes are more than the limit of %" PRId64, n, r->memory.limit);
    return 0;
}

static int check_swap(const struct oci_resources *r, int64_t n, struct err *err)
{
    if (n > 0 && r->memory.limit <= 0)
        return err_set(err, ERR_INVALID, "memory and swap can only be limited together with memory");
    if (n > 0 && n < r->memory.limit)
        return err_set(err, ERR_INVALID,
                       "memory and swap together cannot be %" PRId64 " bytes where memory is %" PRId64, n,
                       r->memory.limit);
    return 0;
}

static int check_range(int64_t n, int64_t min, int64_t max, struct err *err)
{
    if (n >= 0 && (n < min || n > max))
        return err_set(err, ERR_INVALID, "%" PRId64 " is not from %" PRId64 " to %" PRId64, n, min, max);
    return 0;
}

static int check_shares(_unused_ const struct oci_resources *r, int64_t n, struct err *err)
{
    return check_range(n < 0 ? 0 : n, SHARES_MIN, SHARES_MAX, err);
}

static int check_period(_unused_ const struct oci_resources *r, int64_t n, struct err *err)
{
    return check_range(n < 0 ? 0 : n, PERIOD_MIN, PERIOD_MAX, err);
}

static int check_quota(_unused_ const struct oci_resources *r, int64_t n, struct err *err)
{
    return check_range(n, QUOTA_MIN, INT64_MAX / 1000, err);
}

static int check_pids(_unused_ const struct oci_resources *r, int64_t n, struct err *err)
{
    return check_range(n, 0, PIDS_MAX, err);
}

/* ---- the table: every limit, and what it is called on either side ---- */

enum kind {
    NUMBER, /* int64_t; 0: not given */
    MAYBE,  /* int64_t *; NULL: not given */
    TEXT,   /* char *; empty: not given */
    RATES,  /* oci_throttles: a line each, "MAJ:MIN " and the key and the rate */
};

struct side {
    const char *file; /* NULL: that version cannot */
    value_fn value;   /* NUMBER */
    const char *key;  /* RATES */
    enum cgroup_check check;
};

struct limit {
    const char *name;
    enum cgroup_controller controller;
    enum kind kind;
    size_t offset;
    check_fn check; /* or NULL */
    struct side v[2];
};

#define AT(member) offsetof(struct oci_resources, member)

static const struct limit limits[] = {
    {"memory.limit",
     CGROUP_MEMORY,
     NUMBER,
     AT(memory.limit),
     check_limit,
     {{"memory.limit_in_bytes", value_number, NULL, CGROUP_CHECK_BYTES},
      {"memory.max", value_max, NULL, CGROUP_CHECK_BYTES}}},
    {"memory.reservation",
     CGROUP_MEMORY,
     NUMBER,
     AT(memory.reservation),
     check_reservation,
     {{"memory.soft_limit_in_bytes", value_number, NULL, CGROUP_CHECK_BYTES},
      {"memory.low", value_max, NULL, CGROUP_CHECK_BYTES}}},
    /* Behind the limit: on v1 neither may be below the other at any time. */
    {"memory.swap",
     CGROUP_MEMORY,
     NUMBER,
     AT(memory.swap),
     check_swap,
     {{"memory.memsw.limit_in_bytes", value_number, NULL, CGROUP_CHECK_BYTES},
      {"memory.swap.max", value_swap_v2, NULL, CGROUP_CHECK_BYTES}}},
    {"cpu.shares",
     CGROUP_CPU,
     NUMBER,
     AT(cpu.shares),
     check_shares,
     {{"cpu.shares", value_number, NULL, CGROUP_CHECK_SAME}, {"cpu.weight", value_weight, NULL, CGROUP_CHECK_SAME}}},
    {"cpu.period",
     CGROUP_CPU,
     NUMBER,
     AT(cpu.period),
     check_period,
     {{"cpu.cfs_period_us", value_number, NULL, CGROUP_CHECK_SAME},
      {"cpu.max", value_period_v2, NULL, CGROUP_CHECK_SAME}}},
    {"cpu.quota",
     CGROUP_CPU,
     NUMBER,
     AT(cpu.quota),
     check_quota,
     {{"cpu.cfs_quota_us", value_number, NULL, CGROUP_CHECK_SAME},
      {"cpu.max", value_cpu_max, NULL, CGROUP_CHECK_SAME}}},
    {"cpu.cpus",
     CGROUP_CPUSET,
     TEXT,
     AT(cpu.cpus),
     NULL,
     {{"cpuset.cpus", .check = CGROUP_CHECK_SET}, {"cpuset.cpus", .check = CGROUP_CHECK_SET}}},
    {"cpu.mems",
     CGROUP_CPUSET,
     TEXT,
     AT(cpu.mems),
     NULL,
     {{"cpuset.mems", .check = CGROUP_CHECK_SET}, {"cpuset.mems", .check = CGROUP_CHECK_SET}}},
    {"pids.limit",
     CGROUP_PIDS,
     MAYBE,
     AT(pids.limit),
     check_pids,
     {{"pids.max", value_max, NULL, CGROUP_CHECK_SAME}, {"pids.max", value_max, NULL, CGROUP_CHECK_SAME}}},
    {"blockIO.throttleReadBpsDevice",
     CGROUP_IO,
     RATES,
     AT(block_io.read_bps),
     NULL,
     {{"blkio.throttle.read_bps_device", NULL, "", CGROUP_CHECK_DEVICE},
      {"io.max", NULL, "rbps=", CGROUP_CHECK_DEVICE}}},
    {"blockIO.throttleWriteBpsDevice",
     CGROUP_IO,
     RATES,
     AT(block_io.write_bps),
     NULL,
     {{"blkio.throttle.write_bps_device", NULL, "", CGROUP_CHECK_DEVICE},
      {"io.max", NULL, "wbps=", CGROUP_CHECK_DEVICE}}},
    {"blockIO.throttleReadIOPSDevice",
     CGROUP_IO,
     RATES,
     AT(block_io.read_iops),
     NULL,
     {{"blkio.throttle.read_iops_device", NULL, "", CGROUP_CHECK_DEVICE},
      {"io.max", NULL, "riops=", CGROUP_CHECK_DEVICE}}},
    {"blockIO.throttleWriteIOPSDevice",
     CGROUP_IO,
     RATES,
     AT(block_io.write_iops),
     NULL,
     {{"blkio.throttle.write_iops_device", NULL, "", CGROUP_CHECK_DEVICE},
      {"io.max", NULL, "wiops=", CGROUP_CHECK_DEVICE}}},
};

/* ---- making the plan ---- */

/* Takes `value` over; NULL adds nothing. */
static void add(struct cgroup_plan *plan, const struct limit *l, const struct side *side, char *value)
{
    if (!value)
        return;
    *VEC_PUSH(&plan->settings) = (struct cgroup_setting){
        .controller = l->controller, .limit = l->name, .file = side->file, .value = value, .check = side->check};
}

static bool is_given(const struct limit *l, const void *member)
{
    switch (l->kind) {
    case NUMBER:
        return *(const int64_t *)member != 0;
    case MAYBE:
        return *(int64_t *const *)member != NULL;
    case TEXT:
        return !str_empty(*(char *const *)member);
    case RATES:
        return ((const oci_throttles *)member)->n > 0;
    }
    return false;
}

static int add_rates(struct cgroup_plan *plan, const struct limit *l, const struct side *side,
                     const oci_throttles *rates, struct err *err)
{
    VEC_FOREACH (t, rates) {
        if (t->major < 0 || t->minor < 0 || t->rate < 0)
            return err_set(err, ERR_INVALID, "%" PRId64 " for device %" PRId64 ":%" PRId64 " is negative", t->rate,
                           t->major, t->minor);
        /* On v1 a rate of 0 lifts the limit; v2 says so in another way. */
        add(plan, l, side,
            t->rate == 0 && *side->key
                ? str_printf("%" PRId64 ":%" PRId64 " %smax", t->major, t->minor, side->key)
                : str_printf("%" PRId64 ":%" PRId64 " %s%" PRId64, t->major, t->minor, side->key, t->rate));
    }
    return 0;
}

static int add_limit(struct cgroup_plan *plan, const struct limit *l, const struct cgroup_host *host,
                     const struct oci_resources *r, struct err *err)
{
    const void *member = (const char *)r + l->offset;
    const struct cgroup_hierarchy *h;
    const struct side *side;
    int64_t number;

    if (!is_given(l, member))
        return 0;
    h = cgroup_host_find(host, l->controller);
    if (!h)
        return err_set(err, ERR_UNSUPPORTED, "this host has no %s controller (cgroups: %s)",
                       cgroup_controller_name(l->controller, 1), cgroup_host_mode(host));
    side = &l->v[h->version - 1];
    if (!side->file)
        return err_set(err, ERR_UNSUPPORTED, "cgroup v%d has no such limit", h->version);
    if (l->kind == RATES)
        return add_rates(plan, l, side, member, err);
    if (l->kind == TEXT) {
        add(plan, l, side, str_dup(*(char *const *)member));
        return 0;
    }
    number = l->kind == MAYBE ? **(int64_t *const *)member : *(const int64_t *)member;
    if (l->check) {
        int bad = l->check(r, number, err);

        if (bad < 0)
            return bad;
    }
    add(plan, l, side, side->value(r, number));
    return 0;
}

static int parse_number(const int64_t *n, const char *what, int32_t *ret, struct err *err)
{
    if (n && (*n < DEVICE_ANY || *n > INT32_MAX))
        return err_set(err, ERR_INVALID, "%s number %" PRId64 " of a device", what, *n);
    *ret = n ? (int32_t)*n : DEVICE_ANY;
    return 0;
}

static int parse_rule(const struct oci_device_rule *from, struct device_rule *ret, struct err *err)
{
    int r;

    ret->allow = from->allow;
    ret->access = DEVICE_ALL;
    if (str_empty(from->type) || str_eq(from->type, "a"))
        ret->type = 'a';
    else if (str_eq(from->type, "c") || str_eq(from->type, "u"))
        ret->type = 'c';
    else if (str_eq(from->type, "b"))
        ret->type = 'b';
    else
        return err_set(err, ERR_INVALID, "type '%s' of a device: only a, b and c are known", from->type);
    r = parse_number(from->major, "major", &ret->major, err);
    if (r == 0)
        r = parse_number(from->minor, "minor", &ret->minor, err);
    if (r == 0 && from->access)
        r = device_access_parse(from->access, &ret->access, err);
    return r;
}

static int add_devices(struct cgroup_plan *plan, const struct cgroup_host *host, const struct oci_resources *r,
                       struct err *err)
{
    const struct cgroup_hierarchy *h = cgroup_host_find(host, CGROUP_DEVICES);
    device_rules rules = {0};
    device_lines lines = {0};
    int result = 0;

    VEC_FOREACH (from, &r->devices) {
        result = parse_rule(from, VEC_PUSH(&rules), err);
        if (result < 0)
            break;
    }
    if (!result && rules.n) {
        device_rules_add_defaults(&rules);
        if (!h)
            result = err_set(err, ERR_UNSUPPORTED, "this host has neither a devices controller nor cgroup v2");
        else if (h->version == 2)
            result = device_rules_to_program(&rules, &plan->devices, err);
        else
            device_rules_to_lines(&rules, &lines);
    }
    VEC_FOREACH (line, &lines) {
        *VEC_PUSH(&plan->settings) = (struct cgroup_setting){.controller = CGROUP_DEVICES,
                                                             .limit = "devices",
                                                             .file = line->allow ? "devices.allow" : "devices.deny",
                                                             .value = str_dup(line->text),
                                                             .check = CGROUP_CHECK_NONE};
    }
    free(rules.v);
    free(lines.v);
    return result;
}

int cgroup_plan_make(struct cgroup_plan *ret, const struct cgroup_host *host, const struct oci_resources *resources,
                     struct err *err)
{
    int r = 0;

    *ret = (struct cgroup_plan){0};
    if (!resources)
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
        r = add_limit(ret, &limits[i], host, resources, err);
        if (r < 0) {
            r = err_wrap(err, "%s", limits[i].name);
            break;
        }
    }
    if (r == 0) {
        r = add_devices(ret, host, resources, err);
        if (r < 0)
            r = err_wrap(err, "devices");
    }
    if (r < 0)
        cgroup_plan_release(ret);
    return r;
}

void cgroup_plan_release(struct cgroup_plan *plan)
{
    VEC_FOREACH (s, &plan->settings)
        free(s->value);
    free(plan->settings.v);
    device_program_release(&plan->devices);
    *plan = (struct cgroup_plan){0};
}
