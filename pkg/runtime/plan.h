/* The plan of a container: a specification compiled into the steps that a child will carry out, in their order. Plain
 * data: what will be mounted, masked and set can be looked at without privileges.
 *
 * Order, and why: the host's binary goes out of reach before anything of the image is looked at. Then the cgroup, so
 * that what setting up costs is the container's, and its namespace next, whose root is then the container's cgroup. The
 * root, the mounts in the order of the spec, devices and the terminal; then what makes paths read-only or hides them,
 * on top of everything mounted; then the root becomes "/". Names, limits, identity and the program come last,
 * privileges going away in the order in which they are no longer needed. The working directory is made while the root
 * can be written to, but entered where everything lies as the program will see it: a descriptor from before would lead
 * below the mounts that hide and protect. It is entered with root's rights, as in Docker. The filter of system calls is
 * no step: it is loaded by the first that executes a program of the container (child_seccomp.c).
 */
#pragma once

#include "oci/spec.h"
#include "runtime/cgroup.h"
#include "runtime/runtime.h"

#include <stdbool.h>
#include <sys/types.h>

enum plan_op {
    PLAN_BINARY,       /* /proc/self/exe no longer leads to the host's cbox */
    PLAN_CGROUP,       /* joins the cgroup, then unshares its namespace (`flag`) */
    PLAN_OOM_SCORE,    /* `number` */
    PLAN_AFFINITY,     /* to the processors of the list `source` */
    PLAN_LISTENER,     /* asks for what the agent of a filter will be told */
    PLAN_LABELS,       /* opens where labels of security modules are written */
    PLAN_PROPAGATION,  /* of `target`, and if `flag` of all below; that which has `source` is made private if shared */
    PLAN_ROOT_OVERLAY, /* the layers, mounted on `target`, a path of the host */
    PLAN_ROOT_DIRECTORY, /* `target` of the host, mounted on itself */
    PLAN_ROOT_ENTERED,   /* the root of the mount namespace that was joined */
    PLAN_MOUNT,          /* a file system of `type`; `flag`: `target` must not be a symbolic link */
    PLAN_BIND,           /* `source`, a path of the host */
    PLAN_REMOUNT,        /* options of the file system that is mounted at `target` */
    PLAN_CHANGE,         /* attributes and propagation of the mount at `target` */
    PLAN_DEVICE,         /* a node: `mode` with its type, `device`, `uid`, `gid`; the same that exists is left alone */
    PLAN_SYMLINK,        /* `target` -> `source`; what exists is left alone */
    PLAN_TERMINAL,       /* a pseudo-terminal from the container's devpts, also as `target` */
    PLAN_USER,           /* looks up who runs the program and where that user's home is */
    PLAN_DIRECTORY,      /* the working directory is made if it is missing */
    PLAN_SYSCTL,         /* `source` is written to `target`, a file of the container's /proc/sys */
    PLAN_READONLY_PATH,  /* `target` becomes a read-only mount of itself; missing is no failure */
    PLAN_MASK_PATH,      /* `target` is covered by something empty; missing is no failure */
    PLAN_HOOKS_RUNTIME,  /* prestart and createRuntime, by the parent */
    PLAN_HOOKS_CREATE,   /* createContainer, by the child, with the host's files still in sight */
    PLAN_PIVOT,          /* the root becomes "/", everything else goes out of sight */
    PLAN_HOSTNAME,       /* `source` */
    PLAN_DOMAINNAME,     /* `source` */
    PLAN_LOOPBACK,       /* the interface lo goes up */
    PLAN_RLIMIT,         /* `number`, `soft`, `hard`; `flag`: only where the inherited one has no end */
    PLAN_STDIO,          /* descriptors 0, 1, 2, or the terminal as the controlling one */
    PLAN_KEYRING,        /* a session keyring of its own */
    PLAN_PERSONALITY,    /* `number` */
    PLAN_MEMORY_POLICY,  /* of the spec, as the next two */
    PLAN_SCHEDULER,
    PLAN_IO_PRIORITY,
    PLAN_NO_NEW_PRIVS,
    PLAN_BOUNDING,    /* capabilities that no program can get back: `number` is the mask of those that stay */
    PLAN_WORKDIR,     /* into `target` */
    PLAN_IDENTITY,    /* groups, group, user, capabilities (of the spec) */
    PLAN_PROGRAM,     /* it is looked for: what is not there is no container */
    PLAN_GATE,        /* waits to be started */
    PLAN_HOOKS_START, /* startContainer, by the child */
    PLAN_EXEC,
};

struct plan_mount {
    char **data;                     /* options of the file system */
    unsigned long flags;             /* MS_* of the file system: MS_SYNCHRONOUS and others; of no account to a bind */
    uint64_t set, clear;             /* MOUNT_ATTR_* of the mount, mount_setattr(2) */
    uint64_t set_below, clear_below; /* and of it with all that is mounted below */
    unsigned long propagation;       /* MS_PRIVATE, MS_SLAVE, MS_SHARED, MS_UNBINDABLE, or 0: as it is */
    bool recursive;                  /* bind: with what is mounted below */
    bool propagate_recursive;
    const char *subdir;                 /* a path below the source, mounted in its place; or NULL */
    bool copy_up;                       /* a tmpfs starts with what lies below it */
    bool map;                           /* ids are mapped */
    bool map_recursive;                 /* also of what is mounted below */
    const oci_id_mappings *uids, *gids; /* how; NULL: as in the container's user namespace */
};

struct plan_step {
    enum plan_op op;
    const char *field;  /* of config.json, for errors: "mounts[2]"; or NULL */
    const char *target; /* a path in the container's root, unless said otherwise; strings belong to spec or plan */
    const char *source;
    const char *type;
    const char *label; /* of SELinux, for what is mounted; or NULL */
    const char *bind;  /* a path of the host that is mounted where the kernel refuses `type`; or NULL */
    struct plan_mount mount;
    mode_t mode;
    dev_t device;
    uid_t uid;
    gid_t gid;
    uint64_t number, soft, hard;
    bool flag;
};

/* A namespace that exists and is joined before the first step. */
struct plan_join {
    const char *field; /* for errors: "linux.namespaces[1].path" */
    const char *type;  /* "network" */
    const char *path;
    int flag; /* CLONE_NEW* */
};

struct plan {
    VEC(struct plan_step) steps;
    VEC(struct plan_join) joins;
    bool joins_user;      /* one of them is a user namespace */
    bool stage;           /* there has to be a process in between (stage.c) */
    uint64_t clone_flags; /* CLONE_NEW*; the cgroup namespace comes by PLAN_CGROUP */
    char **strings;       /* what no spec holds */
};

/* Compiles a container, or for `start->enter` the way of a program into one. The plan borrows from the spec.
 * ERR_INVALID, ERR_UNSUPPORTED name the field. The caller releases `ret` after 0. */
int plan_make(const struct runtime_start *start, struct plan *ret, struct err *err);
void plan_release(struct plan *plan);
#define _cleanup_plan_ _cleanup_(plan_release)

/* For the files that compile: adds a step; keeps a string as long as the plan. */
struct plan_step *plan_add(struct plan *p, enum plan_op op, const char *target);
const char *plan_keep(struct plan *p, char *s);

/* Which namespaces are new and which are joined: plan_namespaces.c. */
int plan_namespaces(const struct oci_spec *spec, struct plan *p, struct err *err);

/* All those of the process `pid` that are not ours. */
int plan_enter(pid_t pid, struct plan *p, struct err *err);

/* What a step does, for errors: "mounting /dev/pts". The caller frees it. */
char *plan_describe(const struct plan_step *step);

/* The root file system: where it comes from, what is mounted, /dev: plan_root.c. */
int plan_root(const struct runtime_start *start, struct plan *p, struct err *err);

/* Kernel parameters, of the container's own namespaces alone: plan_sysctl.c. */
int plan_sysctls(const struct oci_spec *spec, struct plan *p, struct err *err);

/* What is left of linux.rootfsPropagation to be done when the root is "/". */
void plan_root_propagation(const struct oci_spec *spec, struct plan *p);

/* mount(8)'s options into attributes, propagation, bind and the file system's own. A relative source of a bind is one
 * in `bundle`, which may be NULL. ERR_INVALID. */
int plan_parse_mount(const struct oci_mount *m, const char *bundle, struct plan *p, struct plan_step *step,
                     struct err *err);

/* All options that are known, sorted, without the file systems' own. The caller frees it. */
char **plan_mount_options(void);

/* "rslave" -> MS_SLAVE, recursive; false for what is no such word. */
bool plan_parse_propagation(const char *word, unsigned long *ret, bool *ret_recursive);

/* All that are known, by their numbers. The caller frees it. */
char **plan_capability_names(void);

/* The bits of "CAP_CHOWN" and others. A name that is none is passed over: the specification wants a warning and no
 * failure. */
uint64_t plan_capability_mask(char *const *names);

/* Warns of names that are none, and of those that we cannot grant, not having them. */
void plan_capability_warn(const struct oci_capabilities *capabilities);

/* What few processes have: plan_attributes.c. Those of a container as a whole come before its root is built, those of
 * the process itself while it still has the rights to set them. ERR_INVALID names the field. */
int plan_container_attributes(const struct oci_spec *spec, struct plan *p, struct err *err);
int plan_process_attributes(const struct oci_process *process, struct plan *p, struct err *err);
int plan_program_attributes(const struct oci_spec *spec, struct plan *p, struct err *err);
