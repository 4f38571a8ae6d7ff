/* The names of capabilities(7) as the kernel's bits. */
#include "runtime/plan.h"

#include "base/log.h"
#include "base/strv.h"

#include <linux/capability.h>
#include <sys/prctl.h>

static const char *const capability_names[] = {
    [CAP_CHOWN] = "CHOWN",
    [CAP_DAC_OVERRIDE] = "DAC_OVERRIDE",
    [CAP_DAC_READ_SEARCH] = "DAC_READ_SEARCH",
    [CAP_FOWNER] = "FOWNER",
    [CAP_FSETID] = "FSETID",
    [CAP_KILL] = "KILL",
    [CAP_SETGID] = "SETGID",
    [CAP_SETUID] = "SETUID",
    [CAP_SETPCAP] = "SETPCAP",
    [CAP_LINUX_IMMUTABLE] = "LINUX_IMMUTABLE",
    [CAP_NET_BIND_SERVICE] = "NET_BIND_SERVICE",
    [CAP_NET_BROADCAST] = "NET_BROADCAST",
    [CAP_NET_ADMIN] = "NET_ADMIN",
    [CAP_NET_RAW] = "NET_RAW",
    [CAP_IPC_LOCK] = "IPC_LOCK",
    [CAP_IPC_OWNER] = "IPC_OWNER",
    [CAP_SYS_MODULE] = "SYS_MODULE",
    [CAP_SYS_RAWIO] = "SYS_RAWIO",
    [CAP_SYS_CHROOT] = "SYS_CHROOT",
    [CAP_SYS_PTRACE] = "SYS_PTRACE",
    [CAP_SYS_PACCT] = "SYS_PACCT",
    [CAP_SYS_ADMIN] = "SYS_ADMIN",
    [CAP_SYS_BOOT] = "SYS_BOOT",
    [CAP_SYS_NICE] = "SYS_NICE",
    [CAP_SYS_RESOURCE] = "SYS_RESOURCE",
    [CAP_SYS_TIME] = "SYS_TIME",
    [CAP_SYS_TTY_CONFIG] = "SYS_TTY_CONFIG",
    [CAP_MKNOD] = "MKNOD",
    [CAP_LEASE] = "LEASE",
    [CAP_AUDIT_WRITE] = "AUDIT_WRITE",
    [CAP_AUDIT_CONTROL] = "AUDIT_CONTROL",
    [CAP_SETFCAP] = "SETFCAP",
    [CAP_MAC_OVERRIDE] = "MAC_OVERRIDE",
    [CAP_MAC_ADMIN] = "MAC_ADMIN",
    [CAP_SYSLOG] = "SYSLOG",
    [CAP_WAKE_ALARM] = "WAKE_ALARM",
    [CAP_BLOCK_SUSPEND] = "BLOCK_SUSPEND",
    [CAP_AUDIT_READ] = "AUDIT_READ",
    [CAP_PERFMON] = "PERFMON",
    [CAP_BPF] = "BPF",
    [CAP_CHECKPOINT_RESTORE] = "CHECKPOINT_RESTORE",
};

char **plan_capability_names(void)
{
    char **list = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(capability_names); i++)
        strv_addf(&list, "CAP_%s", capability_names[i]);
    return list;
}

/* -1 for a name that is none. */
static int number_of(const char *name)
{
    const char *bare = str_after(name, "CAP_");

    for (size_t i = 0; bare && i < ARRAY_SIZE(capability_names); i++)
        if (strcmp(capability_names[i], bare) == 0)
            return (int)i;
    return -1;
}

uint64_t plan_capability_mask(char *const *names)
{
    uint64_t mask = 0;

    STRV_FOREACH (name, names) {
        int n = number_of(*name);

        mask |= n < 0 ? 0 : (uint64_t)1 << n;
    }
    return mask;
}

void plan_capability_warn(const struct oci_capabilities *capabilities)
{
    char **const sets[] = {capabilities->bounding, capabilities->effective, capabilities->permitted,
                           capabilities->inheritable, capabilities->ambient};
    uint64_t wanted = plan_capability_mask(capabilities->bounding);
    _cleanup_strv_ char **said = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
        STRV_FOREACH (name, sets[i])
            if (number_of(*name) < 0 && !strv_contains(said, *name)) {
                log_warning("process.capabilities: no such capability: \"%s\"", *name);
                strv_add(&said, *name);
            }
    for (size_t i = 0; i < ARRAY_SIZE(capability_names); i++)
        if (wanted >> i & 1 && prctl(PR_CAPBSET_READ, i, 0, 0, 0) != 1)
            log_warning("process.capabilities.bounding: CAP_%s: the runtime does not have it itself",
                        capability_names[i]);
}
