/* Forwarding of the host's kernel: on where it is needed, and no sooner. Whether cbox did it is written down: then the
 * rules see to it that the host does not forward for others what it did not before. networking/ip-sysctl.rst */
#include "network/bridge.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/strv.h"
#include "sys/atomic.h"
#include "sys/dir.h"
#include "sys/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

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

bool network_bridges_are_filtered(uint16_t family)
{
    return look(AT_FDCWD, family == AF_INET ? "/proc/sys/net/bridge/bridge-nf-call-iptables"
                                            : "/proc/sys/net/bridge/bridge-nf-call-ip6tables") == '1';
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

/* ---- who did it ---- */

/*     <state>/networks/forwards     the namespace, and 4, 6 or both: what cbox has switched on itself */
#define NOTE "networks/forwards"

static char *own_namespace(void)
{
    struct stat st;

    return stat("/proc/thread-self/ns/net", &st) == 0 ? str_printf("%ju", (uintmax_t)st.st_ino) : str_dup("");
}

unsigned network_forwards(struct store *s)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(64);
    _cleanup_free_ char *ns = own_namespace();
    const char *families;
    int state;

    if (store_dir(s, STORE_STATE, &state, NULL) < 0 || fd_read_file(state, NOTE, &text, NULL) < 0)
        return 0;
    families = str_after(buf_str(&text), ns);
    if (!families || *families != ' ')
        return 0;
    return (strchr(families, '4') ? NETWORK_FORWARDS4 : 0) | (strchr(families, '6') ? NETWORK_FORWARDS6 : 0);
}

/* Before it is done: whoever is killed in between does it the next time. */
static int note(struct store *s, uint16_t family, struct err *err)
{
    unsigned known = network_forwards(s) | (family == AF_INET ? NETWORK_FORWARDS4 : NETWORK_FORWARDS6);
    _cleanup_free_ char *ns = own_namespace(), *text = NULL;
    int state, r = store_dir(s, STORE_STATE, &state, err);

    if (r == 0 && mkdirat(state, "networks", 0755) < 0 && errno != EEXIST)
        r = err_errno(err, errno, "%s/networks", store_state_path(s));
    if (r < 0)
        return r;
    text = str_printf("%s %s%s\n", ns, known & NETWORK_FORWARDS4 ? "4" : "", known & NETWORK_FORWARDS6 ? "6" : "");
    return atomic_write(state, NOTE, text, strlen(text), 0644, ATOMIC_VOLATILE, err);
}

int network_forward(struct store *s, uint16_t family, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(switches); i++) {
        _cleanup_free_ char *path = str_printf("/proc/sys/%s", switches[i].file);
        int r;

        if (switches[i].family != family || look(AT_FDCWD, path) == '1')
            continue;
        r = note(s, family, err);
        if (r < 0)
            return r;
        if (switches[i].before)
            switches[i].before();
        r = network_sysctl_write(switches[i].file, "1");
        if (r < 0)
            return err_errno(err, -r, "switching forwarding on: %s", path);
    }
    return 0;
}
