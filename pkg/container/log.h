/* What a container wrote, whatever driver keeps it. */
#pragma once

#include "container/container.h"
#include "logging/logging.h"

/* Completes what was said of a container's log by what the configuration says, and by Docker's default; checks both.
 * As logging_check(). */
int container_decide_log(const struct config *config, struct engine_log_config *log, struct err *err);

/* logging_read() of a container's log, by its id. ERR_NOT_FOUND, and as there. */
int container_read_log(struct store *s, const char *id, const struct logging_query *query,
                       int (*take)(const struct logging_entry *entry, void *data), void *data, struct err *err);
