/* Shared by the instance*.c files; not for use elsewhere. */
#pragma once

#include "runtime/instance.h"

#define RUNTIME_RECORD_FILE "state.json"
#define RUNTIME_CONFIG_FILE "config.json"

/* Makes the directory of a new container and locks it; ERR_EXISTS. The caller releases `ret` after 0. */
int runtime_instance_new(const char *root, const char *id, struct runtime_instance *ret, struct err *err);

int runtime_instance_write(const struct runtime_instance *inst, struct err *err);

/* Removes the directory, the record last. */
int runtime_instance_forget(const struct runtime_instance *inst, struct err *err);

/* As runtime_instance_cgroup(). */
int runtime_instance_cgroup_on(const struct runtime_instance *inst, const struct cgroup_host *host, struct cgroup **ret,
                               struct err *err);

/* Kills all that is in its cgroup, and removes that. */
int runtime_instance_clear(const struct runtime_instance *inst, struct err *err);

/* Removes its class of service, if it has one of its own. resctrl.h. */
void runtime_instance_leave(const struct runtime_instance *inst);

/* Runs these hooks, when it is gone. */
void runtime_instance_poststop(const struct runtime_instance *inst);

/* Hands the container's cgroup over to its user, where the specification means it to. */
int runtime_give_cgroup(struct cgroup *cg, const struct cgroup_host *host, const struct oci_spec *spec,
                        struct err *err);

/* Checks that a terminal has somebody to take it, and a console socket a terminal. */
int runtime_check_terminal(bool terminal, const char *console_socket, bool detached, struct err *err);

/* Sends a terminal's master over the socket at `path`, as callers of runc expect it. */
int runtime_send_terminal(const char *path, int *terminal, struct err *err);

int runtime_write_pid(const char *path, pid_t pid, struct err *err);
