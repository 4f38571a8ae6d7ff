#include "sys/pass.h"

#include "sys/fd.h"

#include <sys/socket.h>
#include <sys/un.h>

/* The first part takes the descriptor along; what is left of long data follows. */
static int send_with_fd(int socket, const void *data, size_t len, int fd)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec part = {(void *)data, len};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)};

    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(fd));
    memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
    while (part.iov_len) {
        ssize_t n = sendmsg(socket, &message, MSG_NOSIGNAL);

        if (n < 0 && errno != EINTR)
            return -errno;
        if (n <= 0)
            continue;
        part.iov_base = (char *)part.iov_base + n;
        part.iov_len -= (size_t)n;
        message.msg_control = NULL;
        message.msg_controllen = 0;
    }
    return 0;
}

int pass_fd(const char *what, const char *path, int fd, const void *data, size_t len, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    _cleanup_fd_ int to = -1;
    int r;

    if (strlen(path) >= sizeof(address.sun_path))
        return err_set(err, ERR_INVALID, "%s: \"%s\" is too long for a socket", what, path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    to = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    r = to < 0 || connect(to, (const struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
    if (r == 0)
        r = send_with_fd(to, data, len, fd);
    return r < 0 ? err_errno(err, -r, "%s: %s", what, path) : 0;
}
