/* The sockets in the container's namespace. */
#include "base/log.h"
#include "network/attach.h"
#include "network/dns_internal.h"
#include "network/dns_redirect.h"
#include "sys/fd.h"

#include <arpa/inet.h>

enum { OURS = 0x7f00000b /* 127.0.0.11 */, PORT = 53, BACKLOG = 32 };

/* Port 0: one that the kernel draws; it is written back. */
static int open_socket(int type, uint16_t *port, int *ret_fd, struct err *err)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(OURS), .sin_port = htons(*port)};
    socklen_t len = sizeof(a);
    _cleanup_fd_ int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = type == SOCK_STREAM; /* connections that are at their end may still have the port */

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        bind(fd, (struct sockaddr *)&a, len) < 0 || (type == SOCK_STREAM && listen(fd, BACKLOG) < 0) ||
        getsockname(fd, (struct sockaddr *)&a, &len) < 0)
        return err_errno(err, errno, "127.0.0.11:%u", *port);
    *port = ntohs(a.sin_port);
    *ret_fd = steal_fd(&fd);
    return 0;
}

static int open_both(struct dns *d, uint16_t *udp, uint16_t *tcp, struct err *err)
{
    int r = open_socket(SOCK_DGRAM, udp, &d->udp.fd, err);

    return r < 0 ? r : open_socket(SOCK_STREAM, tcp, &d->listener.fd, err);
}

/* Where the kernel cannot lead the port elsewhere the sockets have it themselves: then a server of names that listens
 * on all addresses of the container finds it taken. */
static int open_inside(void *data, struct err *err)
{
    struct dns *d = data;
    uint16_t udp = 0, tcp = 0;
    int r = open_both(d, &udp, &tcp, err);

    if (r < 0)
        return r;
    r = dns_redirect(PORT, udp, tcp);
    if (r == 0)
        return 0;
    log_debug("no rules for names, so port 53 of 127.0.0.11 is taken: %s", strerror(-r));
    d->udp.fd = fd_close(d->udp.fd);
    d->listener.fd = fd_close(d->listener.fd);
    udp = tcp = PORT;
    return open_both(d, &udp, &tcp, err);
}

int dns_sockets_open(struct dns *d, struct err *err)
{
    return network_namespace_within(d->ns, open_inside, d, err);
}
