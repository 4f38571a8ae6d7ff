/* The limits that are one value: what they are called in either version, in the order in which they are written. */
#include "runtime/cgroup_plan.h"

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
    WEIGHT_MIN = 10,
    WEIGHT_MAX = 1000,
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
int64_t cgroup_cpu_weight(int64_t shares)
{
    static const int weights[] = {1, 2, 3, 5, 8, 12, 21, 35, 59, 100, 174, 303, 532, 942, 1681, 3023, 5478, 10000};
    unsigned exponent = 1;
    int64_t low;

    while (exponent < 17 && (int64_t)2 << exponent <= shares)
        exponent++;
    low = (int64_t)1 << exponent;
    return weights[exponent - 1] + (weights[exponent] - weights[exponent - 1]) * (shares - low) / low;
}

static char *value_weight(_unused_ const struct oci_resources *r, int64_t shares)
{
    return str_printf("%" PRId64, cgroup_cpu_weight(shares));
}

/* The container's first process is one: with none allowed it could not be there. It cannot fork either way. */
static char *value_pids(const struct oci_resources *r, int64_t n)
{
    return value_max(r, n == 0 ? 1 : n);
}

int64_t cgroup_io_weight(int64_t weight)
{
    return 1 + (weight - WEIGHT_MIN) * 9999 / (WEIGHT_MAX - WEIGHT_MIN);
}

static char *value_io_weight(_unused_ const struct oci_resources *r, int64_t n)
{
    return str_printf("%" PRId64, cgroup_io_weight(n));
}

/* ---- checks ---- */

int cgroup_check_range(int64_t n, int64_t min, int64_t max, struct err *err)
{
    if (n < min || n > max)
        return err_set(err, ERR_INVALID, "%" PRId64 " is not from %" PRId64 " to %" PRId64, n, min, max);
    return 0;
}

/* -1 stands for no limit. */
static int check_bytes(_unused_ const struct oci_resources *r, int64_t n, struct err *err)
{
    if (n < -1)
        return err_set(err, ERR_INVALID, "%" PRId64 " is neither a number of bytes nor -1", n);
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
    return check_bytes(r, n, err);
}

static int check_swappiness(_unused_ const struct oci_resources *r, int64_t n, struct err *err)
{
    return cgroup_check_range(n, 0, 100, err);
}

static int check_shares(_unused_ const struct oci_resources *r, int64_t n, struct err *err)
{
    return cgroup_check_range(n, SHARES_MIN, SHARES_MAX, err);
}

static int check_period(_unused_ const struct oci_resources *r, int64_t n, struct err *err)
{
    return cgroup_check_range(n, PERIOD_MIN, PERIOD_MAX, err);
}

static int check_quota(_unused_ const struct oci_resources *r, int64_t n, struct err *err)
{
    return n < 0 ? 0 : cgroup_check_range(n, QUOTA_MIN, INT64_MAX / 1000, err);
}

static int check_burst(const struct oci_resources *r, int64_t n, struct err *err)
{
    if (r->cpu.quota > 0 && n > r->cpu.quota)
        return err_set(err, ERR_INVALID, "%" PRId64 " µs are more than the quota of %" PRId64, n, r->cpu.quota);
    return cgroup_check_range(n, 0, INT64_MAX / 1000, err);
}

static int check_realtime(_unused_ const struct oci_resources *r, int64_t n, struct err *err)
{
    return cgroup_check_range(n, -1, INT64_MAX / 1000, err);
}

static int check_idle(_unused_ const struct oci_resources *r, int64_t n, struct err *err)
{
    return cgroup_check_range(n, 0, 1, err);
}

static int check_pids(_unused_ const struct oci_resources *r, int64_t n, struct err *err)
{
    return n < 0 ? 0 : cgroup_check_range(n, 0, PIDS_MAX, err);
}

static int check_weight(_unused_ const struct oci_resources *r, int64_t n, struct err *err)
{
    return cgroup_check_range(n, WEIGHT_MIN, WEIGHT_MAX, err);
}

static int check_class(_unused_ const struct oci_resources *r, int64_t n, struct err *err)
{
    return cgroup_check_range(n, 0, UINT32_MAX, err);
}

/* ---- the table ---- */

#define AT(member) offsetof(struct oci_resources, member)

/* The order is of no account where the kernel wants one (memory and swap, quota and burst, weight and idle): what it
 * refuses at first is written again behind the others (cgroup_apply.c). */
const struct cgroup_limit cgroup_limits[] = {
    {"memory.limit", CGROUP_MEMORY, LIMIT_NUMBER, AT(memory.limit), check_bytes,
     .v1 = {"memory.limit_in_bytes", NULL, CGROUP_CHECK_BYTES},
     .v2 = {"memory.max", value_max, CGROUP_CHECK_BYTES, .usage = "memory.current"}},
    {"memory.reservation", CGROUP_MEMORY, LIMIT_NUMBER, AT(memory.reservation), check_bytes,
     .v1 = {"memory.soft_limit_in_bytes", NULL, CGROUP_CHECK_BYTES},
     .v2 = {"memory.low", value_max, CGROUP_CHECK_BYTES}},
    {"memory.swap", CGROUP_MEMORY, LIMIT_NUMBER, AT(memory.swap), check_swap,
     .v1 = {"memory.memsw.limit_in_bytes", NULL, CGROUP_CHECK_BYTES, CGROUP_ABSENT_IF_LIFTED},
     .v2 = {"memory.swap.max", value_swap_v2, CGROUP_CHECK_BYTES, CGROUP_ABSENT_IF_LIFTED, "memory.swap.current"}},
    /* Kernels since 5.4 take it and heed it no more, and some have no such file. */
    {"memory.kernel", CGROUP_MEMORY, LIMIT_NUMBER, AT(memory.kernel), check_bytes,
     .v1 = {"memory.kmem.limit_in_bytes", NULL, CGROUP_CHECK_NONE, CGROUP_ABSENT_IGNORED}},
    {"memory.kernelTCP", CGROUP_MEMORY, LIMIT_NUMBER, AT(memory.kernel_tcp), check_bytes,
     .v1 = {"memory.kmem.tcp.limit_in_bytes", NULL, CGROUP_CHECK_NONE, CGROUP_ABSENT_IGNORED}},
    {"memory.swappiness", CGROUP_MEMORY, LIMIT_MAYBE, AT(memory.swappiness), check_swappiness,
     .v1 = {"memory.swappiness"}},
    {"memory.disableOOMKiller", CGROUP_MEMORY, LIMIT_FLAG, AT(memory.disable_oom_killer), NULL,
     .v1 = {"memory.oom_control", NULL, CGROUP_CHECK_FIRST}},
    {"memory.useHierarchy", CGROUP_MEMORY, LIMIT_FLAG, AT(memory.use_hierarchy), NULL,
     .v1 = {"memory.use_hierarchy", NULL, CGROUP_CHECK_SAME, CGROUP_ABSENT_IGNORED}, .v2 = {.always = true}},
    {"cpu.shares", CGROUP_CPU, LIMIT_NUMBER, AT(cpu.shares), check_shares, .v1 = {"cpu.shares"},
     .v2 = {"cpu.weight", value_weight}},
    {"cpu.period", CGROUP_CPU, LIMIT_NUMBER, AT(cpu.period), check_period, .v1 = {"cpu.cfs_period_us"},
     .v2 = {"cpu.max", value_period_v2}},
    {"cpu.quota", CGROUP_CPU, LIMIT_NUMBER, AT(cpu.quota), check_quota, .v1 = {"cpu.cfs_quota_us"},
     .v2 = {"cpu.max", value_cpu_max}},
    {"cpu.burst", CGROUP_CPU, LIMIT_MAYBE, AT(cpu.burst), check_burst,
     .v1 = {"cpu.cfs_burst_us", NULL, CGROUP_CHECK_SAME, CGROUP_ABSENT_IF_LIFTED},
     .v2 = {"cpu.max.burst", NULL, CGROUP_CHECK_SAME, CGROUP_ABSENT_IF_LIFTED}},
    {"cpu.realtimePeriod", CGROUP_CPU, LIMIT_NUMBER, AT(cpu.realtime_period), check_realtime,
     .v1 = {"cpu.rt_period_us"}},
    {"cpu.realtimeRuntime", CGROUP_CPU, LIMIT_NUMBER, AT(cpu.realtime_runtime), check_realtime,
     .v1 = {"cpu.rt_runtime_us"}},
    {"cpu.idle", CGROUP_CPU, LIMIT_MAYBE, AT(cpu.idle), check_idle,
     .v1 = {"cpu.idle", NULL, CGROUP_CHECK_SAME, CGROUP_ABSENT_IF_LIFTED},
     .v2 = {"cpu.idle", NULL, CGROUP_CHECK_SAME, CGROUP_ABSENT_IF_LIFTED}},
    {"cpu.cpus", CGROUP_CPUSET, LIMIT_TEXT, AT(cpu.cpus), NULL, .v1 = {"cpuset.cpus", NULL, CGROUP_CHECK_SET},
     .v2 = {"cpuset.cpus", NULL, CGROUP_CHECK_SET}},
    {"cpu.mems", CGROUP_CPUSET, LIMIT_TEXT, AT(cpu.mems), NULL, .v1 = {"cpuset.mems", NULL, CGROUP_CHECK_SET},
     .v2 = {"cpuset.mems", NULL, CGROUP_CHECK_SET}},
    {"pids.limit", CGROUP_PIDS, LIMIT_MAYBE, AT(pids.limit), check_pids, .v1 = {"pids.max", value_pids},
     .v2 = {"pids.max", value_pids}},
    {"blockIO.weight", CGROUP_IO, LIMIT_NUMBER, AT(block_io.weight), check_weight,
     .v1 = {"blkio.weight", NULL, CGROUP_CHECK_SAME, CGROUP_ABSENT_NEXT}, .v1_else = {"blkio.bfq.weight"},
     .v2 = {"io.bfq.weight", NULL, CGROUP_CHECK_FIRST, CGROUP_ABSENT_NEXT},
     .v2_else = {"io.weight", value_io_weight, CGROUP_CHECK_FIRST}},
    {"blockIO.leafWeight", CGROUP_IO, LIMIT_NUMBER, AT(block_io.leaf_weight), check_weight,
     .v1 = {"blkio.leaf_weight"}},
    {"network.classID", CGROUP_NET_CLS, LIMIT_MAYBE, AT(network.class_id), check_class, .v1 = {"net_cls.classid"}},
};

const size_t cgroup_n_limits = ARRAY_SIZE(cgroup_limits);
