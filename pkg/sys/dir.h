/* Directories as streams of names. */
#pragma once

#include <dirent.h>

/* Opens `name` below `dirfd` for reading, and no link; "." for `dirfd` itself, which is left as it is. NULL, with
 * errno.
 */
DIR *dir_open(int dirfd, const char *name);

static inline void dir_close(DIR **d)
{
    if (*d)
        closedir(*d);
}
#define _cleanup_dir_ _cleanup_(dir_close)

/* Appends the names of all that is in it, but "." and "..", in no order. 0 or -errno. */
int dir_names(int dirfd, char ***names);
