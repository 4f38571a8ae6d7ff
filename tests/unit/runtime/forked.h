/* For what a process does to itself: tests in a forked child, and system calls that fail there. */
#pragma once

#include "../unit.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* In the child: the exit code tells the line that failed. */
#define MUST(condition)             \
    do {                            \
        if (!(condition))           \
            _exit(__LINE__ & 0xff); \
    } while (0)

/* From here on this system call fails. */
static inline void refuse_call(unsigned call, unsigned errnum)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | errnum),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {ARRAY_SIZE(filter), filter};

    MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    MUST(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

/* Whether the child got to the end of `body`. */
#define assert_child(body)                                  \
    do {                                                    \
        int status_;                                        \
        pid_t pid_ = fork();                                \
                                                            \
        if (pid_ == 0) {                                    \
            body;                                           \
            _exit(0);                                       \
        }                                                   \
        assert_int_equal(waitpid(pid_, &status_, 0), pid_); \
        assert_true(WIFEXITED(status_));                    \
        assert_int_equal(WEXITSTATUS(status_), 0);          \
    } while (0)
