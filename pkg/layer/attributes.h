/* Owner, mode and extended attributes of one member. */
#pragma once

#include "layer/tar.h"

#include <stdbool.h>

/* Sets what differs from `m`: owner, then mode, since a change of owner clears set-user-ID bits, then attributes, since
 * both clear file capabilities. The object is `fd` itself where `name` is NULL, else `name` below `fd`, not followed
 * if it is a link. `ret_xattrs` gets the digest of the attributes as the manifest has it where `m` has any.
 *
 * Attributes that overlayfs itself reads are never set; those that the file system or the missing privilege does not
 * allow are left out, as Docker does. */
int attributes_set(int fd, const char *name, const struct tar_member *m, char *ret_xattrs, struct err *err);

/* Whether an attribute means something on another machine too, so that a layer has it: file capabilities, access
 * control lists and user.*. */
bool attributes_meaningful(const char *name);

/* The meaningful ones of a file, sorted by name, at most TAR_XATTRS_MAX. */
struct attributes {
    struct tar_xattr list[TAR_XATTRS_MAX];
    size_t n;
};
void attributes_read(int fd, struct attributes *ret);
void attributes_release(struct attributes *a);

/* Whether two files have the same ones. */
bool attributes_equal(int a, int b);

/* Takes them away. */
void attributes_remove(int fd);

/* As the manifest has it (layer/manifest.h); "" where `m` has none. `ret` has DIGEST_HEX_MAX + 1 bytes. */
int attributes_digest(const struct tar_member *m, char *ret, struct err *err);
