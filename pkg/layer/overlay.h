/* What an upper directory of overlayfs says of what lies below it, whoever made it: the kernel marks with trusted.*, or
 * with user.* in a user namespace. Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories".
 */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

/* Whether the directory, opened for reading, hides what is below it. */
bool layer_overlay_opaque(int dir);

/* Whether `name`, whose status is `st`, only says that there is none. */
bool layer_overlay_whiteout(int dir, const char *name, const struct stat *st);
