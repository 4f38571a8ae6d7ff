#include "container/etc.h"

#include "bundle/bundle.h"
#include "bundle/etc.h"
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

/* One that is not there is an empty one. */
static int read_host_file(const char *path, struct buf *text, struct err *err)
{
    _cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    return fd < 0 ? 0 : fd_read_rest(fd, path, text, err);
}

/* Those that speak of networks are written at each start (monitor/names.h); here they get what is known before. */
int container_write_etc(int dir, const struct engine_options *o, struct err *err)
{
    _cleanup_free_ char *hostname = str_printf("%s\n", o->config.hostname), *hosts = NULL, *resolv_conf = NULL;
    _cleanup_buf_ struct buf host_hosts = BUF_INIT_MAX(RESOLV_CONF_MAX), host_servers = BUF_INIT_MAX(RESOLV_CONF_MAX);
    bool shared = bundle_host_network(o);
    int r = container_write_file(dir, "hostname", 0644, hostname, strlen(hostname), err);

    if (r == 0)
        r = shared ? read_host_file("/etc/hosts", &host_hosts, err) : 0;
    if (r == 0)
        r = read_host_file(RESOLV_CONF, &host_servers, err);
    if (r < 0)
        return r;
    hosts = bundle_hosts(o, shared ? buf_str(&host_hosts) : NULL, NULL, NULL);
    resolv_conf = bundle_resolv_conf_host(&o->host, buf_str(&host_servers));
    r = container_write_file(dir, "hosts", 0644, hosts, strlen(hosts), err);
    return r < 0 ? r : container_write_file(dir, "resolv.conf", 0644, resolv_conf, strlen(resolv_conf), err);
}
