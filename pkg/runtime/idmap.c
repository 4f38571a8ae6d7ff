/* User namespaces for mapped mounts: the kernel takes mappings from a namespace alone, so one is made for them by a
 * process that does nothing else. mount_setattr(2), MOUNT_ATTR_IDMAP. */
#include "runtime/child.h"
#include "runtime/mount.h"
#include "sys/fd.h"
#include "sys/proc.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static int write_map(pid_t pid, const char *file, const oci_id_mappings *mappings, struct err *err)
{
    _cleanup_free_ char *path = str_printf("/proc/%d/%s", (int)pid, file);
    _cleanup_buf_ struct buf text = BUF_INIT;
    int r;

    VEC_FOREACH (m, mappings)
        buf_addf(&text, "%lld %lld %lld\n", (long long)m->container_id, (long long)m->host_id, (long long)m->size);
    r = fd_write_text(AT_FDCWD, path, buf_str(&text));
    return r < 0 ? err_errno(err, -r, "writing %s", path) : 0;
}

int idmap_open(const oci_id_mappings *uids, const oci_id_mappings *gids, struct err *err)
{
    int pidfd = -1, fd = -1, r;
    bool cloned_into;
    pid_t pid = runtime_clone(CLONE_NEWUSER, -1, &pidfd, &cloned_into);
    _cleanup_free_ char *path = NULL;

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        for (;;)
            pause();
    }
    if (pid < 0)
        return err_errno(err, -pid, "making a user namespace");
    r = write_map(pid, "uid_map", uids, err);
    if (r == 0)
        r = write_map(pid, "gid_map", gids, err);
    if (r == 0) {
        path = str_printf("/proc/%d/ns/user", (int)pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        r = fd < 0 ? err_errno(err, errno, "%s", path) : fd;
    }
    kill(pid, SIGKILL);
    proc_wait(pidfd);
    fd_close(pidfd);
    return r;
}
