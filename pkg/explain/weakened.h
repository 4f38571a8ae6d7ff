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
