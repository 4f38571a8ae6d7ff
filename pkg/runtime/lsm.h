/* Whether the host has the security modules whose labels processes get: AppArmor, SELinux. */
#pragma once

#include "oci/spec.h"

/* ERR_UNSUPPORTED where a process is to have a label that this host knows nothing of. */
int lsm_check(const struct oci_process *process, struct err *err);

bool lsm_apparmor_is_on(void);
bool lsm_selinux_is_on(void);
