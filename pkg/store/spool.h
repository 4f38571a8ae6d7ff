/* Files for bytes on their way, without a name: what is not needed any more, or was left by a process that was killed,
 * is gone by itself. */
#pragma once

#include "store/store.h"

/* An empty file on the store's disk, for reading and writing; the caller closes it. */
int store_spool_open(struct store *s, int *ret_fd, struct err *err);
