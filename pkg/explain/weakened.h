/* What options took away from the walls of a container: decided by what is there, not by what was asked for. */
#pragma once

#include "explain/mountinfo.h"
#include "explain/spaces.h"
#include "explain/status.h"

/* What is known of its walls, however it came to be known. All is borrowed. */
struct explain_state {
    const struct explain_subject *subject; /* for sources */
    const struct explain_space *spaces;    /* EXPLAIN_SPACES */
    const struct explain_status *status;
    uint64_t usual, all; /* capabilities: of one without options, and those that any can have */
    const explain_mounts *mounts;
    char *const *masked, *const *closed; /* of /proc and /sys: what one without options cannot read, and not write */
    const char *root, *state;            /* cbox's own directories */
    char *const *devices;                /* that one without options cannot open: "/dev/fuse" */
    bool every_device;
    const char *device_source;
    bool unconfined; /* by AppArmor, which confines those without options */
};

/* Appends a fact for each, the most dangerous first. */
void explain_state_weakened(const struct explain_state *state, explain_facts *to);

/* The devices that it may open beyond the usual: by the filter of its control group (v1), or by the rules that the
 * filter was made of (v2, where it is a program that nobody can read). The caller frees the vector and `*ret_source`.
 */
int explain_devices_of(const struct explain_subject *subject, char ***ret, bool *ret_every, char **ret_source,
                       struct err *err);

/* "/dev/fuse", as the kernel calls it; its numbers where it has no such device now. The caller frees it. */
char *explain_device_name(char type, int32_t major, int32_t minor);
