/* Cgroups made by systemd (--systemd-cgroup): a scope a container, in a slice. */
#pragma once

#include "base/err.h"

/* ERR_UNSUPPORTED, in one line, where systemd does not run; sd_booted(3). */
int systemd_check(struct err *err);
