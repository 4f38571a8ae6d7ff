/* Control groups: what a container may use, and the handle on all of its processes.
 *
 * One interface for the three arrangements of hosts: v1 (a hierarchy for every controller), hybrid (v1, and a v2
 * hierarchy beside it that has few controllers or none), v2 (one hierarchy for all). A container has the same path,
 * by default /cbox/ID, in every hierarchy. What v1 and v2 do differently lies behind a small table of functions
 * (cgroup_driver.h), and what a limit is called on either side is a row of a table (cgroup_plan.c).
 *
 *     cgroup_host_detect(&host)                       what this host has; once a command
 *     cgroup_plan_make(&plan, &host, resources)       limits -> ordered writes; no I/O, testable without root
 *     cgroup_create(&cg, &host, path, &plan)          directories, limits, each read back
 *     cgroup_join_open(cg, &join)                     before clone3(2), whose .cgroup is join.clone_fd
 *       child: cgroup_join_self(&join, …)             then unshare(CLONE_NEWCGROUP), so that its root is the
 * container's cgroup_oom_kills(cg), cgroup_kill(cg), cgroup_remove(cg)
 *
 * Crashes: a cgroup outlives whoever made it. Its path follows from the container's id, so cgroup_list(), cgroup_open()
 * and cgroup_remove() are all that reconciliation needs. The parent (/cbox) is left in place, as Docker leaves its own.
 *
 * Documentation/admin-guide/cgroup-v1/, cgroup-v2.rst; OCI runtime specification, config-linux.md, "Control groups".
 */
#pragma once

#include "base/buf.h"
#include "base/vec.h"
#include "runtime/device_filter.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum cgroup_controller {
    CGROUP_CPU,
    CGROUP_CPUACCT,
    CGROUP_CPUSET,
    CGROUP_MEMORY,
    CGROUP_PIDS,
    CGROUP_IO, /* v1: blkio */
    CGROUP_DEVICES,
    CGROUP_FREEZER,
    CGROUP_HUGETLB,
    CGROUP_NET_CLS,
    CGROUP_NET_PRIO,
    CGROUP_PERF_EVENT,
    CGROUP_RDMA,
    CGROUP_MISC,
    CGROUP_CONTROLLERS,
};

/* The name of a controller as v1 (1) or v2 (2) has it; NULL where that version has none. */
const char *cgroup_controller_name(enum cgroup_controller c, int version);

/* ---- the host ---- */

struct cgroup_hierarchy {
    int version;          /* 1 or 2 */
    unsigned controllers; /* bits 1 << enum cgroup_controller; 0 for systemd's named hierarchy and many a hybrid v2 */
    char *names;          /* as /proc/self/cgroup has them: "memory", "cpu,cpuacct", "name=systemd", "" for v2 */
    char *self;           /* our own cgroup in it: "/" or "/user.slice/…" */
    char *base;           /* the directory below which containers' paths begin; the mount point, but for delegation */
};

/* Plain data: everything that the functions below know of the host. */
struct cgroup_host {
    VEC(struct cgroup_hierarchy) hierarchies;
    bool delegated; /* not root: `base` of the v2 hierarchy is the highest cgroup above our own that we may write to */
};

/* Finds the mounted hierarchies: statfs(2) of /sys/fs/cgroup, /proc/self/cgroup, and the usual places; mountinfo is
 * read only where a hierarchy is not at its usual place. A host without any gives 0 and no hierarchies: a container
 * without limits runs there. Costs about 0.1 ms. The caller releases `ret` after 0. */
int cgroup_host_detect(struct cgroup_host *ret, struct err *err);
void cgroup_host_release(struct cgroup_host *host);
#define _cleanup_cgroup_host_ _cleanup_(cgroup_host_release)

/* The hierarchy that has the controller, or NULL. Devices have no controller on v2: they are the v2 hierarchy's. */
const struct cgroup_hierarchy *cgroup_host_find(const struct cgroup_host *host, enum cgroup_controller c);

/* "v1", "v2", "hybrid" or "none", for `cbox info`. */
const char *cgroup_host_mode(const struct cgroup_host *host);

/* Whether swap can be limited here; where not, Docker leaves out the limit on swap that follows from one on memory. */
bool cgroup_host_limits_swap(const struct cgroup_host *host);

/* ---- the plan ---- */

/* Docker refuses to limit memory to less: a container does not start in it. Bytes. */
enum { CGROUP_MEMORY_MIN = 6 << 20 };

/* --cpus: billionths of CPUs -> CFS quota and period in µs, as Docker has it (period 100 ms). ERR_INVALID beyond
 * 0.01 to `n_cpus` (0: any number). */
int cgroup_quota_of_cpus(int64_t nano_cpus, unsigned n_cpus, int64_t *ret_quota, int64_t *ret_period, struct err *err);

/* One write, and what reading the same file must give afterwards. */
enum cgroup_check {
    CGROUP_CHECK_SAME,   /* the same text, spaces and a final newline aside */
    CGROUP_CHECK_BYTES,  /* the number, rounded to a page by the kernel */
    CGROUP_CHECK_DEVICE, /* one of the lines is "MAJ:MIN …" with the same key=value, or the same number */
    CGROUP_CHECK_SET,    /* not empty: a list that the kernel writes in its own way */
    CGROUP_CHECK_NONE,   /* files that are only written */
};

struct cgroup_setting {
    enum cgroup_controller controller;
    const char *limit; /* the name of the limit in the runtime spec, below linux.resources: "memory.limit" */
    const char *file;  /* "memory.max" */
    char *value;
    enum cgroup_check check;
};

struct cgroup_plan {
    VEC(struct cgroup_setting) settings; /* in the order of writing */
    struct device_program devices;       /* empty unless devices are filtered by a program (v2) */
};

struct oci_resources; /* oci/spec.h: linux.resources */

/* What has to be written on this host for `resources` (NULL: nothing). ERR_UNSUPPORTED names the limit and the
 * controller or version that the host lacks, ERR_INVALID a value that the kernel would refuse: nothing that was asked
 * for is left out silently. The caller releases `ret` after 0. */
int cgroup_plan_make(struct cgroup_plan *ret, const struct cgroup_host *host, const struct oci_resources *resources,
                     struct err *err);
void cgroup_plan_release(struct cgroup_plan *plan);
#define _cleanup_cgroup_plan_ _cleanup_(cgroup_plan_release)

/* ---- a container's cgroups ---- */

struct cgroup;

/* Makes `path` ("/cbox/ID": absolute, no ".." in it) in every hierarchy and carries out the plan. What there is already
 * is taken over as long as no process is in it (else ERR_EXISTS). On failure nothing that this call made is left
 * behind. Where we may not make cgroups at all (no root and no delegation) an empty plan gives 0 and a cgroup in no
 * hierarchy, and any other ERR_PERMISSION. */
int cgroup_create(struct cgroup **ret, const struct cgroup_host *host, const char *path, const struct cgroup_plan *plan,
                  struct err *err);

/* What is there under `path`; ERR_NOT_FOUND if no hierarchy has it. */
int cgroup_open(struct cgroup **ret, const struct cgroup_host *host, const char *path, struct err *err);

/* Forgets it; the cgroups themselves stay. */
void cgroup_free(struct cgroup *cg);
MEM_DEFINE_CLEANUP(struct cgroup, cgroup_free);
#define _cleanup_cgroup_ _cleanup_(cgroup_free_cleanup)

/* Writes another plan's values (exec, update). */
int cgroup_apply(struct cgroup *cg, const struct cgroup_plan *plan, struct err *err);

/* The directory in the hierarchy of a controller, or NULL; owned by `cg`. */
const char *cgroup_dir(const struct cgroup *cg, enum cgroup_controller c);

/* ---- joining ---- */

enum { CGROUP_JOIN_MAX = 24 };

struct cgroup_join {
    int clone_fd;               /* for clone3(2) with CLONE_INTO_CGROUP: the v2 directory, or -1 */
    int procs_fd;               /* v2 for a child that was not cloned into it, or -1 */
    int tasks[CGROUP_JOIN_MAX]; /* v1 */
    size_t n_tasks;
};

#define CGROUP_JOIN_INIT ((struct cgroup_join){.clone_fd = -1, .procs_fd = -1})

/* Opens what joining takes, close-on-exec. The caller releases `ret` after 0. */
int cgroup_join_open(const struct cgroup *cg, struct cgroup_join *ret, struct err *err);
void cgroup_join_release(struct cgroup_join *join);
#define _cleanup_cgroup_join_ _cleanup_(cgroup_join_release)

/* Moves the calling process, which must have a single thread: it writes "0" to every `tasks`, which unlike
 * `cgroup.procs` waits for no grace period. `cloned_into`: clone3 has put it into the v2 cgroup already. Only system
 * calls, no allocation: for a freshly cloned child. 0 or -errno. */
int cgroup_join_self(const struct cgroup_join *join, bool cloned_into);

/* ---- the end ---- */

/* How many processes the kernel killed for want of memory, in it and below; 0 where there is no memory controller.
 * (`oom_kill`: the count of `oom` rises also where nothing was killed.) */
int cgroup_oom_kills(const struct cgroup *cg, uint64_t *ret, struct err *err);

/* SIGKILLs every process in it and below, including those that are being forked. Does not wait for their end.
 * ERR_BUSY if new ones keep coming. */
int cgroup_kill(struct cgroup *cg, struct err *err);

/* Sends a signal to every process in it and below, once. */
int cgroup_signal(struct cgroup *cg, int signal, struct err *err);

/* Removes it with what the container made below. The kernel may count a process that was waited for a moment longer:
 * tried again for up to two seconds, then ERR_BUSY. What is gone already is no error. */
int cgroup_remove(struct cgroup *cg, struct err *err);

/* The names of the cgroups in `parent` ("/cbox"), of all hierarchies, sorted, each once. The caller frees the vector.
 */
int cgroup_list(const struct cgroup_host *host, const char *parent, char ***ret, struct err *err);
