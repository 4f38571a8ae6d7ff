/* What of the kernel's own files a container can read and change: plain data, from its mounts and rules of devices. */
#pragma once

#include "explain/facts.h"
#include "explain/mountinfo.h"
#include "runtime/device_filter.h"

#include <sys/stat.h>

struct explain_kernel_view {
    const explain_mounts *mounts;
    const char *source;                              /* where the mounts were read */
    int (*look)(const char *path, struct stat *ret); /* stat(2) of the host: whether this kernel has it, and what */
};

/* Appends "masked", "read-only" and "writable", each with the paths of /proc and /sys of which it is so, and what each
 * of them would tell or do. What this kernel does not have is left out. */
void explain_kernel_paths(const struct explain_kernel_view *v, explain_facts *ret);

/* Appends a fact with one below for each rule, in the order in which they decide. */
void explain_kernel_devices(const device_rules *rules, const char *source, explain_facts *ret);
