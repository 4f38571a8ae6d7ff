#include "container/etc.h"

#include "sys/fd.h"

#include <fcntl.h>
#include <sys/stat.h>

int container_write_file(int dir, const char *name, mode_t mode, const char *text, size_t len, struct err *err)
{
    _cleanup_fd_ int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    int r = fd < 0 ? -errno : fd_write_all(fd, text, len);

    if (r == 0 && fchmod(fd, mode) < 0)
        r = -errno;
    return r < 0 ? err_errno(err, -r, "writing %s", name) : 0;
}

/* Those that speak of networks are written at each start (monitor/names.h), in the places that they get here. */
int container_write_etc(int dir, const struct engine_options *o, struct err *err)
{
    _cleanup_free_ char *hostname = str_printf("%s\n", o->config.hostname);
    int r = container_write_file(dir, "hostname", 0644, hostname, strlen(hostname), err);

    if (r == 0)
        r = container_write_file(dir, "hosts", 0644, "", 0, err);
    return r < 0 ? r : container_write_file(dir, "resolv.conf", 0644, "", 0, err);
}
