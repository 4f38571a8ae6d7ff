/* How a plan is made of linux.resources; for the files that make it, and systemd's, which is told of it. */
#pragma once

#include "oci/spec.h"
#include "runtime/cgroup_internal.h"

/* The text to write for one version of cgroups; NULL: nothing. */
typedef char *(*cgroup_value_fn)(const struct oci_resources *r, int64_t n);

/* Refuses what the kernel would refuse with "Invalid argument", or take as something else. */
typedef int (*cgroup_check_fn)(const struct oci_resources *r, int64_t n, struct err *err);

enum cgroup_limit_kind {
    LIMIT_NUMBER, /* int64_t; 0: not given */
    LIMIT_MAYBE,  /* int64_t *; NULL: not given */
    LIMIT_FLAG,   /* bool; false: not given, true: the number 1 */
    LIMIT_TEXT,   /* char *; empty: not given */
};

/* What a limit is called in one version. */
struct cgroup_side {
    const char *file;      /* NULL: that version cannot */
    cgroup_value_fn value; /* of numbers; NULL: the number itself */
    enum cgroup_check check;
    enum cgroup_absent absent;
    const char *usage; /* struct cgroup_setting */
    bool always;       /* with no file: this version does so anyway */
};

/* A row for every limit that is one value. */
struct cgroup_limit {
    const char *name; /* below linux.resources */
    enum cgroup_controller controller;
    enum cgroup_limit_kind kind;
    size_t offset;         /* in struct oci_resources */
    cgroup_check_fn check; /* or NULL */
    struct cgroup_side v1, v2;
    struct cgroup_side v1_else, v2_else; /* where the first one's file is absent (CGROUP_ABSENT_NEXT) */
};

extern const struct cgroup_limit cgroup_limits[];
extern const size_t cgroup_n_limits;

/* What the limits that are lists have in common with the rest. */
struct cgroup_plan_maker {
    struct cgroup_plan *plan;
    const struct cgroup_host *host;
    const struct oci_resources *r;
};

/* What a limit's name stands behind. */
#define CGROUP_LIMIT_PATH "linux.resources."

/* Appends a setting; `value` becomes the plan's. */
struct cgroup_setting *cgroup_plan_add(struct cgroup_plan *plan, enum cgroup_controller c, const char *limit,
                                       const char *file, char *value);

/* The hierarchy of the controller; ERR_UNSUPPORTED where there is none. */
int cgroup_plan_find(const struct cgroup_host *host, enum cgroup_controller c, const struct cgroup_hierarchy **ret,
                     struct err *err);

/* blockIO's devices, hugepageLimits, network.priorities, rdma, unified. Errors name the limit. */
int cgroup_plan_lists(struct cgroup_plan_maker *m, struct err *err);

/* devices, behind a rule that denies all, and what every container may have. */
int cgroup_plan_devices(struct cgroup_plan_maker *m, struct err *err);

/* ERR_INVALID unless `n` is in the range. */
int cgroup_check_range(int64_t n, int64_t min, int64_t max, struct err *err);

/* CPU shares, 2 to 262144, as cpu.weight has them, 1 to 10000. */
int64_t cgroup_cpu_weight(int64_t shares);

/* A weight of block I/O, 10 to 1000, as io.weight has it, 1 to 10000: a straight line, on which runtimes agree. */
int64_t cgroup_io_weight(int64_t weight);
