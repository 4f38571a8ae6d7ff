/*
 * Times two commands in pairs, A B A B ..., after a warm-up of both, and prints the median of each in milliseconds and
 * the median of the ratios A/B. The commands' output goes to /dev/null. The time is from before the fork to after the
 * wait, with nothing of a shell in between: at one or two milliseconds a shell would be most of what is measured.
 *
 * usage: pair ROUNDS COMMAND-A... -- COMMAND-B...
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}

static double run_ms(char **argv, const posix_spawn_file_actions_t *quiet)
{
    double start = now_ms();
    int status, r;
    pid_t pid;

    r = posix_spawnp(&pid, argv[0], quiet, NULL, argv, environ);
    if (r != 0) {
        fprintf(stderr, "pair: %s: %s\n", argv[0], strerror(r));
        exit(2);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "pair: %s %s ... failed with status %d\n", argv[0], argv[1] ? argv[1] : "", status);
        exit(2);
    }
    return now_ms() - start;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, int n)
{
    qsort(values, n, sizeof(*values), compare);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 0, split = 2, i;
    posix_spawn_file_actions_t quiet;
    double *a, *b, *ratio;

    while (split < argc && strcmp(argv[split], "--") != 0)
        split++;
    if (rounds < 1 || split == 2 || split + 1 >= argc) {
        fprintf(stderr, "usage: pair ROUNDS COMMAND-A... -- COMMAND-B...\n");
        return 2;
    }
    argv[split] = NULL;
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
    a = calloc(rounds, sizeof(*a));
    b = calloc(rounds, sizeof(*b));
    ratio = calloc(rounds, sizeof(*ratio));
    if (!a || !b || !ratio)
        return 2;
    for (i = -(rounds / 10 + 2); i < rounds; i++) {
        double x = run_ms(argv + 2, &quiet), y = run_ms(argv + split + 1, &quiet);

        if (i >= 0) {
            a[i] = x;
            b[i] = y;
            ratio[i] = x / y;
        }
    }
    printf("%.3f %.3f %.4f\n", median(a, rounds), median(b, rounds), median(ratio, rounds));
    free(a);
    free(b);
    free(ratio);
    return 0;
}
