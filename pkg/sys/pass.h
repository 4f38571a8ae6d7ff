/* A descriptor for another program, which listens on a socket of the file system. unix(7), SCM_RIGHTS. */
#pragma once

#include "base/err.h"

/* Connects to the stream socket `path` and sends `len` bytes, at least one, with a copy of `fd` beside the first.
 * `what` names the socket in errors. ERR_INVALID for a path that no socket can have; ERR_NOT_FOUND and others where
 * nobody listens. */
int pass_fd(const char *what, const char *path, int fd, const void *data, size_t len, struct err *err);
