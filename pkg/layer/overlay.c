#include "layer/overlay.h"

#include "sys/copy_tree.h"
#include "sys/fd.h"

#include <stdio.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

static bool has_mark(int fd, const char *what, const char *wanted)
{
    static const char *const prefixes[] = {"trusted", "user"};
    char name[40], value[2];

    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
        ssize_t n;

        snprintf(name, sizeof(name), "%s.overlay.%s", prefixes[i], what);
        n = fgetxattr(fd, name, value, sizeof(value));
        if (wanted ? n == 1 && *value == *wanted : n >= 0)
            return true;
    }
    return false;
}

bool layer_overlay_whiteout(int dir, const char *name, const struct stat *st)
{
    _cleanup_fd_ int fd = -1;

    if (S_ISCHR(st->st_mode))
        return st->st_rdev == makedev(0, 0);
    if (!S_ISREG(st->st_mode) || st->st_size)
        return false;
    fd = copy_open_file(dir, name);
    return fd >= 0 && has_mark(fd, "whiteout", NULL);
}

bool layer_overlay_opaque(int dir)
{
    return has_mark(dir, "opaque", "y");
}
