/* Control groups: one is made, looked at and removed. What it has for files is what can be limited. */
#include "doctor/internal.h"

#include "runtime/cgroup.h"

/* "/cbox/doctor-PID" in all hierarchies. */
static int make(struct cgroup_host *host, struct cgroup **ret, struct err *err)
{
    _cleanup_cgroup_plan_ struct cgroup_plan nothing = {0};
    _cleanup_free_ char *path = str_printf("/cbox/doctor-%d", (int)getpid());
    int r = cgroup_host_detect(host, err);

    return r < 0 ? r : cgroup_create(ret, host, path, &nothing, err);
}

static void unmake(struct cgroup *cg)
{
    if (cg)
        (void)cgroup_remove(cg, NULL);
}

static void say_none(doctor_findings *ret)
{
    doctor_means(doctor_say(ret, DOCTOR_WARNING, "no control groups are mounted"),
                 "containers run without limits; those that ask for some do not start, and none can be paused",
                 "mount -t cgroup2 cgroup2 /sys/fs/cgroup");
}

/* What was made for v1 is delegated to nobody but root. */
static const char to_v2[] = "add systemd.unified_cgroup_hierarchy=1 to the kernel's command line";

void doctor_cgroups(const struct doctor_host *host _unused_, doctor_findings *ret)
{
    _cleanup_cgroup_host_ struct cgroup_host cgroups = {0};
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    struct err why = ERR_INIT;
    const char *mode;

    if (make(&cgroups, &cg, &why) < 0) {
        doctor_say_error(ret, geteuid() == 0 ? DOCTOR_FAILURE : DOCTOR_WARNING, &why, "containers do not start", NULL);
        return;
    }
    mode = cgroup_host_mode(&cgroups);
    if (!cgroups.hierarchies.n) {
        say_none(ret);
    } else if (geteuid() != 0 && !cgroup_dir(cg, CGROUP_PIDS)) {
        doctor_means(doctor_say(ret, DOCTOR_WARNING, "%s: nothing is delegated to this user", mode),
                     "what cbox runtime runs has no limits, and what asks for some does not start",
                     str_eq(mode, "v2") ? "systemd-run --user --scope -p Delegate=yes cbox system doctor" : to_v2);
    } else if (str_eq(mode, "hybrid") || str_eq(mode, "v1")) {
        doctor_means(doctor_say(ret, DOCTOR_NOTE, "%s: one was made", mode),
                     "all that cbox limits works; pressure and cgroup.kill are of v2 alone", to_v2);
    } else {
        doctor_say(ret, DOCTOR_OK, "%s: one was made", mode);
    }
    unmake(cg);
}

/* ---- limits ---- */

/* Files of which one is there, of either version. */
static const struct {
    const char *what;
    enum cgroup_controller controller;
    const char *files[5];
    enum doctor_verdict missing;
    const char *remedy;
} limits[] = {
    {"--memory",
     CGROUP_MEMORY,
     {"memory.max", "memory.limit_in_bytes"},
     DOCTOR_WARNING,
     "add cgroup_enable=memory to the kernel's command line"},
    {"--memory-swap",
     CGROUP_MEMORY,
     {"memory.swap.max", "memory.memsw.limit_in_bytes"},
     DOCTOR_NOTE,
     "add swapaccount=1 to the kernel's command line"},
    {"--cpus", CGROUP_CPU, {"cpu.max", "cpu.cfs_quota_us"}, DOCTOR_WARNING, NULL},
    {"--cpu-shares", CGROUP_CPU, {"cpu.weight", "cpu.shares"}, DOCTOR_WARNING, NULL},
    {"--cpuset-cpus", CGROUP_CPUSET, {"cpuset.cpus"}, DOCTOR_WARNING, NULL},
    {"--pids-limit", CGROUP_PIDS, {"pids.max"}, DOCTOR_WARNING, NULL},
    {"--blkio-weight",
     CGROUP_IO,
     {"io.weight", "io.bfq.weight", "blkio.weight", "blkio.bfq.weight"},
     DOCTOR_NOTE,
     "modprobe bfq"},
    {"--device-read-bps", CGROUP_IO, {"io.max", "blkio.throttle.read_bps_device"}, DOCTOR_NOTE, NULL},
    {"cbox pause", CGROUP_FREEZER, {"cgroup.freeze", "freezer.state"}, DOCTOR_WARNING, NULL},
};

static bool has_one(const char *dir, const char *const *files)
{
    for (; dir && *files; files++) {
        _cleanup_free_ char *path = str_printf("%s/%s", dir, *files);

        if (access(path, F_OK) == 0)
            return true;
    }
    return false;
}

void doctor_limits(const struct doctor_host *host _unused_, doctor_findings *ret)
{
    _cleanup_cgroup_host_ struct cgroup_host cgroups = {0};
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    struct err why = ERR_INIT;
    size_t before = ret->n;

    if (make(&cgroups, &cg, &why) < 0) {
        doctor_say_error(ret, DOCTOR_NOTE, &why, "not looked at: no control group can be made", NULL);
        return;
    }
    if (!cgroup_dir(cg, CGROUP_PIDS) && !cgroup_dir(cg, CGROUP_FREEZER)) {
        doctor_means(doctor_say(ret, DOCTOR_NOTE, "not looked at: there is no control group of ours"),
                     "no container has limits, and those that ask for some do not start", "cbox system doctor cgroups");
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
        if (!has_one(cgroup_dir(cg, limits[i].controller), limits[i].files)) {
            struct doctor_finding *f = doctor_say(ret, limits[i].missing, "%s is nothing that this host can do: no %s",
                                                  limits[i].what, limits[i].files[0]);

            doctor_means(f, "a container that asks for it does not start", limits[i].remedy);
        }
    if (ret->n == before)
        doctor_say(ret, DOCTOR_OK, "memory, swap, CPU, processes and I/O can be limited, and containers paused");
    unmake(cg);
}
