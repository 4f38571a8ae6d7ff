/* Forwarding of the host's kernel: on where it is needed, and no sooner. networking/ip-sysctl.rst */
#include "network/bridge.h"

#include "base/log.h"
#include "base/strv.h"
#include "sys/dir.h"
#include "sys/fd.h"

#include <dirent.h>
#include <fcntl.h>

#define INTERFACES6 "/proc/sys/net/ipv6/conf"

int network_sysctl_write(const char *file, const char *text)
{
    _cleanup_free_ char *path = str_printf("/proc/sys/%s", file);

    return fd_write_text(AT_FDCWD, path, text);
}

/* The first byte of a file; 0 where there is none. */
static char look(int dirfd, const char *path)
{
    _cleanup_fd_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    char c;

    return fd >= 0 && read(fd, &c, 1) == 1 ? c : 0;
}

bool network_bridges_are_filtered(void)
{
    return look(AT_FDCWD, "/proc/sys/net/bridge/bridge-nf-call-iptables") == '1';
}

/* A host that forwards no longer learns its routes from routers, unless an interface is told to do so all the same:
 * those that did go on. Ports of bridges never do, and "all" and "default" are no interfaces. */
static void keep_router_advertisements(void)
{
    _cleanup_fd_ int all = open(INTERFACES6, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_strv_ char **names = NULL;

    if (all < 0 || dir_names(all, &names) < 0)
        return;
    STRV_FOREACH (name, names) {
        _cleanup_free_ char *path = str_printf("%s/accept_ra", *name);
        _cleanup_free_ char *port = str_printf("/sys/class/net/%s/brport", *name);

        if (str_eq(*name, "all") || str_eq(*name, "default") || str_eq(*name, "lo") || look(all, path) != '1' ||
            access(port, F_OK) == 0)
            continue;
        if (fd_write_text(all, path, "2") < 0)
            log_warning("%s no longer learns routes from IPv6 routers, since the host forwards", *name);
    }
}

static const struct {
    uint16_t family;
    const char *file;
    void (*before)(void);
} switches[] = {
    {AF_INET, "net/ipv4/ip_forward", NULL},
    {AF_INET6, "net/ipv6/conf/all/forwarding", keep_router_advertisements},
};

int network_forward(uint16_t family, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(switches); i++) {
        _cleanup_free_ char *path = str_printf("/proc/sys/%s", switches[i].file);
        int r;

        if (switches[i].family != family || look(AT_FDCWD, path) == '1')
            continue;
        if (switches[i].before)
            switches[i].before();
        r = network_sysctl_write(switches[i].file, "1");
        if (r < 0)
            return err_errno(err, -r, "switching forwarding on: %s", path);
    }
    return 0;
}
