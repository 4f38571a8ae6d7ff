/*
 * Runs a command and prints the largest resident set, in KiB, that it or a process which it waited for ever had. This
 * program is small on purpose: what forks is counted until it executes the command.
 *
 * usage: rss COMMAND...
 */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

extern char **environ;

int main(int argc, char **argv)
{
    struct rusage usage;
    int status, r;
    pid_t pid;

    if (argc < 2)
        return 2;
    r = posix_spawnp(&pid, argv[1], NULL, NULL, argv + 1, environ);
    if (r != 0) {
        fprintf(stderr, "rss: %s: %s\n", argv[1], strerror(r));
        return 2;
    }
    while (wait4(pid, &status, 0, &usage) < 0 && errno == EINTR)
        ;
    printf("%ld\n", usage.ru_maxrss);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}
