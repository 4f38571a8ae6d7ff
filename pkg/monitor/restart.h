/* Whether a program that ended is started again, and when: Docker's restart policies. Plain data. */
#pragma once

#include "oci/engine.h"

#include <stdbool.h>

struct restart_end {
    int code;
    int64_t ran;  /* ns */
    bool stopped; /* by the user */
};

struct restart_state {
    int64_t pause; /* before the next start, ns; 0 in the beginning */
    int64_t count; /* of restarts since the user started it */
};

/* Decides, and counts. The pause is 100 ms and doubles each time up to a minute; after 10 s of running it begins anew.
 */
bool restart_decide(const struct engine_restart_policy *policy, const struct restart_end *end,
                    struct restart_state *state);

/* Whether a container that does not run since the machine was started is to be: `stopped` by the user before. */
bool restart_after_boot(const struct engine_restart_policy *policy, bool stopped);
