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
    r = seccomp_compile(profile, ret, &library, err);
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

/* The first byte takes the descriptor along; what is left of a long document follows. */
static int send_with_fd(int socket, const struct buf *text, int fd)
{
    char control[CMSG_SPACE(sizeof(fd))] = {0};
    struct iovec part = {text->p, text->len};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    ssize_t n;

    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(fd));
    memcpy(CMSG_DATA(head), &fd, sizeof(fd));
    do
        n = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    while ((size_t)n < text->len) {
        ssize_t more = send(socket, text->p + n, text->len - (size_t)n, MSG_NOSIGNAL);

        if (more < 0 && errno != EINTR)
            return -errno;
        n += more > 0 ? more : 0;
    }
    return 0;
}

int seccomp_listener_send(const struct oci_seccomp *profile, int listener, pid_t pid, const char *state,
                          struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    _cleanup_buf_ struct buf text = BUF_INIT;
    _cleanup_fd_ int fd = -1;
    int r;

    if (strlen(profile->listener_path) >= sizeof(address.sun_path))
        return err_set(err, ERR_INVALID, "linux.seccomp.listenerPath: \"%s\" is too long for a socket",
                       profile->listener_path);
    memcpy(address.sun_path, profile->listener_path, strlen(profile->listener_path) + 1);
    buf_addf(&text, "{\"ociVersion\":\"%s\",\"fds\":[\"seccompFd\"],\"pid\":%d,", OCI_SPEC_VERSION, (int)pid);
    if (!str_empty(profile->listener_metadata)) {
        buf_adds(&text, "\"metadata\":");
        buf_add_json(&text, profile->listener_metadata);
        buf_addc(&text, ',');
    }
    buf_addf(&text, "\"state\":%s}", state);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    r = fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
    if (r == 0)
        r = send_with_fd(fd, &text, listener);
    return r < 0 ? err_errno(err, -r, "linux.seccomp.listenerPath: %s", profile->listener_path) : 0;
}
