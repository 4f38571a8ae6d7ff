/* What the files of the health check share. */
#pragma once

#include "monitor/health.h"

char *health_path(const char *state, const char *id);
void health_write(const char *state, const char *id, const struct health_state *s);
int64_t health_timeout(const struct oci_healthcheck *check);
void health_state_begin(struct health_state *s);
bool health_state_end(struct health_state *s);

/* One probe, run to its end in the calling process, which is there for nothing else. The result's output is the
 * caller's. */
void health_probe(const struct health *h, struct health_result *ret);

/* A result between two of our processes. */
struct health_answer {
    int64_t start, end;
    int64_t exit_code;
    char output[3 * HEALTH_OUTPUT_MAX + 512]; /* as text, with what is said of it; ends with a 0 */
};
