/* Owner, mode and extended attributes of one member. */
#pragma once

#include "layer/tar.h"

/* Sets what differs from `m`: owner, then mode, since a change of owner clears set-user-ID bits, then attributes, since
 * both clear file capabilities. The object is `fd` itself where `name` is NULL, else `name` below `fd`, not followed
 * if it is a link. `ret_xattrs` gets the digest of the attributes as the manifest has it where `m` has any.
 *
 * Attributes that overlayfs itself reads are never set; those that the file system or the missing privilege does not
 * allow are left out, as Docker does. */
int attributes_set(int fd, const char *name, const struct tar_member *m, char *ret_xattrs, struct err *err);
