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

uint64_t plan_capability_mask(char *const *names)
{
    uint64_t mask = 0;

    STRV_FOREACH (name, names) {
        const char *bare = str_after(*name, "CAP_");
        size_t i = 0;

        while (bare && i < ARRAY_SIZE(capability_names) && strcmp(capability_names[i], bare) != 0)
            i++;
        if (bare && i < ARRAY_SIZE(capability_names))
            mask |= (uint64_t)1 << i;
        else
            log_warning("process.capabilities: no such capability: \"%s\"", *name);
    }
    return mask;
}

void plan_capability_warn(const struct oci_capabilities *capabilities)
{
    uint64_t wanted = plan_capability_mask(capabilities->bounding);

    for (size_t i = 0; i < ARRAY_SIZE(capability_names); i++)
        if (wanted >> i & 1 && prctl(PR_CAPBSET_READ, i, 0, 0, 0) != 1)
            log_warning("process.capabilities.bounding: CAP_%s: the runtime does not have it itself",
                        capability_names[i]);
}
