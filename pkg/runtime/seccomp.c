#include "runtime/seccomp.h"

#include "runtime/seccomp_internal.h"
#include "sys/fd.h"

#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#ifndef SECCOMP_FILTER_FLAG_NEW_LISTENER
#define SECCOMP_FILTER_FLAG_NEW_LISTENER (1UL << 3)
#endif

void seccomp_filter_release(struct seccomp_filter *filter)
{
    free(filter->program.v);
    *filter = (struct seccomp_filter){0};
}

int seccomp_filter_make(const struct oci_seccomp *profile, const char *cache, struct seccomp_filter *ret,
                        struct err *err)
{
    _cleanup_buf_ struct buf key = BUF_INIT;
    const char *library = NULL;
    int r;

    if (cache) {
        seccomp_cache_key(profile, &key);
        if (seccomp_cache_read(cache, &key, ret) == 0)
            return 0;
    }
    r = seccomp_compile(profile, false, ret, &library, err);
    if (r == 0 && cache)
        seccomp_cache_write(cache, &key, ret, library);
    return r;
}

int seccomp_filter_load(const struct seccomp_filter *filter, int *ret_listener)
{
    struct sock_fprog program = {(unsigned short)filter->program.n, filter->program.v};
    unsigned flags = filter->flags | (filter->notifies ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0);
    long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);

    *ret_listener = -1;
    if (r < 0 && errno == ENOSYS && !flags) /* before 3.17 */
        r = prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
    if (r < 0)
        return -errno;
    if (filter->notifies)
        *ret_listener = (int)r;
    return 0;
}

void seccomp_listener_state(const struct oci_seccomp *profile, const struct oci_state *state, struct buf *ret)
{
    buf_addf(ret, "{\"ociVersion\":\"%s\",\"fds\":[\"seccompFd\"],\"pid\":%lld,", OCI_SPEC_VERSION,
             (long long)state->pid);
    if (!str_empty(profile->listener_metadata)) {
        buf_adds(ret, "\"metadata\":");
        buf_add_json(ret, profile->listener_metadata);
        buf_addc(ret, ',');
    }
    buf_adds(ret, "\"state\":");
    json_dump(&oci_state_type, state, false, ret);
    buf_addc(ret, '}');
}

/* The first part takes the descriptor along; what is left of a long document follows. */
static int send_with_fd(int socket, const char *text, size_t len, int fd)
{
    char control[CMSG_SPACE(sizeof(fd))] = {0};
    struct iovec part = {(void *)text, len};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);

    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(fd));
    memcpy(CMSG_DATA(head), &fd, sizeof(fd));
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

int seccomp_listener_send(const char *path, int listener, const void *text, size_t len, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    _cleanup_fd_ int fd = -1;
    int r;

    if (strlen(path) >= sizeof(address.sun_path))
        return err_set(err, ERR_INVALID, "linux.seccomp.listenerPath: \"%s\" is too long for a socket", path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    r = fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
    if (r == 0)
        r = send_with_fd(fd, text, len, listener);
    return r < 0 ? err_errno(err, -r, "linux.seccomp.listenerPath: %s", path) : 0;
}
