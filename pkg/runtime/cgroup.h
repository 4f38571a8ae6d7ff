/* Control groups: what a container may use, and the handle on all of its processes.
 *
 * One interface for the three arrangements of hosts: v1 (a hierarchy for every controller), hybrid (v1, and a v2
 * hierarchy beside it that has few controllers or none), v2 (one hierarchy for all). A container has the same path,
 * by default /cbox/ID, in every hierarchy. What v1 and v2 do differently lies behind a small table of functions
 * (cgroup_internal.h), and what a limit is called on either side is a row of a table (cgroup_limits.c).
 *
 *     cgroup_host_detect(&host)                       what this host has; once a command
 *     cgroup_plan_make(&plan, &host, resources)       limits -> ordered writes; no I/O, testable without root
 *     cgroup_create(&cg, &host, path, &plan)          directories, limits, each read back
 *     cgroup_join_open(cg, &join)                     before clone3(2), whose .cgroup is join.clone_fd
 *       child: cgroup_join_self(&join, …)             then unshare(CLONE_NEWCGROUP), so that its root is the
 * container's cgroup_freeze(cg, true), cgroup_pids(cg, …), cgroup_update(cg, &plan) cgroup_oom_kills(cg),
 * cgroup_kill(cg), cgroup_remove(cg)
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
    CGROUP_CORE, /* no controller, but the files of v2 that belong to none ("cgroup.max.depth") */
    CGROUP_CONTROLLERS,
};

/* The name of a controller as v1 (1) or v2 (2) has it; NULL where that version has none, or no controller. */
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

/* The hierarchy that has the controller, or NULL. Devices and the freezer have no controller on v2: they are the v2
 * hierarchy's. */
const struct cgroup_hierarchy *cgroup_host_find(const struct cgroup_host *host, enum cgroup_controller c);

/* "v1", "v2", "hybrid" or "none", for `cbox info`. */
const char *cgroup_host_mode(const struct cgroup_host *host);

/* Whether swap can be limited here; where not, Docker leaves out the limit on swap that follows from one on memory. */
bool cgroup_host_limits_swap(const struct cgroup_host *host);

/* ---- the plan ---- */

/* Docker refuses to limit memory to less on its command line: most programs do not start in it. Bytes. */
enum { CGROUP_MEMORY_MIN = 6 << 20 };

/* --cpus: billionths of CPUs -> CFS quota and period in µs, as Docker has it (period 100 ms). ERR_INVALID beyond
 * 0.01 to `n_cpus` (0: any number). */
int cgroup_quota_of_cpus(int64_t nano_cpus, unsigned n_cpus, int64_t *ret_quota, int64_t *ret_period, struct err *err);

/* One write, and what reading the same file must give afterwards. */
enum cgroup_check {
    CGROUP_CHECK_SAME,    /* the same text, spaces and a final newline aside */
    CGROUP_CHECK_BYTES,   /* the number, rounded to a page by the kernel */
    CGROUP_CHECK_AT_MOST, /* a number that is not larger: rounded to pages of another size */
    CGROUP_CHECK_DEVICE,  /* one of the lines is "MAJ:MIN …" with the same key=value, or the same number */
    CGROUP_CHECK_FIRST,   /* the last word of the first line: "default 100", "oom_kill_disable 1" */
    CGROUP_CHECK_SET,     /* not empty: a list that the kernel writes in its own way */
    CGROUP_CHECK_NONE,    /* files that are only written, or written in many forms */
};

/* What is to be done where the kernel has no such file. */
enum cgroup_absent {
    CGROUP_ABSENT_REFUSED,   /* ERR_UNSUPPORTED */
    CGROUP_ABSENT_NEXT,      /* the next setting stands for it; where the file is there, that one is passed over */
    CGROUP_ABSENT_IGNORED,   /* nothing */
    CGROUP_ABSENT_IF_LIFTED, /* nothing if the value is "max", -1 or 0, which is no limit or nothing to be limited */
};

struct cgroup_setting {
    enum cgroup_controller controller;
    char *limit; /* the path of the limit in the runtime spec: "linux.resources.memory.limit" */
    char *file;  /* "memory.max" */
    char *value;
    enum cgroup_check check;
    enum cgroup_absent absent;
    const char *usage; /* a file whose number must be below the value, or nothing is written at all; or NULL */
};

struct cgroup_plan {
    VEC(struct cgroup_setting) settings; /* in the order of writing */
    struct device_program devices;       /* empty unless devices are filtered by a program (v2) */
};

struct oci_resources; /* oci/spec.h: linux.resources */

/* What has to be written on this host for `resources` (NULL: nothing). Devices are denied but for the rules given and
 * what every container may have. ERR_UNSUPPORTED names the limit and the controller or version that the host lacks,
 * ERR_INVALID a value that the kernel would refuse: nothing that was asked for is left out silently. The caller
 * releases `ret` after 0. */
int cgroup_plan_make(struct cgroup_plan *ret, const struct cgroup_host *host, const struct oci_resources *resources,
                     struct err *err);

/* The same for a container that lives: devices are left as they are. */
int cgroup_plan_make_update(struct cgroup_plan *ret, const struct cgroup_host *host,
                            const struct oci_resources *resources, struct err *err);
void cgroup_plan_release(struct cgroup_plan *plan);
#define _cleanup_cgroup_plan_ _cleanup_(cgroup_plan_release)

/* ---- a container's cgroups ---- */

struct cgroup;

/* Where a container's cgroup is: `cgroups_path` of its spec, taken from the mount point where it begins with '/', else
 * from `parent`, which is where `id` is if there is none. Cleaned lexically; ERR_INVALID for "..", and for the root.
 * The caller frees `ret`. config-linux.md, "Cgroups Path". */
int cgroup_path_of(const char *cgroups_path, const char *parent, const char *id, char **ret, struct err *err);

/* ERR_EXISTS where there is such a cgroup already, and it has processes or is frozen. Who notes down that a cgroup is a
 * container's, to be killed and removed with it, asks this first. */
int cgroup_check_unused(const struct cgroup_host *host, const char *path, struct err *err);

/* Makes `path` ("/cbox/ID": absolute, no ".." in it) in every hierarchy and carries out the plan. What there is already
 * is used as it is, as long as no process is in it and it is not frozen (else ERR_EXISTS). ERR_UNSUPPORTED in a
 * threaded part of v2. On failure nothing that this call made is left behind. Where we may not make cgroups at all (no
 * root and no delegation) an empty plan gives 0 and a cgroup in no hierarchy, and any other ERR_PERMISSION. */
int cgroup_create(struct cgroup **ret, const struct cgroup_host *host, const char *path, const struct cgroup_plan *plan,
                  struct err *err);

/* The same of a cgroup that was made for the container and has a process in it that holds the place (systemd.h). */
int cgroup_adopt(struct cgroup **ret, const struct cgroup_host *host, const char *path, const struct cgroup_plan *plan,
                 struct err *err);

/* What is there under `path`; ERR_NOT_FOUND if no hierarchy has it. */
int cgroup_open(struct cgroup **ret, const struct cgroup_host *host, const char *path, struct err *err);

/* Goes on to a cgroup below: "[CONTROLLER[,CONTROLLER...]:]PATH", in all hierarchies or in those of the controllers.
 * ERR_NOT_FOUND where there is none, ERR_PERMISSION where the path leads out. */
int cgroup_descend(struct cgroup *cg, const char *where, struct err *err);

/* Goes on to where the process `pid` is below it, if v2 lets nothing run in the cgroup itself, because it hands
 * controllers down (cgroup-v2.rst, "No Internal Process Constraint"): an init in a container does that. */
int cgroup_follow(struct cgroup *cg, pid_t pid, struct err *err);

/* Forgets it; the cgroups themselves stay. */
void cgroup_free(struct cgroup *cg);
MEM_DEFINE_CLEANUP(struct cgroup, cgroup_free);
#define _cleanup_cgroup_ _cleanup_(cgroup_free_cleanup)

/* Writes another plan's values. What the kernel refuses because of another value that is still to be written (memory
 * above memory and swap) is written again behind it. On failure some of it is written. */
int cgroup_apply(struct cgroup *cg, const struct cgroup_plan *plan, struct err *err);

/* The same for a living container: on failure every value is again what it was before; where even that fails, the
 * error says so. Takes a read more for each file. */
int cgroup_update(struct cgroup *cg, const struct cgroup_plan *plan, struct err *err);

/* Hands the v2 cgroup over to a user of the host, with the files that the kernel names for that: whoever is that user
 * may make cgroups below, and share out what this one has. What there is of v1 stays. config-linux.md, "Cgroup
 * ownership". */
int cgroup_delegate(struct cgroup *cg, uid_t uid, struct err *err);

/* The directory in the hierarchy of a controller, or NULL; owned by `cg`. */
const char *cgroup_dir(const struct cgroup *cg, enum cgroup_controller c);

/* The directory below a hierarchy's `base`, or NULL where it was left out; owned by `cg`. */
const char *cgroup_dir_below(const struct cgroup *cg, const char *base);

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

/* ---- the processes ---- */

/* Stops all processes in it and below, or lets them go on, and waits until it is so: up to ten seconds, then it lets
 * them go on again, ERR_BUSY. ERR_UNSUPPORTED without a freezer. A frozen v1 cgroup keeps its processes from being
 * killed until it is thawed; cgroup_kill() does so. */
int cgroup_freeze(struct cgroup *cg, bool frozen, struct err *err);

/* Whether it was frozen itself, not by way of a cgroup above. False without a freezer. */
int cgroup_is_frozen(const struct cgroup *cg, bool *ret, struct err *err);

typedef VEC(pid_t) cgroup_pid_list;

/* Every process in it and below, sorted, as seen from our PID namespace. The caller frees `ret->v` after 0. */
int cgroup_pids(const struct cgroup *cg, cgroup_pid_list *ret, struct err *err);

/* ---- the end ---- */

/* How many processes the kernel killed for want of memory, in it and below; 0 where there is no memory controller.
 * (`oom_kill`: the count of `oom` rises also where nothing was killed.) */
int cgroup_oom_kills(const struct cgroup *cg, uint64_t *ret, struct err *err);

/* SIGKILLs every process in it and below, including those that are being forked or are frozen. Does not wait for their
 * end. ERR_BUSY if new ones keep coming. */
int cgroup_kill(struct cgroup *cg, struct err *err);

/* Sends a signal to every process in it and below, once. */
int cgroup_signal(struct cgroup *cg, int signal, struct err *err);

/* Processes that v1 froze die of a SIGKILL when they are thawed; v2's die as they are. Thaws what v1 froze, in it and
 * below. */
void cgroup_let_die(struct cgroup *cg);

/* Removes it if that can be done at once: no process is in it, and nothing below. */
bool cgroup_try_remove(const struct cgroup *cg);

/* Removes it with what the container made below. The kernel may count a process that was waited for a moment longer:
 * tried again for up to two seconds, then ERR_BUSY. What is gone already is no error. */
int cgroup_remove(struct cgroup *cg, struct err *err);

/* The names of the cgroups in `parent` ("/cbox"), of all hierarchies, sorted, each once. The caller frees the vector.
 */
int cgroup_list(const struct cgroup_host *host, const char *parent, char ***ret, struct err *err);
