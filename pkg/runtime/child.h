/* Inside the cloned child: the plan is carried out, and the child becomes the container's program. Only for runtime/.
 */
#pragma once

#include "runtime/plan.h"
#include "runtime/seccomp.h"
#include "sys/frame.h"
#include "sys/userdb.h"

/* What goes over the socket to the parent, as types of frames (sys/frame.h). */
enum child_message {
    CHILD_TERMINAL = 1, /* with the master's descriptor */
    CHILD_MAP,          /* a process in between is in its new user namespace; waits for CHILD_GO_ON */
    CHILD_BORN,         /* from the process in between: the container's, an int32_t and its pidfd */
    CHILD_HOOKS,        /* RUNTIME_HOOKS; waits for CHILD_GO_ON */
    CHILD_WAITS,        /* RUNTIME_WAITS; waits for CHILD_GO_ON, and is then done with this socket */
    CHILD_READY,        /* only execve(2) is left */
    CHILD_ERROR,        /* the child is about to end */
    CHILD_GO_ON,        /* from the parent; with the child's pid, an int32_t */
    CHILD_PID,          /* waits for CHILD_GO_ON */
    CHILD_LISTENER,     /* a path, with a filter's notification descriptor and the document for the agent that listens
                           there; waits for CHILD_GO_ON */
};

/* What is written when nothing but execve(2) is left: descriptors of a procfs, or -1. */
struct child_labels {
    int apparmor, selinux, key;
};

/* The sets that the program starts with. */
struct child_capabilities {
    uint64_t effective, permitted, inheritable;
    bool lent; /* CAP_SYS_ADMIN as well, until the filter is loaded */
};

struct child {
    const struct runtime_start *start;
    const struct plan *plan;
    const struct cgroup_join *join;      /* NULL: no cgroup */
    const struct seccomp_filter *filter; /* NULL: none, or loaded */
    bool cloned_into;                    /* clone3(2) put us into the v2 cgroup */
    bool hides;                          /* nobody without CAP_SYS_PTRACE looks into it: child_hide() */
    int sync;

    /* What was opened outside: by step, a copy of what is to be mounted, or -1; NULL: nothing was */
    int *trees;

    /* What steps leave for later ones: */
    int root;      /* O_PATH, where the container's "/" is */
    int terminal;  /* the slave, or -1 */
    int mask;      /* O_PATH, an empty directory that hides others, or -1 */
    int null;      /* O_PATH, the host's /dev/null, or -1 */
    pid_t pid;     /* ours, as the runtime sees it; known once the parent has answered */
    char *program; /* found, or NULL */
    struct userdb_user user;
    struct child_labels labels;
    struct child_capabilities capabilities;
};

/* Carries out all steps. Only comes back with an error. */
int child_run(struct child *c, struct err *err);

/* child_run(), and the end of the process with whatever error there was. */
void child_be(struct child *c) __attribute__((noreturn));

/* Tells the parent, and waits for its CHILD_GO_ON; ERR_INTERRUPTED where it is gone. */
int child_ask(struct child *c, enum child_message what, struct err *err);

/* Joining, user namespaces and what else takes a process in between: stage.c. */
int stage_join(struct child *c, bool with_user, struct err *err);
void stage_be(struct child *c) __attribute__((noreturn));

/* As fork(2), with `flags` of clone(2), into a cgroup where that can be and `cgroup_fd` is none of -1; with a pidfd of
 * the child. 0 in the child, or -errno. runtime.c. */
pid_t runtime_clone(uint64_t flags, int cgroup_fd, int *ret_pidfd, bool *ret_cloned_into);

/* The step that takes the host's binary out of reach: child_binary.c. */
int child_binary(struct child *c, const struct plan_step *s, struct err *err);

/* The steps that build the root file system: child_mount.c. */
int child_root_overlay(struct child *c, const struct plan_step *s, struct err *err);
int child_root_directory(struct child *c, const struct plan_step *s, struct err *err);
int child_root_entered(struct child *c, const struct plan_step *s, struct err *err);
int child_mount(struct child *c, const struct plan_step *s, struct err *err);
int child_bind(struct child *c, const struct plan_step *s, struct err *err);
int child_remount(struct child *c, const struct plan_step *s, struct err *err);
int child_change(struct child *c, const struct plan_step *s, struct err *err);
int child_readonly_path(struct child *c, const struct plan_step *s, struct err *err);
int child_mask_path(struct child *c, const struct plan_step *s, struct err *err);

/* Around making `path` to mount on: how much of its way is there, NULL where nobody asked, freed by the caller; and
 * then what was made, whose descriptor is `fd`. child_made.c. */
char *child_made_begin(const struct child *c, const char *path);
void child_made_end(const struct child *c, const char *before, int fd);

/* And that make it "/": child_pivot.c. */
int child_propagation(struct child *c, const struct plan_step *s, struct err *err);
int child_pivot(struct child *c, const struct plan_step *s, struct err *err);

/* Before the child is there: opens what it will mount and could not open itself. The caller releases it afterwards,
 * also in the parent: child_tree.c. */
int child_trees_open(struct child *c, struct err *err);

/* Whether a source lies in another container, "/proc/PID/root/PATH"; and a copy of what is mounted there, that is
 * mounted nowhere yet: its descriptor or -errno. */
bool child_is_foreign(const char *source);
int child_foreign_tree(const char *source, const struct plan_mount *how);
void child_trees_release(struct child *c);

/* The copy that belongs to a step, or -1. */
int child_tree(const struct child *c, const struct plan_step *s);

/* The source of a bind mount: a descriptor of O_PATH, or an error. */
int child_open_source(const struct plan_step *s, struct err *err);

/* Whether what the step mounts may be mounted on `target`: in /proc next to nothing may. `source` is that of a bind, or
 * -1. child_proc.c. */
int child_check_proc(struct child *c, int target, const struct plan_step *s, int source, struct err *err);

/* Opens a file of the container's /proc ("sys/net/ipv4/ip_forward"), which is the kernel's own for sure: nothing that
 * is mounted over it, and through no link. ERR_INVALID if it is not. */
int child_open_proc(struct child *c, const char *path, int flags, struct err *err);

/* Opens a file of our own in `proc`, the root of a procfs, for writing ("attr/exec"): crossing no mount, since it may
 * be the image's to arrange. -errno, EXDEV for what is not the kernel's own. */
int child_open_own(int proc, const char *path);

int child_oom_score(struct child *c, const struct plan_step *s, struct err *err);

/* And that fill /dev: child_device.c. */
int child_device(struct child *c, const struct plan_step *s, struct err *err);
int child_symlink(struct child *c, const struct plan_step *s, struct err *err);
int child_terminal(struct child *c, const struct plan_step *s, struct err *err);

/* And that make the process what it shall be: child_process.c. */
int child_user(struct child *c, const struct plan_step *s, struct err *err);
int child_directory(struct child *c, const struct plan_step *s, struct err *err);
int child_rlimit(struct child *c, const struct plan_step *s, struct err *err);
int child_stdio(struct child *c, const struct plan_step *s, struct err *err);
int child_keyring(struct child *c, const struct plan_step *s, struct err *err);
int child_no_new_privs(struct child *c, const struct plan_step *s, struct err *err);
int child_identity(struct child *c, const struct plan_step *s, struct err *err);
int child_workdir(struct child *c, const struct plan_step *s, struct err *err);
int child_program(struct child *c, const struct plan_step *s, struct err *err);
int child_exec(struct child *c, const struct plan_step *s, struct err *err);

/* The attributes of a process that few have: child_attributes.c. */
int child_personality(struct child *c, const struct plan_step *s, struct err *err);
int child_scheduler(struct child *c, const struct plan_step *s, struct err *err);
int child_io_priority(struct child *c, const struct plan_step *s, struct err *err);
int child_memory_policy(struct child *c, const struct plan_step *s, struct err *err);
int child_affinity(struct child *c, const struct plan_step *s, struct err *err);
int child_domainname(struct child *c, const struct plan_step *s, struct err *err);

/* Labels of security modules: lsm.c. What the step opened is written by the second, once and before descriptors are
 * closed, and by the last around the making of keys. */
int child_labels(struct child *c, const struct plan_step *s, struct err *err);
int child_labels_write(struct child *c, struct err *err);
int child_labels_key(struct child *c, bool set, struct err *err);

/* Before the process has no more rights than its program will have: others with these, as a container that shares the
 * host's processes, could trace it from then on, without its filter and with what it has open of the host's. Without
 * CAP_SYS_PTRACE the caller itself could look at it no longer: then it is left. child_capabilities.c. */
bool child_can_hide(void);
int child_hide(const struct child *c, struct err *err);

/* Capabilities: child_capabilities.c. The last gives up what was lent for the filter. */
int child_bounding(struct child *c, const struct plan_step *s, struct err *err);
int child_capabilities_set(struct child *c, struct err *err);
int child_capabilities_settle(struct child *c, struct err *err);

/* The filter of system calls: child_seccomp.c. The second loads it once, hands over its notification descriptor, and
 * gives up what was lent for that. */
int child_listener(struct child *c, const struct plan_step *s, struct err *err);
int child_filter(struct child *c, struct err *err);

/* A process stays in front of the program; only the program's comes back: child_init.c. */
int child_init(struct child *c, struct err *err);

/* Closes all descriptors but 0, 1, 2, those that are the program's, and `n` others. */
void child_close_descriptors(const struct child *c, const int *kept, size_t n);

/* And that wait for others: child_wait.c. */
int child_hooks_runtime(struct child *c, const struct plan_step *s, struct err *err);
int child_hooks_create(struct child *c, const struct plan_step *s, struct err *err);
int child_hooks_start(struct child *c, const struct plan_step *s, struct err *err);
int child_gate(struct child *c, const struct plan_step *s, struct err *err);
