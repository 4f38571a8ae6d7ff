#include "runtime/init_loop.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define INIT_CODE __attribute__((section("cbox_init")))

#if defined(__x86_64__)
INIT_CODE static inline long call(long number, long a, long b, long c, long d)
{
    register long r10 __asm__("r10") = d;
    long r;

    __asm__ volatile("syscall" : "=a"(r) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
    return r;
}
#elif defined(__aarch64__)
INIT_CODE static inline long call(long number, long a, long b, long c, long d)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;

    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0;
}
#else
/* Never in a copy: child_init.c knows. */
INIT_CODE static inline long call(long number, long a, long b, long c, long d)
{
    long r = syscall(number, a, b, c, d);

    return r < 0 ? -errno : r;
}
#endif

enum { INFO_WORDS = 16 }; /* siginfo_t: 128 bytes */

/* The highest address depends on the processor; what lies beyond it is refused as a whole. */
INIT_CODE static inline void unmap_all_else(const struct init_loop *s)
{
    call(SYS_munmap, 0, (long)s->start, 0, 0);
    for (int bits = 56; bits > 30; bits--)
        if ((1UL << bits) > s->end &&
            (call(SYS_munmap, (long)s->end, (long)((1UL << bits) - s->end), 0, 0) == 0 ||
             call(SYS_munmap, (long)s->end, (long)((1UL << bits) - s->page - s->end), 0, 0) == 0))
            return;
}

/* Reaps what there is; ends with the program. */
INIT_CODE static inline void reap(int child, bool wait)
{
    int status;
    long pid;

    while ((pid = call(SYS_wait4, -1, (long)&status, wait ? 0 : WNOHANG, 0)) > 0)
        if (pid == child)
            call(SYS_exit_group, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), 0, 0, 0);
    if (wait && pid != -EINTR) /* there is nobody left, or a filter is in our way */
        call(SYS_exit_group, 125, 0, 0, 0);
}

INIT_CODE void init_loop_run(const struct init_loop *state)
{
    const unsigned long faults = 1UL << (SIGSEGV - 1) | 1UL << (SIGBUS - 1) | 1UL << (SIGILL - 1) |
                                 1UL << (SIGFPE - 1) | 1UL << (SIGTRAP - 1) | 1UL << (SIGSYS - 1) |
                                 1UL << (SIGABRT - 1);
    unsigned long wanted = ~faults;
    volatile long info[INFO_WORDS];

    if (state->start)
        unmap_all_else(state);
    for (;;) {
        long sig = call(SYS_rt_sigtimedwait, (long)&wanted, (long)info, 0, sizeof(wanted));

        if (sig == SIGCHLD)
            reap(state->child, false);
        else if (sig > 0 && sig != SIGTTIN && sig != SIGTTOU) /* of who holds the terminal, which is the program */
            call(SYS_kill, state->child, sig, 0, 0);
        else if (sig < 0 && sig != -EINTR && sig != -EAGAIN)
            reap(state->child, true); /* a filter lets us not wait for signals */
    }
}
