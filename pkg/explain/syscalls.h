/* The filter of system calls of a container in words. seccomp(2) */
#pragma once

#include "explain/explain.h"

/* Calls that do one kind of thing; all that Docker's default profile refuses are in one of them. */
struct explain_syscall_group {
    const char *name, *names; /* with blanks between them */
    const char *words;        /* what they would do: "load code into the kernel" */
};
extern const struct explain_syscall_group explain_syscall_groups[];
extern const size_t explain_n_syscall_groups;

/* What a profile says to a call. */
enum explain_verdict {
    EXPLAIN_REFUSED,
    EXPLAIN_SOMETIMES, /* by its arguments */
    EXPLAIN_ALLOWED,
};
enum explain_verdict explain_syscall_verdict(const struct oci_seccomp *profile, const char *name);

/* What a profile comes to, as facts; `usual`: what a container has that was run without options. */
void explain_profile_add(const struct oci_seccomp *profile, const struct oci_seccomp *usual, const char *source,
                         explain_facts *to);

/* The kernel's word for whether there is a filter: `mode` 0, 1 or 2, and how many filters, -1 where it does not say. */
void explain_seccomp_mode_add(int64_t mode, int64_t filters, const char *source, explain_facts *to);
