/* Whether this host can do what cbox asks of it: a table of checks, each of which tries what it tells of wherever that
 * can be tried without a trace, in a namespace or a directory of its own.
 *
 * A check says what it found, what that means to the user, and the one command that mends it. It needs no rights: what
 * a plain user may not look at is said to be so.
 */
#pragma once

#include "base/strv.h"
#include "base/vec.h"
#include "config/config.h"

#include <stdint.h>

enum doctor_verdict {
    DOCTOR_OK,
    DOCTOR_NOTE,    /* nothing is wrong; somebody may want to know */
    DOCTOR_WARNING, /* something will not work, and most do not need it */
    DOCTOR_FAILURE, /* what cbox is for does not work */
};

const char *doctor_verdict_name(enum doctor_verdict verdict); /* "ok", "note", "warning", "failure" */

struct doctor_finding {
    const char *check; /* of the table */
    enum doctor_verdict verdict;
    char *found;   /* one line; quotes foreign bytes, not made printable */
    char *meaning; /* to the user; NULL where nothing is to be said */
    char *remedy;  /* a command; NULL: none */
};

typedef VEC(struct doctor_finding) doctor_findings;

void doctor_findings_release(doctor_findings *findings);
#define _cleanup_doctor_findings_ _cleanup_(doctor_findings_release)

/* What is looked at. All is borrowed. */
struct doctor_host {
    const char *root, *state;       /* absolute; need not be there */
    const struct config *config;    /* NULL: it could not be read, */
    const struct err *config_error; /* since this went wrong */
    int64_t built; /* when the program was, time.h: the clock should not be before that; 0: not known */
};

/* The names of all checks, in the order in which they are made, and what each is about. NULL beyond the last. */
const char *doctor_check_name(size_t nth, const char **ret_about);

/* Makes the checks of these names, or with none all of them. ERR_INVALID for a name that no check has, with the nearest
 * one as hint. Seconds where a registry does not answer (DOCTOR_REGISTRY_SECONDS each), else milliseconds. The caller
 * releases `ret` in any case. The calling process has one thread, and leaves SIGALRM alone. */
int doctor_examine(const struct doctor_host *host, char *const *names, doctor_findings *ret, struct err *err);

enum { DOCTOR_REGISTRY_SECONDS = 5 };
