/* Attributes of processes that few have: from the words of a specification to what system calls take. Only for
 * runtime/. Ranges were checked with the specification (oci/spec.h); a word that has no number here is ERR_INVALID,
 * which names the field. OCI runtime specification, config.md, "Linux Process"; config-linux.md, "Memory policy",
 * "Personality".
 */
#pragma once

#include "base/err.h"
#include "oci/spec.h"

#include <stdint.h>

enum { ATTRIBUTE_BITS = 8192, ATTRIBUTE_WORD = 8 * sizeof(unsigned long) };

/* Processors or memory nodes. */
struct attribute_set {
    unsigned long bits[ATTRIBUTE_BITS / ATTRIBUTE_WORD];
    unsigned n; /* how many are in it */
};

/* "0-3,7"; `field` names it in errors. */
int attribute_set_parse(const char *list, const char *field, struct attribute_set *ret, struct err *err);

/* struct sched_attr, which some C libraries have and others have not: sched_setattr(2). */
struct attribute_scheduler {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
    uint32_t util_min, util_max;
};

int attribute_scheduler(const struct oci_scheduler *s, struct attribute_scheduler *ret, struct err *err);

/* The third argument of ioprio_set(2). */
int attribute_io_priority(const struct oci_io_priority *p, int *ret, struct err *err);

/* The first two arguments of set_mempolicy(2). */
int attribute_memory_policy(const struct oci_memory_policy *p, int *ret_mode, struct attribute_set *ret,
                            struct err *err);

/* The argument of personality(2). */
int attribute_personality(const struct oci_personality *p, unsigned long *ret, struct err *err);
