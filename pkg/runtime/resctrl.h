/* Classes of service of Intel's Resource Director Technology: shares of caches and memory bandwidth, in a resctrl file
 * system. OCI runtime specification, config-linux.md, "IntelRdt"; Documentation/filesystems/resctrl.rst.
 */
#pragma once

#include "oci/spec.h"

#include <sys/types.h>

/* Where a resctrl file system is mounted; the caller frees it. ERR_UNSUPPORTED where none is. */
int resctrl_find(char **ret, struct err *err);

/* Puts the process into its class below `root`, which is made where the specification says so, and into a group for
 * monitoring where that is asked for. What was made stays on failure; resctrl_leave() removes it. Errors name the
 * field.
 */
int resctrl_enter(const char *root, const struct oci_intel_rdt *rdt, const char *id, pid_t pid, struct err *err);

/* Removes what was made for the container `id`, if it is there. A class that was named stays. */
void resctrl_leave(const char *root, const struct oci_intel_rdt *rdt, const char *id);
