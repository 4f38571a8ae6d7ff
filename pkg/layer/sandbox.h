/* Less power for the process that decompresses and unpacks foreign bytes. */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* To be called in a freshly forked, single-threaded process after layer_open_libraries().
 *
 * - Closes all descriptors but 0, 1, 2, `*tree_fd`, `*view_fd` and `keep`, none of which may be a directory.
 * - Replaces `*tree_fd` by another view of the same directory, on which no device opens and nothing executes, and makes
 *   it the root directory: no other path of the host can be named any more.
 * - Replaces `*view_fd` (NULL: there is none), a second directory that is for reading, in the same way; nothing can be
 *   written there, and no `..` leads out of it.
 * - Gives up all capabilities except those that writing a layer takes. Unless `user_xattr`, CAP_SYS_ADMIN is one of
 *   them, since attributes trusted.* need it.
 * - Forbids the system calls that all of this is worthless against: mounting, tracing, executing, sockets, namespaces,
 *   signals to others.
 * - Sets no_new_privs, and a limit to the memory that can be used on top of what is.
 *
 * Works without privileges too, as far as the kernel lets it: what is not possible is left out with a debug line. An
 * error is only what must not be left out silently: having a capability and failing to give it up. */
int layer_sandbox_enter(int *tree_fd, int *view_fd, const int *keep, size_t n_keep, bool user_xattr, struct err *err);
