/* The words of mount(8) and of capabilities(7) as the kernel's bits. */
#include "runtime/plan.h"

#include "base/log.h"
#include "base/strv.h"

#include <linux/capability.h>
#include <stdio.h>
#include <sys/mount.h>

enum { SETS = 1, CLEARS = 2, RECURSIVE = 4 };

struct attribute_word {
    const char *name;
    uint64_t bits;
    int does;
};

static const struct attribute_word attribute_words[] = {
    {"ro", MOUNT_ATTR_RDONLY, SETS},
    {"rro", MOUNT_ATTR_RDONLY, SETS | RECURSIVE},
    {"rw", MOUNT_ATTR_RDONLY, CLEARS},
    {"nosuid", MOUNT_ATTR_NOSUID, SETS},
    {"suid", MOUNT_ATTR_NOSUID, CLEARS},
    {"nodev", MOUNT_ATTR_NODEV, SETS},
    {"dev", MOUNT_ATTR_NODEV, CLEARS},
    {"noexec", MOUNT_ATTR_NOEXEC, SETS},
    {"exec", MOUNT_ATTR_NOEXEC, CLEARS},
    {"nodiratime", MOUNT_ATTR_NODIRATIME, SETS},
    {"diratime", MOUNT_ATTR_NODIRATIME, CLEARS},
    {"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, SETS},
    {"symfollow", MOUNT_ATTR_NOSYMFOLLOW, CLEARS},
};

/* One of them, in a field of bits: each clears the others. */
static const struct attribute_word atime_words[] = {
    {"relatime", MOUNT_ATTR_RELATIME, SETS},
    {"noatime", MOUNT_ATTR_NOATIME, SETS},
    {"strictatime", MOUNT_ATTR_STRICTATIME, SETS},
};

static const struct {
    const char *name;
    unsigned long flag;
    bool recursive;
} propagation_words[] = {
    {"private", MS_PRIVATE, false},       {"rprivate", MS_PRIVATE, true},       {"slave", MS_SLAVE, false},
    {"rslave", MS_SLAVE, true},           {"shared", MS_SHARED, false},         {"rshared", MS_SHARED, true},
    {"unbindable", MS_UNBINDABLE, false}, {"runbindable", MS_UNBINDABLE, true},
};

static bool take_attribute(const char *word, struct plan_mount *m)
{
    for (size_t i = 0; i < ARRAY_SIZE(attribute_words); i++) {
        const struct attribute_word *w = &attribute_words[i];

        if (strcmp(w->name, word) != 0)
            continue;
        m->set = w->does & SETS ? m->set | w->bits : m->set & ~w->bits;
        m->clear = w->does & CLEARS ? m->clear | w->bits : m->clear & ~w->bits;
        m->set_recursive |= (w->does & RECURSIVE) != 0;
        return true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(atime_words); i++)
        if (strcmp(atime_words[i].name, word) == 0) {
            m->set = (m->set & ~(uint64_t)MOUNT_ATTR__ATIME) | atime_words[i].bits;
            m->clear |= MOUNT_ATTR__ATIME;
            return true;
        }
    return false;
}

static bool take_propagation(const char *word, struct plan_mount *m)
{
    for (size_t i = 0; i < ARRAY_SIZE(propagation_words); i++)
        if (strcmp(propagation_words[i].name, word) == 0) {
            m->propagation = propagation_words[i].flag;
            m->propagate_recursive = propagation_words[i].recursive;
            return true;
        }
    return false;
}

int plan_parse_mount(const struct oci_mount *m, struct plan_step *step, struct err *err)
{
    bool bind = m->type && strcmp(m->type, "bind") == 0;

    STRV_FOREACH (o, m->options) {
        if (strcmp(*o, "bind") == 0 || strcmp(*o, "rbind") == 0) {
            bind = true;
            step->mount.recursive = **o == 'r';
        } else if (!take_attribute(*o, &step->mount) && !take_propagation(*o, &step->mount) &&
                   strcmp(*o, "defaults") != 0) {
            strv_add(&step->mount.data, *o);
        }
    }
    step->op = bind ? PLAN_BIND : PLAN_MOUNT;
    step->type = m->type;
    step->source = m->source ? m->source : m->type;
    if (strcmp(m->destination, "/") == 0)
        return err_set(err, ERR_INVALID, "nothing can be mounted on the root");
    if (bind && (str_empty(m->source) || *m->source != '/'))
        return err_set(err, ERR_INVALID, "source \"%s\" is not an absolute path", m->source ? m->source : "");
    if (bind && step->mount.data)
        return err_set(err, ERR_INVALID, "no such option: \"%s\"", step->mount.data[0]);
    if (!bind && str_empty(m->type))
        return err_set(err, ERR_INVALID, "no type");
    return 0;
}

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
            log_debug("warning: process.capabilities: no such capability: \"%s\"", *name);
    }
    return mask;
}
