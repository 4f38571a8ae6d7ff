/* Labels of security modules. They are written to files below /proc, and a container's /proc is the image's to arrange
 * (CVE-2019-16884, CVE-2025-52881): where another file stands in its place, the program would run without its label, or
 * something else of the kernel's would be written to. So they are opened in a procfs that is mounted nowhere, or where
 * the kernel makes none, in one found at /proc, crossing no mount.
 */
#include "runtime/lsm.h"

#include "runtime/child.h"
#include "runtime/mount.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statfs.h>

/* In a procfs that is mounted nowhere, as far as the kernel makes one. */
static int open_procfs(void)
{
    _cleanup_fd_ int fd = mount_detached("proc");

    if (fd < 0)
        fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : steal_fd(&fd);
}

static int open_attribute(int proc, const char *name)
{
    _cleanup_free_ char *path = str_printf("attr/%s", name);

    return child_open_own(proc, path);
}

bool lsm_apparmor_is_on(void)
{
    char enabled = 0;
    _cleanup_fd_ int fd = open("/sys/module/apparmor/parameters/enabled", O_RDONLY | O_CLOEXEC);

    return fd >= 0 && read(fd, &enabled, 1) == 1 && enabled == 'Y';
}

bool lsm_selinux_is_on(void)
{
    struct statfs fs;

    return (statfs("/sys/fs/selinux", &fs) == 0 && fs.f_type == SELINUX_MAGIC) ||
           (statfs("/selinux", &fs) == 0 && fs.f_type == SELINUX_MAGIC);
}

int lsm_check(const struct oci_process *process, struct err *err)
{
    if (!str_empty(process->apparmor_profile) && !lsm_apparmor_is_on())
        return err_set(err, ERR_UNSUPPORTED, "process.apparmorProfile: this host has no AppArmor");
    if (!str_empty(process->selinux_label) && !lsm_selinux_is_on())
        return err_set(err, ERR_UNSUPPORTED, "process.selinuxLabel: this host has no SELinux");
    return 0;
}

static int open_apparmor(int proc, bool at_once)
{
    const char *file = at_once ? "apparmor/current" : "apparmor/exec";
    int fd = open_attribute(proc, file);

    return fd == -ENOENT ? open_attribute(proc, path_base(file)) : fd; /* before 5.1 */
}

int child_labels(struct child *c, const struct plan_step *s _unused_, struct err *err)
{
    const struct oci_process *process = &c->start->spec->process;
    _cleanup_fd_ int proc = open_procfs();
    struct child_labels *l = &c->labels;

    if (proc < 0)
        return err_errno(err, -proc, "/proc");
    if (!str_empty(process->apparmor_profile)) {
        /* A process that does not come to execve(2) takes the profile at once. */
        l->apparmor = open_apparmor(proc, c->start->init);
        if (l->apparmor < 0)
            return err_errno(err, -l->apparmor, "process.apparmorProfile");
    }
    if (!str_empty(process->selinux_label)) {
        l->selinux = open_attribute(proc, "exec");
        l->key = open_attribute(proc, "keycreate");
        if (l->selinux < 0 || l->key < 0)
            return err_errno(err, -MIN_OF(l->selinux, l->key), "process.selinuxLabel");
    }
    return 0;
}

int child_labels_key(struct child *c, bool set, struct err *err)
{
    const char *label = set ? c->start->spec->process.selinux_label : "";
    ssize_t n = c->labels.key >= 0 ? write(c->labels.key, label, strlen(label)) : 0;

    return n < 0 ? err_errno(err, errno, "process.selinuxLabel: %s: of keys", label) : 0;
}

int child_labels_write(struct child *c, struct err *err)
{
    const struct oci_process *process = &c->start->spec->process;
    _cleanup_free_ char *profile = str_printf("%s %s", c->start->init ? "changeprofile" : "exec",
                                              process->apparmor_profile ? process->apparmor_profile : "");

    if (c->labels.apparmor >= 0 && write(c->labels.apparmor, profile, strlen(profile)) < 0)
        return err_errno(err, errno, "process.apparmorProfile: %s", process->apparmor_profile);
    if (c->labels.selinux >= 0 && write(c->labels.selinux, process->selinux_label, strlen(process->selinux_label)) < 0)
        return err_errno(err, errno, "process.selinuxLabel: %s", process->selinux_label);
    c->labels.apparmor = fd_close(c->labels.apparmor);
    c->labels.selinux = fd_close(c->labels.selinux);
    return 0;
}
