/* The kernel: which calls it has, and which namespaces. */
#include "doctor/internal.h"

#include "sys/fd.h"

#include <sched.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

/* Calls that are asked for with arguments that none of them takes: a kernel that has one says that they are wrong, or
 * that we may not, and nothing happens. */
static const struct {
    const char *name;
    long number;
    enum doctor_verdict missing;
    const char *since, *meaning;
} calls[] = {
    {"pidfd_open", SYS_pidfd_open, DOCTOR_FAILURE, "5.3", "containers cannot be watched, and do not start"},
    {"clone3", SYS_clone3, DOCTOR_NOTE, "5.3", "containers join their control group after they were made"},
    {"openat2", SYS_openat2, DOCTOR_NOTE, "5.6",
     "paths inside images are walked name by name, which is slower and may be fooled by who renames meanwhile"},
    {"fsopen", SYS_fsopen, DOCTOR_NOTE, "5.2", "mounts are made by mount(2): images of many layers may not fit"},
    {"move_mount", SYS_move_mount, DOCTOR_NOTE, "5.2", "mounts are made by mount(2), by their paths"},
    {"mount_setattr", SYS_mount_setattr, DOCTOR_WARNING, "5.12", "mounts cannot have mapped ids (--mount idmap)"},
    {"close_range", SYS_close_range, DOCTOR_NOTE, "5.9", "descriptors are closed one by one"},
};

static bool has_call(long number)
{
    return syscall(number, -1, NULL, NULL, 0, 0) >= 0 || errno != ENOSYS;
}

void doctor_kernel(const struct doctor_host *host _unused_, doctor_findings *ret)
{
    struct utsname name = {0};
    size_t before = ret->n;

    uname(&name);
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
        if (!has_call(calls[i].number))
            doctor_means(doctor_say(ret, calls[i].missing, "%s: no %s(2), which Linux %s has or a filter forbids",
                                    name.release, calls[i].name, calls[i].since),
                         calls[i].meaning, "apt-get install linux-image-amd64");
    if (ret->n == before)
        doctor_say(ret, DOCTOR_OK, "Linux %s has all calls that cbox makes", name.release);
}

/* ---- namespaces ---- */

static const struct {
    const char *file, *word;
    int flag;
    enum doctor_verdict missing;
} kinds[] = {
    {"mnt", "mount", CLONE_NEWNS, DOCTOR_FAILURE},      {"pid", "process", CLONE_NEWPID, DOCTOR_FAILURE},
    {"net", "network", CLONE_NEWNET, DOCTOR_FAILURE},   {"ipc", "IPC", CLONE_NEWIPC, DOCTOR_FAILURE},
    {"uts", "host name", CLONE_NEWUTS, DOCTOR_FAILURE}, {"cgroup", "cgroup", CLONE_NEWCGROUP, DOCTOR_WARNING},
};

static int do_nothing(void *data _unused_, struct err *err _unused_)
{
    return 0;
}

void doctor_namespaces(const struct doctor_host *host _unused_, doctor_findings *ret)
{
    size_t before = ret->n;

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        _cleanup_free_ char *path = str_printf("/proc/self/ns/%s", kinds[i].file);
        _cleanup_free_ char *sysctl = str_printf("user/max_%s_namespaces", kinds[i].file);
        _cleanup_free_ char *remedy = NULL;
        struct err why = ERR_INIT;
        int64_t most = -1;

        if (doctor_try(kinds[i].flag, do_nothing, NULL, &why) == 0)
            continue;
        if (geteuid() != 0 && access(path, F_OK) == 0) {
            doctor_say_unseen(ret, "namespaces", &why);
            return;
        }
        if (doctor_sysctl(sysctl, &most) && most == 0)
            remedy = str_printf("sysctl -w user.max_%s_namespaces=65536", kinds[i].file);
        doctor_means(doctor_say(ret, kinds[i].missing, "no %s namespace can be made: %s", kinds[i].word, why.text),
                     "containers cannot be kept apart in this, and do not start with it", remedy);
    }
    if (ret->n == before)
        doctor_say(ret, DOCTOR_OK, "mount, process, network, IPC, host name and cgroup namespaces were made");
}
