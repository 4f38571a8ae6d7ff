/* Where a monitor listens: <state>/monitor/ID. */
#pragma once

#include "store/store.h"

/* Makes it, listening, close-on-exec, in the place of one that was left; nobody but our user can connect. ERR_IO. */
int monitor_socket_make(struct store *s, const char *id, int *ret_fd, struct err *err);
