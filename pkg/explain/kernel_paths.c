/* /proc and /sys, path by path. proc(5), sysfs(5) */
#include "explain/kernel.h"

#include "bundle/bundle.h"

static const struct known {
    const char *path, *words;
    bool mounted; /* an empty directory unless something is mounted there */
} known[] = {
    {"/proc", "its processes, and what each may change of itself"},
    {"/proc/acpi", "batteries, buttons and sleep of the host; writing can change them"},
    {"/proc/asound", "sound cards, and whether somebody listens"},
    {"/proc/bus", "registers of the host's PCI devices"},
    {"/proc/fs", "settings of the host's file systems"},
    {"/proc/interrupts", "how often each device calls for attention: when keys are struck can be told from it"},
    {"/proc/irq", "which processor serves which device"},
    {"/proc/kcore", "all of the host's memory, as a file"},
    {"/proc/keys", "keys that the kernel keeps for users of the host"},
    {"/proc/latency_stats", "what programs of the host wait for"},
    {"/proc/sched_debug", "every process of the host, and where it runs"},
    {"/proc/scsi", "disks of the host; writing can remove them"},
    {"/proc/sys", "settings of the kernel, most of them of the whole host"},
    {"/proc/sysrq-trigger", "commands to the kernel: one letter restarts the host"},
    {"/proc/timer_list", "timers of the host, and the programs that set them"},
    {"/proc/timer_stats", "which programs of the host set timers"},
    {"/sys", "devices, drivers and power of the host"},
    {"/sys/devices/virtual/powercap",
     "how much power the processor takes, from which secrets that it handles can be told"},
    {"/sys/firmware", "tables of the firmware, with serial numbers and boot variables"},
    {"/sys/fs/cgroup", "limits: who can write them gives himself more"},
    {"/sys/fs/selinux", "the policy of SELinux", true},
    {"/sys/kernel/debug", "insides of the kernel that are meant for its developers", true},
    {"/sys/kernel/security", "policies of the security modules", true},
};

enum state { ABSENT, MASKED, READ_ONLY, WRITABLE, STATES };

static const struct {
    const char *name, *words;
} groups[STATES] = {
    [MASKED] = {"masked", "something empty lies over it, so nothing is told and nothing can be done"},
    [READ_ONLY] = {"read-only", "it can be looked at and not changed"},
    [WRITABLE] = {"writable", "it can be changed as far as the kernel lets its user"},
};

static bool shows_kernel(const char *type)
{
    static const char *const types[] = {"proc", "sysfs", "cgroup", "cgroup2", "selinuxfs", "debugfs", "securityfs"};

    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if (str_eq(types[i], type))
            return true;
    return false;
}

static bool is_readonly(const struct explain_mount *m)
{
    return strv_contains(m->options, "ro") || strv_contains(m->super, "ro");
}

/* v1 has a mount for each hierarchy below: one of them that can be written to is enough. */
static enum state state_of_cgroups(const struct explain_kernel_view *v)
{
    enum state state = ABSENT;

    VEC_FOREACH (m, v->mounts)
        if (explain_path_within(m->target, "/sys/fs/cgroup") && str_after(m->type, "cgroup"))
            state = state == WRITABLE || !is_readonly(m) ? WRITABLE : READ_ONLY;
    return state;
}

static enum state state_of(const struct explain_kernel_view *v, const char *path)
{
    const struct explain_mount *m = explain_mount_of(v->mounts, path);
    enum state cgroups = str_eq(path, "/sys/fs/cgroup") ? state_of_cgroups(v) : ABSENT;
    struct stat st;

    if (cgroups != ABSENT)
        return cgroups;
    if (!m || str_eq(m->target, "/") || v->look(path, &st) < 0)
        return ABSENT;
    if (!shows_kernel(m->type))
        return MASKED;
    return is_readonly(m) ? READ_ONLY : WRITABLE;
}

/* What lies over it. */
static const char *mask_words(const struct explain_kernel_view *v, const char *path)
{
    const struct explain_mount *m = explain_mount_of(v->mounts, path);
    struct stat st;

    if (m->root && str_ends(m->root, "/null"))
        return "an empty file (/dev/null)";
    if (v->look(path, &st) == 0 && S_ISDIR(st.st_mode))
        return "an empty directory (tmpfs)";
    return "an empty file (/dev/null)";
}

/* Whether one that was run without options has it masked, or read-only; with what /sys and the limits have. */
static enum state usual_of(const char *path)
{
    static const char *const closed[] = {"/sys", "/sys/fs/cgroup"};
    _cleanup_strv_ char **masked = NULL, **readonly = NULL;

    bundle_default_paths(&masked, &readonly);
    if (strv_contains(masked, path))
        return MASKED;
    for (size_t i = 0; i < ARRAY_SIZE(closed); i++)
        if (str_eq(closed[i], path))
            return READ_ONLY;
    return strv_contains(readonly, path) ? READ_ONLY : WRITABLE;
}

static const char *words_of(const char *path)
{
    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (str_eq(known[i].path, path))
            return known[i].words;
    return NULL;
}

static void add(const struct explain_kernel_view *v, enum state state, const char *path, struct explain_fact *group)
{
    const char *words = words_of(path);
    struct explain_fact *fact;

    if (state == MASKED)
        fact = explain_below(group, path, v->source, "%s lies over %s", mask_words(v, path),
                             words ? words : "what the kernel has there");
    else
        fact = explain_below(group, path, v->source, "%s", words ? words : "what the kernel has there");
    fact->weak = state > usual_of(path);
}

enum { MOUNTED_MAX = 200 /* that are looked at beside those that are known */ };

/* Those that are known, and what else is mounted there. */
static char **all_paths(const struct explain_kernel_view *v)
{
    char **paths = NULL;
    size_t mounted = 0;

    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (!known[i].mounted)
            strv_add(&paths, known[i].path);
    VEC_FOREACH (m, v->mounts)
        if ((explain_path_within(m->target, "/proc") || explain_path_within(m->target, "/sys")) &&
            !explain_path_within(m->target, "/sys/fs/cgroup") && mounted < MOUNTED_MAX &&
            !strv_contains(paths, m->target) && ++mounted)
            strv_add(&paths, m->target);
    strv_sort(paths);
    return paths;
}

void explain_kernel_paths(const struct explain_kernel_view *v, explain_facts *ret)
{
    _cleanup_strv_ char **paths = all_paths(v);

    for (enum state state = MASKED; state < STATES; state++) {
        explain_facts one = {0};
        struct explain_fact *group = explain_add(&one, groups[state].name, v->source, "%s", groups[state].words);

        STRV_FOREACH (path, paths)
            if (state_of(v, *path) == state)
                add(v, state, *path, group);
        if (group->below.n) {
            struct explain_fact *to = VEC_PUSH(ret);

            *to = *group;
            *group = (struct explain_fact){0};
        }
        explain_facts_release(&one);
    }
}
