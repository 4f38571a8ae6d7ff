#include "sys/frame.h"

#include "sys/fd.h"

#include <stdbool.h>
#include <sys/socket.h>

int frame_pair(int ret[2])
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret) < 0 ? -errno : 0;
}

/* By send(2), which a confined process may call: with descriptors it would not be one. */
static ssize_t send_bytes(int fd, uint32_t type, const void *data, size_t len)
{
    char whole[sizeof(type) + FRAME_MAX];

    memcpy(whole, &type, sizeof(type));
    if (len)
        memcpy(whole + sizeof(type), data, len);
    return send(fd, whole, sizeof(type) + len, MSG_NOSIGNAL);
}

static ssize_t send_with_fds(int fd, uint32_t type, const void *data, size_t len, const int *fds, size_t n_fds)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(FRAME_FDS_MAX * sizeof(int))];
    } control = {0};
    struct iovec parts[2] = {{&type, sizeof(type)}, {(void *)data, len}};
    struct msghdr message = {.msg_iov = parts,
                             .msg_iovlen = 2,
                             .msg_control = control.bytes,
                             .msg_controllen = CMSG_SPACE(n_fds * sizeof(int))};

    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(n_fds * sizeof(int));
    memcpy(CMSG_DATA(&control.header), fds, n_fds * sizeof(int));
    return sendmsg(fd, &message, MSG_NOSIGNAL);
}

int frame_send(int fd, uint32_t type, const void *data, size_t len, const int *fds, size_t n_fds)
{
    if (len > FRAME_MAX || n_fds > FRAME_FDS_MAX)
        return -EMSGSIZE;
    while ((n_fds ? send_with_fds(fd, type, data, len, fds, n_fds) : send_bytes(fd, type, data, len)) < 0)
        if (errno != EINTR)
            return -errno;
    return 0;
}

static void take_fds(struct msghdr *message, struct frame *ret)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i < n && ret->n_fds < FRAME_FDS_MAX; i++)
            memcpy(&ret->fds[ret->n_fds++], CMSG_DATA(c) + i * sizeof(int), sizeof(int));
    }
}

int frame_receive(int fd, struct frame *ret)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(FRAME_FDS_MAX * sizeof(int))];
    } control;
    struct iovec parts[2] = {{&ret->type, sizeof(ret->type)}, {ret->data, sizeof(ret->data)}};
    struct msghdr message = {
        .msg_iov = parts, .msg_iovlen = 2, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)};
    bool reset = false;
    ssize_t n = 0;

    ret->type = ret->len = 0;
    ret->n_fds = 0;
    for (size_t i = 0; i < FRAME_FDS_MAX; i++)
        ret->fds[i] = -1;
    do {
        /* An other end that went away with unread messages of ours says so once, before its own last ones are read. */
        reset = reset || (n < 0 && errno == ECONNRESET);
        n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    } while (n < 0 && (errno == EINTR || (errno == ECONNRESET && !reset)));
    if (n < 0)
        return errno == ECONNRESET ? 0 : -errno;
    if (n == 0)
        return 0;
    take_fds(&message, ret);
    if ((size_t)n < sizeof(ret->type) || message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
        frame_release(ret);
        return -EBADMSG;
    }
    ret->len = (uint32_t)((size_t)n - sizeof(ret->type));
    return 1;
}

void frame_release(struct frame *f)
{
    for (size_t i = 0; i < f->n_fds; i++)
        f->fds[i] = fd_close(f->fds[i]);
    f->n_fds = 0;
}

int frame_send_error(int fd, uint32_t type, const struct err *err)
{
    return frame_send(fd, type, err, sizeof(*err), NULL, 0);
}

int frame_take_error(const struct frame *f, struct err *err)
{
    struct err got;

    if (f->len != sizeof(got))
        return err_set(err, ERR_INTERNAL, "an error of %u bytes arrived", f->len);
    memcpy(&got, f->data, sizeof(got));
    if (got.kind >= 0)
        got.kind = ERR_INTERNAL;
    /* Its sender may have been taken over: the texts need not end, nor be fit for a terminal. */
    got.text[sizeof(got.text) - 1] = got.hint[sizeof(got.hint) - 1] = 0;
    if (err)
        *err = ERR_INIT;
    err_set(err, got.kind, "%s", got.text);
    if (*got.hint)
        err_hint(err, "%s", got.hint);
    return got.kind;
}
