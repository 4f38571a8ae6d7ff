/* Containers of the OCI runtime, from their creation to their deletion: what `cbox runtime` works on.
 *
 * OCI runtime specification 1.3, runtime.md. Each has a directory of its name below the runtime's root:
 *
 *     <root>/ID/state.json    the record: who, where, since when
 *     <root>/ID/config.json   the bundle's, as it was at the creation; it may change afterwards, and without effect
 *     <root>/ID/start, waiting   the gate (gate.h)
 *
 * The record is written before there is anything to clean up, and removed after all of it is gone, so whatever is
 * killed, runtime_instance_delete() cleans up. Whether the container waits, runs or has ended is never read from it but
 * asked of the kernel. Operations that change a container hold a lock on its directory, which ends with them; start
 * does not: the process at the gate settles who starts it, and hooks may take long.
 */
#pragma once

#include "runtime/runtime.h"

#include <stdint.h>

enum runtime_status {
    RUNTIME_CREATING,
    RUNTIME_CREATED,
    RUNTIME_RUNNING,
    RUNTIME_PAUSED,
    RUNTIME_STOPPED,
};

/* "creating" and so on. */
const char *runtime_status_word(enum runtime_status status);

struct runtime_record {
    char *version; /* of the bundle's specification */
    char *bundle;  /* absolute */
    char *rootfs;  /* absolute */
    char *cgroup;  /* its path in every hierarchy */
    char *unit;    /* of systemd, that the cgroup is; NULL: it was made directly */
    char *created; /* RFC 3339 */
    int64_t owner; /* the id of who created it */
    char **annotations;
    struct oci_hooks hooks; /* of the specification, as the next, for those who come later */
    struct oci_intel_rdt *intel_rdt;
    int64_t pid; /* 0: it was never born */
    uint64_t pid_start;
    char *boot_id;
};

struct runtime_instance {
    char *root, *id;
    int dir; /* its directory, locked where the operation changes it */
    struct runtime_record record;
    struct cgroup_host host; /* known to who has created it: has hierarchies then */
};

#define RUNTIME_INSTANCE_INIT ((struct runtime_instance){.dir = -1})

/* Opens one; `lock`: and locks it. ERR_NOT_FOUND,
 * ERR_INVALID for an id that can be none. The caller releases `ret` after 0. */
int runtime_instance_load(const char *root, const char *id, bool lock, struct runtime_instance *ret, struct err *err);

/* Waits until no other operation changes it, and keeps others out until the release or runtime_instance_unlock().
 * ERR_NOT_FOUND where it was deleted meanwhile. */
int runtime_instance_lock(const struct runtime_instance *inst, struct err *err);
void runtime_instance_unlock(const struct runtime_instance *inst);

void runtime_instance_release(struct runtime_instance *inst);
#define _cleanup_instance_ _cleanup_(runtime_instance_release)

/* The ids of all below `root`, sorted; none where there is no such directory. The caller frees the vector. */
int runtime_instance_list(const char *root, char ***ret, struct err *err);

/* What the kernel says of it now. */
enum runtime_status runtime_instance_status(const struct runtime_instance *inst);

/* A descriptor of its first process; -ESRCH where that has ended, or -errno. */
int runtime_instance_process(const struct runtime_instance *inst);

/* Its specification. The caller releases `ret` after 0. */
int runtime_instance_spec(const struct runtime_instance *inst, struct oci_spec *ret, struct err *err);

/* Its cgroup; ERR_NOT_FOUND where it has none. The caller frees it, and releases `ret_host`. */
int runtime_instance_cgroup(const struct runtime_instance *inst, struct cgroup_host *ret_host, struct cgroup **ret,
                            struct err *err);

/* What is said of it to others; runc leaves the owner to its list. The caller releases `ret`. */
void runtime_instance_state(const struct runtime_instance *inst, enum runtime_status status, struct oci_state *ret);

/* ---- operations ---- */

struct runtime_create {
    const char *root, *id;
    const char *bundle;         /* a directory */
    const char *pid_file;       /* gets the pid of the process; NULL: none */
    const char *console_socket; /* a socket's path: is sent the terminal's master; NULL: the caller keeps it */
    unsigned preserve_fds;
    unsigned listen_fds; /* so many of them are sockets to listen on, which the program is told: sd_listen_fds(3) */
    bool systemd;        /* systemd makes the cgroup: systemd.h */
    bool detached;       /* without console_socket there can be no terminal */
    bool no_pivot;
    bool no_keyring;
};

/* Creates a container from a bundle: its process waits at the gate, and nobody holds a lock. On failure nothing is left
 * behind. ERR_EXISTS for an id that is taken; what is wrong with the specification names the field. `ret_process` has
 * the terminal, if any and if the caller keeps it. The caller releases both after 0; the container's process is its
 * child. */
int runtime_create(const struct runtime_create *how, struct runtime_instance *ret, struct runtime_process *ret_process,
                   struct err *err);

/* Starts one that was created: 0 once its program runs. ERR_INVALID in any other state. Where a hook fails, the
 * container is deleted; where its program cannot be executed, it has stopped. */
int runtime_instance_start(struct runtime_instance *inst, struct err *err);

/* The same for who has just created it, and need not look. */
int runtime_instance_pass(struct runtime_instance *inst, struct err *err);

/* Sends a signal to its first process, or with `all` to each that is in its cgroup. ERR_INVALID where it has ended. */
int runtime_instance_kill(const struct runtime_instance *inst, int signal, bool all, struct err *err);

/* Removes one that has ended or was never started, with its cgroup; with `force` one that runs, too. ERR_BUSY where it
 * runs. Locks it itself; of no account afterwards:
 * `inst` can only be released. */
int runtime_instance_delete(struct runtime_instance *inst, bool force, struct err *err);

/* Stops all of its processes, or lets them go on. ERR_INVALID in a state that this makes no sense in. */
int runtime_instance_pause(const struct runtime_instance *inst, bool pause, struct err *err);

/* Changes what it may use: what is not given stays as it is, and so do devices. On failure nothing is changed, unless
 * the hint says so. ERR_INVALID where it has ended. */
int runtime_instance_update(const struct runtime_instance *inst, const struct oci_resources *resources,
                            struct err *err);

struct runtime_exec {
    const struct oci_process *process;
    const char *pid_file, *console_socket; /* as in struct runtime_create */
    char *const *cgroups;                  /* of the container's, below which it runs: cgroup_descend() */
    unsigned preserve_fds;
    bool detached;
    bool ignore_paused;
};

/* Runs another program in a container; it is the caller's child, and dies with the container. The caller releases `ret`
 * after 0. ERR_INVALID where the container has ended or is paused. */
int runtime_instance_exec(const struct runtime_instance *inst, const struct runtime_exec *how,
                          struct runtime_process *ret, struct err *err);
