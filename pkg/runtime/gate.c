#include "runtime/gate.h"

#include "runtime/runtime.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static const char socket_name[] = "start", early_name[] = "start.new", lock_name[] = "waiting";

/* The name of a socket has to be short, and the directory's can be long. */
static struct sockaddr_un address_in(int dirfd, const char *name)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};

    snprintf(a.sun_path, sizeof(a.sun_path), "/proc/self/fd/%d/%s", dirfd, name);
    return a;
}

int gate_open(int dirfd, struct gate *ret, struct err *err)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct sockaddr_un a = address_in(dirfd, early_name);
    _cleanup_gate_ struct gate g = GATE_NONE;

    g.lock = openat(dirfd, lock_name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (g.lock < 0 || fcntl(g.lock, F_OFD_SETLK, &lock) < 0)
        return err_errno(err, errno, "%s", lock_name);
    g.listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (g.listener < 0 || bind(g.listener, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(g.listener, 1) < 0)
        return err_errno(err, errno, "%s", socket_name);
    *ret = g;
    g = GATE_NONE;
    return 0;
}

int gate_ready(int dirfd, struct err *err)
{
    return renameat(dirfd, early_name, dirfd, socket_name) < 0 ? err_errno(err, errno, "%s", socket_name) : 0;
}

void gate_release(struct gate *gate)
{
    gate->listener = fd_close(gate->listener);
    gate->lock = fd_close(gate->lock);
}

bool gate_is_closed(int dirfd, bool *ret_ready)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    _cleanup_fd_ int fd = openat(dirfd, lock_name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

    *ret_ready = faccessat(dirfd, socket_name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    return fd >= 0 && fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

int gate_wait(const struct gate *gate)
{
    int fd;

    do {
        fd = accept4(gate->listener, NULL, NULL, SOCK_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    return fd < 0 ? -errno : fd;
}

int gate_pass(int dirfd, struct err *err)
{
    struct sockaddr_un a = address_in(dirfd, socket_name);
    _cleanup_process_ struct runtime_process process = RUNTIME_PROCESS_INIT;
    int fd = process.sync = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return err_errno(err, errno, "socket");
    if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
        if (errno == ENOENT || errno == ECONNREFUSED)
            return err_set(err, ERR_INVALID, "nothing waits to be started");
        return err_errno(err, errno, "connecting to the container's process");
    }
    return runtime_await(&process, err);
}

void gate_remove(int dirfd)
{
    unlinkat(dirfd, socket_name, 0);
    unlinkat(dirfd, early_name, 0);
    unlinkat(dirfd, lock_name, 0);
}
