#include "sys/dir.h"

#include "base/strv.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>

DIR *dir_open(int dirfd, const char *name)
{
    int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);

    if (!d)
        fd_close(fd);
    return d;
}

int dir_names(int dirfd, char ***names)
{
    _cleanup_dir_ DIR *d = dir_open(dirfd, ".");
    size_t n = strv_len(*names);
    const struct dirent *e;

    if (!d)
        return -errno;
    while ((errno = 0, e = readdir(d)))
        if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, ".."))
            strv_take_at(names, n++, str_dup(e->d_name));
    return -errno;
}
