/* How a container is, in the words of `ps`. */
#pragma once

#include "store/container.h"

/* "Up 5 minutes (healthy)", "Exited (0) 3 seconds ago", …, as Docker says it; `now`: time.h. The caller frees it. */
char *container_status(const struct store_container_record *record, int64_t now);
