/* What the kernel says of a process: /proc/PID/status. proc_pid_status(5) */
#pragma once

#include "explain/explain.h"

enum explain_capabilities {
    EXPLAIN_INHERITABLE,
    EXPLAIN_PERMITTED,
    EXPLAIN_EFFECTIVE,
    EXPLAIN_BOUNDING,
    EXPLAIN_AMBIENT,
    EXPLAIN_CAPABILITY_SETS,
};

struct explain_status {
    char name[64];          /* its own words: anything but a newline */
    int64_t parent;         /* 0: none that we see */
    int64_t uid[4], gid[4]; /* real, effective, saved, of the file system; -1: not known before the start */
    VEC(int64_t) groups;
    VEC(int64_t) pids; /* its number in each namespace of processes, ours first */
    int64_t umask;     /* -1: not known */
    uint64_t capabilities[EXPLAIN_CAPABILITY_SETS];
    bool no_new_privs;
    int64_t seccomp; /* 0: none, 1: strict, 2: filtered */
    int64_t filters; /* how many; -1: not known */
};

/* Fields that are missing stay as they are where nothing is known. The caller releases `ret`. */
void explain_status_parse(const char *text, struct explain_status *ret);

/* Of a process. ERR_NOT_FOUND where it has ended. The caller releases `ret` after 0. */
int explain_status_read(pid_t pid, struct explain_status *ret, struct err *err);

/* Of the first process, or what its specification will make of it. The same. */
int explain_status_of(const struct explain_subject *subject, struct explain_status *ret, struct err *err);
void explain_status_release(struct explain_status *status);
#define _cleanup_explain_status_ _cleanup_(explain_status_release)
