#include "container/etc.h"

#include "sys/fd.h"

#include <fcntl.h>
#include <sys/stat.h>

/* Every user inside reads it, whatever the umask. */
static int write_new(int dir, const char *name, const char *text, struct err *err)
{
    _cleanup_fd_ int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    int r = fd < 0 ? -errno : fd_write_all(fd, text, strlen(text));

    if (r == 0 && fchmod(fd, 0644) < 0)
        r = -errno;
    return r < 0 ? err_errno(err, -r, "writing %s", name) : 0;
}

/* Those that speak of networks are written at each start (monitor/names.h), in the places that they get here. */
int container_write_etc(int dir, const struct engine_options *o, struct err *err)
{
    _cleanup_free_ char *hostname = str_printf("%s\n", o->config.hostname);
    int r = write_new(dir, "hostname", hostname, err);

    if (r == 0)
        r = write_new(dir, "hosts", "", err);
    return r < 0 ? r : write_new(dir, "resolv.conf", "", err);
}
