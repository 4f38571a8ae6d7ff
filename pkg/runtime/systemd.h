/* Cgroups made by systemd (--systemd-cgroup): for each container a transient scope, in a slice, with its cgroup
 * delegated to us. systemd makes the directories and keeps its hands off what is in them; limits are told to it, so
 * that it does not undo them, and written by us as always.
 *
 * A scope wants a process to begin with, and the container's own is cloned into the cgroup when that is there: a
 * process that does nothing holds the place meanwhile.
 *
 * sd-bus(3), org.freedesktop.systemd1(5), systemd.scope(5); systemd.io, "Control Group APIs and Delegation".
 */
#pragma once

#include "oci/spec.h"

#include <sys/types.h>

struct systemd_scope {
    char *slice; /* "system.slice" */
    char *unit;  /* "PREFIX-NAME.scope" */
    char *path;  /* of its cgroup, below the mount points */
};

/* ERR_UNSUPPORTED, in one line, where systemd does not run; sd_booted(3). */
int systemd_check(struct err *err);

/* What cgroupsPath, "SLICE:PREFIX:NAME", comes to; NULL: "system.slice:cbox:ID". An empty slice is system.slice.
 * ERR_INVALID for what is no name of a unit. The caller releases `ret` after 0. */
int systemd_scope_of(const char *cgroups_path, const char *id, struct systemd_scope *ret, struct err *err);
void systemd_scope_release(struct systemd_scope *scope);
#define _cleanup_scope_ _cleanup_(systemd_scope_release)

/* Has systemd make the scope, and waits for it (up to 30 s). `ret_holder` is the process that holds the place, a child
 * of ours; the caller ends it with systemd_holder_end() when the scope has another. ERR_EXISTS for a unit that is
 * there, ERR_UNSUPPORTED without libsystemd, ERR_IO for what else systemd says. */
int systemd_scope_start(const struct systemd_scope *scope, const struct oci_resources *resources, pid_t *ret_holder,
                        struct err *err);

/* Kills and reaps it, and forgets it; 0: there is none. */
void systemd_holder_end(pid_t *holder);

/* Tells it the limits that change, those that are given, before they are written: systemd writes what it knows again
 * whenever it has a reason to. ERR_NOT_FOUND for a unit that is gone, ERR_UNSUPPORTED, ERR_IO. */
int systemd_unit_update(const char *unit, const struct oci_resources *resources, struct err *err);

/* Stops a unit and waits for that. One that is gone is no error. */
int systemd_unit_stop(const char *unit, struct err *err);
