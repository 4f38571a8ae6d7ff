/* Shared by the files of the runtime that read and write cgroups, and their tests; not for use elsewhere. */
#pragma once

#include "runtime/cgroup.h"

struct cgroup_driver;

/* A container's cgroup in one hierarchy. */
struct cgroup_member {
    int version;
    unsigned controllers;
    char *dir; /* full path */
    int fd;    /* of it, O_PATH */
    /* How much of `dir` was there before: the length of the path; all of it where it was not made here. */
    size_t existed;
    const struct cgroup_driver *driver;
};

struct cgroup {
    char *path;
    VEC(struct cgroup_member) members;
};

/* Beside enum err_kind, within cgroup_apply.c: the kernel may take the value when others are written. */
enum { CGROUP_TRY_LATER = 1 };

/* What v1 and v2 do differently. */
struct cgroup_driver {
    /* A directory was just made, the container's own or one on the way to it: makes it fit for processes. 0 or -errno.
     */
    int (*init_dir)(unsigned controllers, const char *dir);

    /* For one on the way that did not exist: what is made in it is fit from the first. */
    void (*init_parent)(unsigned controllers, const char *dir);

    /* The container's own directory `dir` below `h->base` exists: makes sure that it has the controllers `needed`, and
     * those for accounting where that is possible. */
    int (*enable)(const struct cgroup_hierarchy *h, const char *dir, unsigned needed, struct err *err);

    /* Adds to `join` what joining this one takes. */
    int (*open_join)(const struct cgroup_member *m, struct cgroup_join *join, struct err *err);

    /* The file of the memory controller with a line "oom_kill N". */
    const char *oom_file;

    /* Sends SIGKILL to all at once. Without such a way ERR_UNSUPPORTED, with no text: the caller freezes and loops. */
    int (*kill)(const struct cgroup_member *m, struct err *err);

    /* Stops all processes, or lets them go on, as far as the hierarchy can; does not wait. 0 or -errno; -ENOENT without
     * a freezer. */
    int (*freeze)(const struct cgroup_member *m, bool frozen);

    /* Whether all are stopped by now. 1, 0 or -errno. */
    int (*frozen)(const struct cgroup_member *m);

    /* Whether it was told to stop, itself and not a cgroup above. 1, 0 or -errno. */
    int (*told_to_freeze)(const struct cgroup_member *m);
};

extern const struct cgroup_driver cgroup_driver_v1, cgroup_driver_v2;

static inline const struct cgroup_driver *cgroup_driver_of(int version)
{
    return version == 1 ? &cgroup_driver_v1 : &cgroup_driver_v2;
}

/* The member in the hierarchy of a controller, or NULL. Devices are the v2 member's where no v1 hierarchy has them. */
struct cgroup_member *cgroup_member_find(const struct cgroup *cg, enum cgroup_controller c);

/* /proc/PID/cgroup -> hierarchies without `base`; v2 without controllers. */
int cgroup_host_parse(struct cgroup_host *ret, const char *text, struct err *err);

/* Where mountinfo says that the hierarchy is mounted (preferably its root), or NULL. The caller frees it. */
char *cgroup_mountinfo_find(const char *mountinfo, const struct cgroup_hierarchy *h);

/* "cpu io memory" (v2, separated by blanks) or "cpu,cpuacct" (v1) -> bits; names that are not known are passed over. */
unsigned cgroup_controllers_parse(const char *names, int version);

/* Between two tries, longer each time. */
struct cgroup_patience {
    int64_t until, step; /* ns */
};

struct cgroup_patience cgroup_patience_of(int64_t ms);
/* Waits a little; false when the time is up. */
bool cgroup_patience_wait(struct cgroup_patience *p);

/* Calls `fn` for `dir` and everything below, the deepest first, and however deep: cgroup_tree.c. 0 or the last -errno.
 */
int cgroup_for_tree(const char *dir, int (*fn)(int dirfd, void *arg), void *arg);

/* Reads a file of a cgroup, which the kernel keeps short, into an unlimited buffer; 0 or -errno. */
int cgroup_read(int dirfd, const char *file, struct buf *out);

/* The number behind `key` and a blank, at the start of a line of `text`; 0 if there is none. */
uint64_t cgroup_keyed_number(const char *text, const char *key);

/* Appends the processes in one cgroup, none of those below: 0 or -errno. Those that have no number here, since they are
 * in a PID namespace that is not below ours, are left out. */
int cgroup_read_pids(int dirfd, cgroup_pid_list *out);

/* Whether a process is in the cgroup or below. What cannot be read has none: removing it will tell. */
bool cgroup_tree_lives(const char *dir);

/* rmdir(2) of a cgroup and everything below it, once; 0 or -errno. */
int cgroup_rmdir_tree(const char *dir);

/* cgroup_kill() on kernels without cgroup.kill: freezes, signals process by process, thaws, until none is left. */
int cgroup_kill_by_list(struct cgroup *cg, struct err *err);
