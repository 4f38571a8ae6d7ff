/* Between the checks; not for use elsewhere. */
#pragma once

#include "doctor/doctor.h"

#include <stdbool.h>
#include <unistd.h>

typedef void doctor_check_fn(const struct doctor_host *host, doctor_findings *ret);

doctor_check_fn doctor_kernel, doctor_namespaces, doctor_users, doctor_ids, doctor_cgroups, doctor_limits;
doctor_check_fn doctor_seccomp, doctor_labels;
doctor_check_fn doctor_store, doctor_space, doctor_files, doctor_overlay;
doctor_check_fn doctor_links, doctor_nftables, doctor_forwarding, doctor_firewall;
doctor_check_fn doctor_libraries, doctor_configuration, doctor_clock, doctor_registries;

/* Adds a finding; it stays the list's, and is valid until the next one. `means`: the strings are copied, and may be
 * NULL. */
struct doctor_finding *doctor_say(doctor_findings *to, enum doctor_verdict verdict, const char *found, ...)
    _printf_(3, 4);
void doctor_means(struct doctor_finding *f, const char *meaning, const char *remedy);

/* The same of an error, whose hint is the remedy where there is no other. */
void doctor_say_error(doctor_findings *to, enum doctor_verdict verdict, const struct err *why, const char *meaning,
                      const char *remedy);

/* What a plain user cannot try. */
void doctor_say_unseen(doctor_findings *to, const char *what, const struct err *why);

/* Runs `act` in a child of its own, in new namespaces (CLONE_NEW…; 0: ours), as root of a new user namespace where we
 * are not root; in a new mount namespace nothing that it mounts is seen elsewhere. It is killed after ten seconds:
 * ERR_BUSY. The error of `act`, or the one of making the namespaces: ERR_PERMISSION. */
int doctor_try(int namespaces, int (*act)(void *data, struct err *err), void *data, struct err *err);

/* A setting below /proc/sys, "net/ipv4/ip_forward": false where there is none, or it is no number. */
bool doctor_sysctl(const char *name, int64_t *ret);

/* A directory of our own in the store, or where there is none yet in the nearest directory above that there is: "" in
 * `*ret_place` where that may not be written. doctor_scratch_release() removes it with all in it. */
struct doctor_scratch {
    int parent, fd, lock;
    bool plain;  /* we are not root, so attributes are `user.` */
    char *place; /* where it was made, for people */
    char *path;
    const char *name;
};
#define DOCTOR_SCRATCH_NONE ((struct doctor_scratch){.parent = -1, .fd = -1, .lock = -1})
int doctor_scratch_make(const struct doctor_host *host, struct doctor_scratch *ret, struct err *err);
void doctor_scratch_release(struct doctor_scratch *s);
#define _cleanup_scratch_ _cleanup_(doctor_scratch_release)

/* `path`, or the nearest directory above it that is there. The caller frees it. */
char *doctor_existing(const char *path);

/* ---- what values mean, for the checks and for tests ---- */

/* Of the file system below `path`, in bytes and files; `total_files` 0: it does not count them. */
struct doctor_room {
    uint64_t bytes, total_bytes, files, total_files;
};
void doctor_judge_room(const char *path, const struct doctor_room *room, doctor_findings *ret);

/* How many ids /etc/subuid or /etc/subgid, `text`, give a user, by name or number: subuid(5). */
uint64_t doctor_count_ids(const char *text, const char *name, uint32_t uid);

/* A clock before the program's own date. */
void doctor_judge_clock(int64_t now, int64_t built, doctor_findings *ret);

/* The Date header of an answer, RFC 9110, 5.6.7, the first of its forms: false for anything else. */
bool doctor_parse_date(const char *text, int64_t *ret);
/* Whether a registry's clock, `theirs`, is far from ours; adds nothing where it is not. */
void doctor_judge_skew(const char *registry, int64_t theirs, int64_t now, doctor_findings *ret);

/* The libraries that are opened on demand, all of them; NULL beyond the last. */
const char *doctor_library(size_t nth);
