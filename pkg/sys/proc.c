#include "sys/proc.h"

#include "base/num.h"
#include "base/strv.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

int proc_open(pid_t pid)
{
    long fd = syscall(SYS_pidfd_open, pid, 0);

    return fd < 0 ? -errno : (int)fd;
}

int proc_number(pid_t pid, enum proc_number number, uint64_t *ret)
{
    char path[32], text[1024];
    _cleanup_fd_ int fd = -1;
    const char *p;
    ssize_t n;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? -ESRCH : -errno;
    n = fd_read_all(fd, text, sizeof(text) - 1);
    if (n < 0)
        return (int)n;
    text[n] = 0;
    /* The second field, the name in parentheses, may hold anything, so fields are counted from its end. */
    p = strrchr(text, ')');
    for (int field = 2; p && field < (int)number; field++) {
        p = strchr(p, ' ');
        p = p ? p + 1 : NULL;
    }
    if (!p)
        return -EIO;
    *ret = strtoull(p, NULL, 10);
    return 0;
}

void proc_boot_id(char ret[PROC_BOOT_ID_MAX])
{
    _cleanup_fd_ int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : fd_read_all(fd, ret, PROC_BOOT_ID_MAX - 1);

    ret[n > 0 ? n : 0] = 0;
    ret[strcspn(ret, "\n")] = 0;
}

int proc_open_known(pid_t pid, uint64_t start, const char *boot_id)
{
    char boot[PROC_BOOT_ID_MAX];
    _cleanup_fd_ int fd = -1;
    uint64_t now;
    int r;

    proc_boot_id(boot);
    if (pid <= 0 || !str_eq(boot, boot_id))
        return -ESRCH;
    fd = proc_open(pid);
    if (fd < 0)
        return fd;
    /* Read after the descriptor was opened: from then on the pid cannot change hands unnoticed. */
    r = proc_number(pid, PROC_START_TIME, &now);
    if (r < 0)
        return r;
    return now == start ? steal_fd(&fd) : -ESRCH;
}

int proc_signal(int pidfd, int signal)
{
    return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0 ? -errno : 0;
}

int proc_wait(int pidfd)
{
    siginfo_t info = {0};

    while (waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED) < 0)
        if (errno != EINTR)
            return -errno;
    return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}
