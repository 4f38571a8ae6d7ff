/* Less power for the process that decompresses and unpacks foreign bytes. */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* To be called in a freshly forked, single-threaded process after layer_open_libraries(). Closes all descriptors but
 * 0, 1, 2, `*tree_fd` and `keep`; replaces `*tree_fd` by a view of the same directory on which devices do not open and
 * nothing executes, and makes it the root directory, so that no other path of the host can be named; gives up all
 * capabilities except those that writing a layer takes (CAP_SYS_ADMIN stays among them unless `user_xattr`, since
 * trusted.* attributes need it; a filter forbids what else it is good for); sets no_new_privs and a limit on memory.
 * Steps that the kernel or the missing privilege does not allow are left out (debug log), except that a failing
 * reduction of capabilities is an error. The directory is known to the process by `*tree_fd` alone afterwards. */
int layer_sandbox_enter(int *tree_fd, const int *keep, size_t n_keep, bool user_xattr, struct err *err);
