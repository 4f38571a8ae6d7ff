/*
 * The least that a container can cost: clone3 with all namespaces but the user's, an overlay as the root, /proc, a tmpfs on
 * /dev, pivot_root, exec; no cgroup, no state, no specification.
 *
 * usage: floor ROOTFS DIR COMMAND...      DIR has the directories upper, work and merged
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void check(int result, const char *what)
{
    if (result >= 0)
        return;
    fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
    _exit(2);
}

static void become_container(const char *rootfs, const char *dir, char **argv)
{
    char options[4096], merged[1024];

    snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s/upper,workdir=%s/work", rootfs, dir, dir);
    snprintf(merged, sizeof(merged), "%s/merged", dir);
    check(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
    check(mount("overlay", merged, "overlay", 0, options), "overlay");
    check(chdir(merged), merged);
    check(syscall(SYS_pivot_root, ".", "."), "pivot_root");
    check(umount2(".", MNT_DETACH), "umount");
    check(mount("proc", "/proc", "proc", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL), "proc");
    check(mount("tmpfs", "/dev", "tmpfs", MS_NOSUID, "mode=755,size=64k"), "tmpfs");
    check(chdir("/"), "/");
    execv(argv[0], argv);
    check(-1, argv[0]);
}

int main(int argc, char **argv)
{
    struct clone_args args = {
        .flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP,
        .exit_signal = SIGCHLD,
    };
    int status;
    pid_t pid;

    if (argc < 4) {
        fprintf(stderr, "usage: floor ROOTFS DIR COMMAND...\n");
        return 2;
    }
    pid = syscall(SYS_clone3, &args, sizeof(args));
    check(pid, "clone3");
    if (pid == 0)
        become_container(argv[1], argv[2], argv + 3);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}
