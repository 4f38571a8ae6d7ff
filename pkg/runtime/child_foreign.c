/* Sources that lie in another container: "/proc/PID/root/PATH". The kernel copies a mount in its own mount namespace
 * alone, so a process goes there, makes the copy, which is mounted nowhere yet, and leaves it in a descriptor that it
 * shares with us. setns(2), open_tree(2). */
#include "runtime/child.h"
#include "runtime/mount.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Behind "/proc/PID/root", or NULL. */
static const char *inside(const char *source)
{
    const char *p = str_after(source, "/proc/");
    size_t digits = p ? strspn(p, "0123456789") : 0;

    return digits ? str_given(str_after(p + digits, "/root")) : NULL;
}

/* The process' mount namespace; the caller frees it. */
static char *namespace_of(const char *source)
{
    return str_printf("%.*s/ns/mnt", (int)(inside(source) - source) - (int)strlen("/root"), source);
}

bool child_is_foreign(const char *source)
{
    _cleanup_free_ char *theirs = inside(source) ? namespace_of(source) : NULL;
    struct stat a, b;

    /* A process that is gone is nobody's here. */
    return theirs && (stat(theirs, &a) < 0 || stat("/proc/self/ns/mnt", &b) < 0 || a.st_ino != b.st_ino);
}

/* In the process between; the exit code is 0 or the errno. */
static int copy_there(int namespace, const char *path, const struct plan_mount *how, int slot)
{
    int tree = setns(namespace, CLONE_NEWNS) < 0 ? -errno : mount_clone(AT_FDCWD, path, how, -1);

    if (tree >= 0 && dup3(tree, slot, O_CLOEXEC) < 0)
        tree = -errno;
    if (tree >= 0)
        close(tree); /* the table is shared */
    return tree < 0 ? -tree : 0;
}

int child_foreign_tree(const char *source, const struct plan_mount *how)
{
    _cleanup_free_ char *path = namespace_of(source);
    _cleanup_fd_ int namespace = open(path, O_RDONLY | O_CLOEXEC), slot = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int status;
    pid_t pid;

    if (namespace < 0 || slot < 0)
        return -errno;
    pid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0)
        _exit(copy_there(namespace, inside(source), how, slot));
    if (pid < 0)
        return -errno;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    if (!WIFEXITED(status) || WEXITSTATUS(status))
        return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
    return steal_fd(&slot);
}
