/* Changing what a container may use, and when it is started again, while it runs or not. */
#pragma once

#include "oci/engine.h"
#include "store/store.h"

/* What is to change; what is 0, empty or NULL stays as it is. Only what `docker update` can change is looked at. */
struct container_change {
    const struct engine_host_config *limits;
    const struct engine_restart_policy *restart; /* NULL: stays */
};

/* Changes it: on disk, and for one that runs in its cgroup as well, where either all is in effect or nothing.
 * ERR_INVALID in Docker's words. */
int container_update(struct store *s, const char *name, const struct container_change *change, struct err *err);

/* The options with the change in them, by Docker's rules; for the above. ERR_INVALID. */
struct bundle_machine;
int container_change_options(const struct container_change *change, const struct bundle_machine *machine,
                             struct engine_host_config *h, struct err *err);
