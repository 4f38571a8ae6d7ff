/* What a runtime says of a container: to `state`, and to hooks on their standard input. OCI runtime specification 1.3,
 * runtime.md, "State"; the last three members are what runc adds to it, and what its callers read. Plain data.
 */
#pragma once

#include "json/json.h"

struct oci_state {
    char *version; /* "1.3.0" */
    char *id;
    int64_t pid;   /* as the runtime sees it; 0 where there is no process */
    char *status;  /* "creating", "created", "running", "paused", "stopped" */
    char *bundle;  /* absolute */
    char *rootfs;  /* absolute */
    char *created; /* RFC 3339 */
    char **annotations;
    char *owner; /* a name */
};

extern const struct json_type oci_state_type;

void oci_state_release(struct oci_state *state);
#define _cleanup_state_ _cleanup_(oci_state_release)
