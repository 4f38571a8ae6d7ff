/* Filters of system calls: linux.seccomp of a specification becomes a program of classic BPF, and the child loads it.
 *
 * Compiling takes libseccomp, opened on first use, and milliseconds; it is done in the parent, before the clone. The
 * result is plain bytes and is kept in a directory of the caller, so that the next start with the same profile neither
 * opens the library nor compiles (seccomp_cache.c). The child only calls seccomp(2).
 *
 * In front of what libseccomp makes stands a piece of our own: a number above all those that the profile names was not
 * thought of by whoever wrote it, and is answered with ENOSYS as by a kernel that lacks the call, so that a C library
 * falls back to an older call (seccomp_stub.c). Profiles that let everything through by default need no such piece.
 *
 * OCI runtime specification, config-linux.md, "Seccomp"; seccomp(2).
 */
#pragma once

#include "base/vec.h"
#include "oci/spec.h"
#include "oci/state.h"

#include <linux/filter.h>
#include <stdbool.h>

struct seccomp_filter {
    VEC(struct sock_filter) program; /* at most BPF_MAXINSNS */
    unsigned flags;                  /* SECCOMP_FILTER_FLAG_*, for seccomp(2) */
    bool notifies;                   /* loading gives a descriptor for whoever answers in the kernel's place */
};

void seccomp_filter_release(struct seccomp_filter *filter);
#define _cleanup_seccomp_filter_ _cleanup_(seccomp_filter_release)

/* The program for a profile, or where that is NULL for its text (seccomp_profile_text()), from `cache` (a directory,
 * made where it is missing in one that exists; NULL: none) or compiled. ERR_INVALID and ERR_UNSUPPORTED name the field:
 * "linux.seccomp.flags: …"; names of system calls that libseccomp does not know are passed over. A cache that cannot be
 * used is none. The caller releases `ret` after 0. */
int seccomp_filter_make(const struct oci_seccomp *profile, const char *text, const char *cache,
                        struct seccomp_filter *ret, struct err *err);

/* The profile as text that can stand for it; appends nothing where it cannot: one with flags, or whose calls others
 * answer, is asked about before it is compiled. */
void seccomp_profile_text(const struct oci_seccomp *profile, struct buf *ret);

/* The directory for that below a state directory, under a name that no container has. The caller frees it. */
char *seccomp_cache_below(const char *root);

/* Loads it into the calling process, which has no_new_privs set or CAP_SYS_ADMIN in its user namespace.
 * `*ret_listener`: the notification descriptor, close-on-exec, or -1. Makes no other system call. 0 or -errno. */
int seccomp_filter_load(const struct seccomp_filter *filter, int *ret_listener);

/* The container process state, the document that goes along with a notification descriptor, appended. */
void seccomp_listener_state(const struct oci_seccomp *profile, const struct oci_state *state, struct buf *ret);

/* Hands the descriptor and that document to the agent that listens on the socket `path`, in a connection of its own.
 * ERR_INVALID, and ERR_NOT_FOUND and others where there is none. */
int seccomp_listener_send(const char *path, int listener, const void *text, size_t len, struct err *err);
